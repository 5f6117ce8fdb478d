"""YAML to plain data: what is read, what is refused, and where everything stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from config.marked import FILE, unmark
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_objects, places

from gateway.config.text import source
from gateway.config.text.positions import Path, Positions, Span, split_lines
from gateway.config.text.source import lines_to_show, parse_env_file, parse_yaml


def parsed(text: str) -> tuple[Any, Positions]:
    """The value of a text in which nothing is wrong."""
    value, positions, found = parse_yaml(text, FILE)
    assert found == []
    return value, positions


letters = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=8)
"""Without the characters that YAML refuses, or reads as the end of a line."""


@given(json_objects(letters).filter(bool))
def test_json_is_read_as_json_reads_it(value: Any) -> None:
    """JSON is YAML, but for numbers such as 1e5, which stay text without their point."""
    text = json.dumps(value, ensure_ascii=False)
    read, _ = parsed(text)
    assert read == json.loads(
        text, parse_float=lambda number: float(number) if "." in number else number
    )


@given(json_objects(st.text("abc", max_size=3)).filter(bool), st.booleans())
def test_every_value_has_its_place(value: Any, in_blocks: bool) -> None:
    """For each value of a document there is a place, and what stands there reads as the value."""
    text = yaml.safe_dump(value, default_flow_style=not in_blocks, allow_unicode=True)
    read, positions = parsed(text)
    assert set(positions.places) == set(places(read))
    for path, place in positions.places.items():
        inner: Any = read
        for step in path:
            inner = inner[step]
        if isinstance(inner, str) and place.value.line == place.value.end_line and not place.quote:
            assert cut(positions, place.value) == inner
        if place.key is not None:
            assert str(path[-1]) in cut(positions, place.key)


def cut(positions: Positions, span: Span) -> str:
    """The text of a span in one line."""
    return positions.lines[span.line - 1][span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", True),
        ("off", False),
        ("012", 10),
        ("12:30", 750),
        ("1_000", 1000),
        ("1e5", "1e5"),
        ("1.0e+5", 100000),
        ("1.5", 1.5),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2024-01-01", "2024-01-01"),
        ("~", None),
        ("", None),
        ("!!str 5", "5"),
        ("!!int x", "x"),
        ("!!bool x", "x"),
        ("0b_", "0b_"),
        ("'no'", "no"),
        ("=", "="),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_scalar_is_read_as_yaml_reads_it(written: str, value: object) -> None:
    """Except for dates, and for what is no number at all: these stay what was typed."""
    read, positions = parsed(f"a: {written}\n")
    assert read == {"a": value}
    assert type(read["a"]) is type(value)
    typed = written.removeprefix("!!").partition(" ")[2] or written
    assert positions.typed(("a",)) == typed.strip("'")


def test_anchors_and_merges_work() -> None:
    """The nearest value wins, also among several merges and merges of merges."""
    value, positions = parsed(
        "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: [{z: 3}, *b], x: 3}\nd: *a\n"
    )
    assert value["b"] == {"x": 1, "y": 2}
    assert value["c"] == {"x": 3, "z": 3, "y": 2}
    assert value["d"] == {"x": 1, "y": 1}
    assert positions.value(("c", "y")).line == 2


def test_the_first_of_two_equal_keys_is_kept() -> None:
    """The second is the finding; what stands under it is not looked at."""
    value, positions, [found] = parse_yaml("a: {b: 1}\na: {c: 2}\n", FILE)
    assert value == {"a": {"b": 1}}
    assert ("a", "c") not in positions.places
    assert found.message == "`a` stands here again; it was first defined in line 1"


def test_several_mistakes_of_form_are_found_at_once() -> None:
    """What can be read around them is read."""
    value, _, found = parse_yaml("a: 1\na: 2\non: 3\nb: !x 4\n? [c]\n: 5\n", FILE)
    assert value == {"a": 1, "on": 3, "b": "4"}
    codes = [finding.code for finding in found]
    assert codes == ["duplicate-key", "bad-key", "unknown-tag", "bad-key"]


WITHIN: list[tuple[str, Path, int]] = [
    ("a: 0123⟪4⟫5", ("a",), 4),
    ("a: '0''23⟪4⟫5'", ("a",), 4),
    ('a: "0\\n\\u00412⟪\\x34⟫5"', ("a",), 4),
    ('a: "0\\n\\U00000041\\\\⟪4⟫5"', ("a",), 4),
    ('a: "01⟪"⟫', ("a",), 2),
    ("a: 01⟪⟫", ("a",), 2),
    ("a: [x, 'é\U0001f600⟪z⟫']", ("a", 1), 2),
    ("a: ⟪&x 01⟫", ("a",), 1),
    ("⟪a⟫:", ("a",), 0),
]


@pytest.mark.parametrize(("marked", "path", "index"), WITHIN)
def test_a_character_of_a_scalar_is_found_in_the_text(marked: str, path: Path, index: int) -> None:
    """Escapes and doubled quotes take more room in the text than in the value."""
    text, [(line, column, width)] = unmark(marked)
    _, positions, _ = parse_yaml(text, FILE)
    span = positions.within(path, index)
    assert (span.line, span.column) == (line, column)
    assert span.end_column - span.column == max(1, width)


@pytest.mark.parametrize(
    "text", ["a: |\n  0\n  1\n", "a: 0\n  1\n", 'a: "0\n  1"\n', "a: >\n  0\n"]
)
def test_a_scalar_over_lines_is_meant_as_a_whole(text: str) -> None:
    """No single character is pointed at where lines were folded."""
    _, positions = parsed(text)
    assert positions.within(("a",), 2) == positions.value(("a",))


@given(st.text(), st.text())
def test_shown_lines_are_as_long_as_the_lines(before: str, after: str) -> None:
    """Blotting out moves nothing, so that carets stay under their text."""
    text = f"{before}\napi_key: sk-abcdefghijkl\n{after}"
    shown = lines_to_show(text)
    assert [len(line) for line in shown] == [len(line) for line in split_lines(text)]
    assert "abcdefghijkl" not in "".join(shown)


@given(st.text())
def test_any_environment_file_is_read(text: str) -> None:
    """What is no assignment is left out."""
    assert all(isinstance(value, str) for value in parse_env_file(text).values())


def test_an_environment_file_is_taken_as_it_is_written() -> None:
    """Quotes and `export` are of the format; references inside are not followed."""
    text = "# keys\nexport A=1\nB='two words'\nC=${A}\nD\nE=\n"
    assert parse_env_file(text) == {"A": "1", "B": "two words", "C": "${A}", "E": ""}


@pytest.mark.parametrize(
    "text", ["a: [\n", "a: *b", "a: 'b", "a: b: c", "a: &a [*a]", "- a: 1\n b: 2"]
)
def test_without_the_fast_loader_the_same_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some machines have PyYAML without its C library: the places are the same, the words may differ."""
    _, _, fast = parse_yaml(text, FILE)
    monkeypatch.setattr(source, "LOADER", yaml.SafeLoader)
    _, _, slow = parse_yaml(text, FILE)
    assert [(f.code, f.line, f.column) for f in fast] == [(f.code, f.line, f.column) for f in slow]
