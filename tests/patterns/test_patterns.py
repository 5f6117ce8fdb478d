"""Laws of user patterns: two engines, one meaning, and no pattern can stall the service."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import torn

from gateway.patterns import (
    BadPattern,
    Pattern,
    PatternTooSlow,
    compile_glob,
    compile_name_pattern,
    compile_regex,
)

names = st.text("abAB.-:/[]()^$+\\ \n{}|#é\x00", max_size=6)
globs = st.text("abAB.-:/[*?(^$+\\ {}|#é", max_size=6)
pieces = st.sampled_from(
    ["a", "b", "c", "[ab]", "a*", "b+?", "(a|b)", r"\w", r"\.", "x{2}", ".", r"\s"]
)
expressions = st.lists(pieces, min_size=1, max_size=4).map("".join)
subjects = st.text("abcx. \n", max_size=12)
replacements = st.text("ab-&$", max_size=4)


def glob_matches(glob: str, name: str) -> bool:
    """The meaning of a glob, spelled out one character at a time."""
    if not glob:
        return not name
    if glob[0] == "*":
        return any(glob_matches(glob[1:], name[at:]) for at in range(len(name) + 1))
    if not name or (glob[0] != "?" and glob[0].lower() != name[0].lower()):
        return False
    return glob_matches(glob[1:], name[1:])


@given(globs, names)
def test_globs(glob: str, name: str) -> None:
    """`*` is any text, `?` one character, the rest is itself in any case; the whole name counts."""
    assert compile_glob(glob).search(name) == glob_matches(glob, name)


@given(names)
def test_a_name_matches_itself(name: str) -> None:
    """A name without wildcards is a pattern for itself, and for nothing longer."""
    assert compile_glob(name).search(name)
    assert not compile_glob(name).search(name + "\n")
    assert not compile_glob(name).search("x" + name)


@given(expressions, subjects)
def test_searching(expression: str, text: str) -> None:
    """A regular expression finds what the standard library's finds."""
    assert compile_regex(expression).search(text) == bool(re.search(expression, text))


@given(expressions, subjects, replacements)
def test_replacing(expression: str, text: str, replacement: str) -> None:
    """Every occurrence is replaced, from left to right."""
    pattern = compile_regex(expression)
    assert pattern.is_linear
    if not re.search(expression, ""):
        assert pattern.replace(text, replacement) == re.sub(expression, replacement, text)


@given(st.sampled_from([r"(a)(b)?", r"(?P<x>a)b", "a", r"(\w)(\w)"]), subjects)
def test_both_engines_replace_alike(expression: str, text: str) -> None:
    """The fallback engine, which a look-ahead calls for, gives the same as the fast one."""
    fast, fallback = compile_regex(expression), compile_regex(f"(?=){expression}")
    assert (fast.is_linear, fallback.is_linear) == (True, False)
    assert fast.search(text) == fallback.search(text)
    for replacement in ("x", "", r"<\1>" if "(" in expression else "&"):
        assert fast.replace(text, replacement) == fallback.replace(text, replacement)


@given(torn)
def test_any_text(text: str) -> None:
    """Text with halves of surrogate pairs is searched and replaced like any other."""
    assert compile_regex("(?s:.)").search(text) == bool(text)
    assert compile_regex("[a-z]").replace(text, "") == re.sub("[a-z]", "", text)


@given(st.text("()[]{}|*+?\\ab1g<>^$.,:=!P", max_size=10), subjects)
def test_any_expression(expression: str, text: str) -> None:
    """Whatever stands in a config is a pattern that works, or a `BadPattern` at compile time."""
    try:
        pattern = compile_regex(expression)
    except BadPattern as error:
        assert str(error)
        return
    pattern.search(text)
    pattern.replace(text, "-")


@given(st.text(r"\12g<x>ntab.$&", max_size=10))
def test_any_replacement(replacement: str) -> None:
    """A replacement names groups that exist, or is refused; whatever else stands in it is itself."""
    pattern = compile_regex("(?P<x>b)")
    known = {r"\1": "b", r"\g<1>": "b", r"\g<x>": "b", r"\n": "\n", r"\t": "\t", "\\\\": "\\"}
    pieces = re.findall(r"\\(?:[0-9]{1,2}|g<\w+>|[nt\\])|(?s:.)", replacement)
    groups = {piece for piece in pieces if re.match(r"\\[0-9g].*", piece)}
    if groups <= known.keys() | {r"\g"}:
        pattern.check_replacement(replacement)
        expected = "".join(known.get(piece, piece) for piece in pieces)
        assert pattern.replace("abc", replacement) == f"a{expected}c"
        assert compile_regex("(?=)(?P<x>b)").replace("abc", replacement) == f"a{expected}c"
    else:
        with pytest.raises(BadPattern, match="no group"):
            pattern.check_replacement(replacement)


