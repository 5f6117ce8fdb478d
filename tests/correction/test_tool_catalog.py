"""The catalog of a request's tools, and the matching of their names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import ToolCatalog, correct
from gateway.correction.folding import folded
from gateway.correction.names import matches

NAMES = st.text("aB_- .1", min_size=1, max_size=6)


def catalog(*names: str) -> ToolCatalog:
    return ToolCatalog([{"name": name, "input_schema": {"type": "object"}} for name in names])


@given(st.lists(NAMES, max_size=6), NAMES)
def test_a_name_is_found_only_if_nothing_else_could_be_meant(names: list[str], name: str) -> None:
    """The tool itself comes first; otherwise exactly one tool must have the same letters."""
    found = catalog(*names).candidates(name)
    same = [other for other in dict.fromkeys(names) if folded(other) == folded(name) != ""]
    if name in names:
        assert found == (name,)
    elif same:
        assert list(found) == same


@given(NAMES)
def test_folding_is_stable(name: str) -> None:
    """A folded name folds to itself, and matches the name it came from."""
    assert folded(folded(name)) == folded(name)
    assert matches(folded(name), (name,)) == ((name,) if folded(name) else ())


def test_case_and_separators_do_not_matter() -> None:
    """The spellings that models use for a name all lead to the tool."""
    tools = catalog("Write", "WebSearch", "mcp__github__list_issues")
    for name, tool in (
        ("write", "Write"),
        ("WRITE", "Write"),
        ("web_search", "WebSearch"),
        ("Web-Search", "WebSearch"),
        ("web search", "WebSearch"),
        ("mcp_github_listIssues", "mcp__github__list_issues"),
    ):
        assert correct(name, "{}", tools).name == tool


def test_two_candidates_are_no_match() -> None:
    """Which of two tools was meant is not guessed; the error names both."""
    correction = correct("web_search", "{}", catalog("WebSearch", "Web-Search"))
    assert (correction.status, correction.name) == ("invalid", "web_search")
    assert correction.errors == ("There is no tool 'web_search' (closest: WebSearch, Web-Search).",)


def test_a_name_of_separators_matches_nothing() -> None:
    """Names without a letter are not all the same name."""
    assert catalog("_").candidates("-") == ()


def test_an_unknown_tool_is_told_with_its_neighbours() -> None:
    """A person sees what was called, what was offered and no more of it than fits a line."""
    tools = catalog("Write", "Read", "WebFetch")
    assert correct("Writes", "{}", tools).errors == ("There is no tool 'Writes' (closest: Write).",)
    assert correct("frobnicate", "{}", tools).errors == (
        "There is no tool 'frobnicate' (3 were offered).",
    )
    assert len(correct("x" * 10_000, "{}", tools).errors[0]) < 120


def test_tools_that_the_server_runs_are_known_but_unchecked() -> None:
    """An entry without a schema is in the catalog; its calls go on as they came."""
    tools = ToolCatalog([{"type": "web_search_20250305", "name": "web_search"}])
    assert "web_search" in tools
    assert tools.names == ("web_search",)
    correction = correct("web_search", '{"query":', tools)
    assert (correction.status, correction.arguments) == ("unchecked", '{"query":')
    assert correction.errors == ("The tool web_search has no input_schema.",)
    assert correct("WebSearch", "{}", tools).name == "WebSearch"


def test_the_first_of_two_entries_counts() -> None:
    """A second definition of a tool, or an entry without a name, changes nothing."""
    tools = ToolCatalog(
        [
            {"name": "Read", "input_schema": {"required": ["a"]}},
            {"name": "Read", "input_schema": {}},
            {"input_schema": {}},
        ]
    )
    assert tools.names == ("Read",)
    assert correct("Read", "{}", tools).status == "invalid"
