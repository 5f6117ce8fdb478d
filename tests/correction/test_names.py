"""Names of no tool, and the one tool that they can mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction.folding import folded, words
from gateway.correction.names import candidates, joined
from gateway.correction.tables import DEFAULT

TOOLS = ("Bash", "Read", "WebSearch", "mcp__notes__add_page", "mcp__wiki__find_page")
AROUND = [
    "functions.{}",
    "default_api.{}",
    "default_api:{}",
    "tools/{}",
    "tool_{}",
    "{}_tool",
    "{}Tool",
    "{}:0",
    "functions.{}:12",
    "{}_1",
    "{}()",
    " {}\n",
    "{}<|channel|>commentary",
    "<|start|>{}",
    "{}<|args_begin|>",
    "{} <sep>",
    "`{}`",
    '"{}"',
    "to=functions.{}",
    "api:tool:{}:index:3",
    "{}{}",
]


def found(name: str, *tools: str) -> tuple[str, ...]:
    return candidates(name, tools or TOOLS, DEFAULT)


@given(st.sampled_from(TOOLS), st.sampled_from(AROUND))
def test_what_stands_around_a_name_says_nothing(tool: str, around: str) -> None:
    """Prefixes, counters, special tokens, quotes and repetition leave the tool itself."""
    assert found(around.replace("{}", tool)) == (tool,)


@given(st.text(max_size=12))
def test_no_name_is_too_strange(name: str) -> None:
    """Whatever is found is on offer."""
    assert set(found(name)) <= set(TOOLS)


@pytest.mark.parametrize(
    "name",
    [
        "mcp_notes_add_page",
        "notes.add_page",
        "notes__add_page",
        "notes-addPage",
        "mcp__notes__add-page",
        "mcp.notes.add_page",
        "add_page",
        "functions.mcp__notes__add_page",
    ],
)
def test_a_tool_of_a_server_is_known_by_less_than_its_whole_name(name: str) -> None:
    """The server's prefix is often lost or written otherwise."""
    assert found(name) == ("mcp__notes__add_page",)


def test_the_same_tool_of_two_servers_is_unclear() -> None:
    """Both are told, none is taken."""
    both = ("mcp__a__save", "mcp__b__save")
    assert found("save", *both) == both


def test_an_alias_needs_its_tool_among_the_offered() -> None:
    """And where it may stand for two, both are unclear."""
    assert found("run_shell_command") == ("Bash",)
    assert found("open_file") == ("Read",)
    assert found("run_shell_command", "Read") == ()
    assert found("search", "Grep", "WebSearch") == ("Grep", "WebSearch")
    assert found("search", "WebSearch", "mcp__mail__search") == ("mcp__mail__search", "WebSearch")


def test_another_name_is_not_taken_for_one_that_looks_like_it() -> None:
    """A letter more or less is another name."""
    for name in ("Rea", "Reads", "Bashful", "ReadWrite", "delete_page", "", "_", "x" * 1_000):
        assert found(name) == (), name


def test_names_in_a_row_are_taken_apart() -> None:
    """If there is one way to do so."""
    assert joined("ReadBash", TOOLS) == ("Read", "Bash")
    assert joined("readReadBASH", TOOLS) == ("Read", "Read", "Bash")
    assert joined("ReadX", TOOLS) == ()
    assert joined("Read", TOOLS) == ()
    assert joined("ABC", ("A", "AB", "BC", "C")) == ()


@given(st.text(max_size=20))
def test_folding_is_stable(name: str) -> None:
    """A folded name folds to itself."""
    assert folded(folded(name)) == folded(name)


def test_words_are_told_by_case_and_separators() -> None:
    """However the name is written."""
    for name in ("inProgress", "IN_PROGRESS", "in-progress", "In Progress"):
        assert words(name) == ("in", "progress")
    assert words("claude-3-5-haiku") == ("claude", "3", "5", "haiku")