@pytest.mark.parametrize("source", ["(a+)+$", "(a|aa)+$", r"(.*)*x"])
def test_patterns_that_explode_elsewhere(source: str) -> None:
    """The classics of catastrophic backtracking run in linear time."""
    assert not compile_regex(source).search("a" * 50_000 + "!")


def test_patterns_that_need_the_fallback_are_limited() -> None:
    """What only the fallback can run is stopped, and the config is to blame, not the request."""
    pattern = compile_regex(r"(?=a)(a|aa)+$(?<!x)")
    assert not pattern.is_linear
    for run in (
        lambda: pattern.search("a" * 90 + "!"),
        lambda: pattern.replace("a" * 90 + "!", ""),
    ):
        with pytest.raises(PatternTooSlow, match=re.escape(pattern.source)) as caught:
            run()
        assert (caught.value.status, caught.value.type) == (500, "api_error")
        assert caught.value.headers == {"x-should-retry": "false"}


@pytest.mark.parametrize(
    ("source", "position"),
    [("a(b", 1), ("[a", None), ("*a", 0), ("((a{999}){999}){999}", None), ("(?P<1>a)", None)],
)
def test_what_is_no_pattern(source: str, position: int | None) -> None:
    """The error says what is wrong, and where inside the pattern if that is known."""
    with pytest.raises(BadPattern) as caught:
        compile_regex(source)
    if position is not None:
        assert caught.value.position is not None
        assert 0 <= caught.value.position <= len(source)


@pytest.mark.parametrize(
    ("replacement", "is_known"),
    [
        (r"\1", True),
        (r"\2", False),
        (r"\g<x>", True),
        (r"\g<y>", False),
        ("plain", True),
        (r"\0", True),
    ],
)
def test_groups_of_a_replacement(replacement: str, is_known: bool) -> None:
    """A replacement may only name groups that the pattern has."""
    pattern = compile_regex("(?P<x>a)")
    if is_known:
        pattern.check_replacement(replacement)
    else:
        with pytest.raises(BadPattern, match="no group"):
            pattern.check_replacement(replacement)


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("/^a/", "abc", True),
        ("/^a/", "Abc", False),
        ("/", "/", True),
        ("/a", "/a", True),
        ("//", "anything", True),
        ("a/*/", "a/b/", True),
        ("A*", "abc", True),
    ],
)
def test_name_patterns(source: str, name: str, expected: bool) -> None:
    """Between slashes stands a regular expression, anything else is a glob."""
    assert compile_name_pattern(source).search(name) == expected


def test_the_source_is_kept() -> None:
    """A pattern is shown as the user wrote it."""
    assert Pattern("a*", "^a.*$").source == "a*"
    assert compile_name_pattern("/a/").source == "/a/"


@given(expressions, subjects)
def test_the_first_match(expression: str, text: str) -> None:
    """Its first group, or all of it when it has none."""
    found = re.search(expression, text)
    expected = found[min(1, found.re.groups)] or "" if found is not None else None
    assert compile_regex(expression).first(text) == expected
    lazily = compile_regex(f"(?={expression})").first(text)  # the other engine
    assert (lazily is None) == (found is None)


@pytest.mark.parametrize("pattern", ["^(a+)+$", r"^(a+)+\1$", "(a|aa)+$", "x*"])
def test_no_replacement_takes_longer_than_it_may(pattern: str) -> None:
    """On a text made for it, any pattern comes to an end or is stopped."""
    with suppress(PatternTooSlow):
        compile_regex(pattern).replace("a" * 1_000_000 + "b", "", limit=0.01)


def test_who_is_stopped_is_told_the_limit() -> None:
    """Of the engine that ran: the fast one has more time, and so many matches take longer."""
    with pytest.raises(PatternTooSlow, match="took longer than 0 ms"):
        compile_regex("a").replace("a" * 100_000, "", limit=1e-9)
