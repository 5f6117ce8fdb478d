"""Several objects, arrays and bare values: which calls they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import ToolCatalog, correct


def tool(name: str, required: list[str], **properties: Any) -> dict[str, Any]:
    schema = {"properties": properties, "required": required, "additionalProperties": False}
    return {"name": name, "input_schema": {"type": "object", **schema}}


STRING = {"type": "string"}
OPEN = tool("Open", ["file"], file=STRING, line={"type": "integer"})
FIND = tool("Find", ["words"], words=STRING)
PLAN = tool(
    "Plan",
    ["steps"],
    steps={
        "type": "array",
        "items": {"type": "object", "properties": {"do": STRING}, "required": ["do"]},
    },
)
CLOCK = tool("Clock", [])
MAIL = tool("Mail", ["to", "text"], to=STRING, text=STRING)
TOOLS = ToolCatalog([OPEN, FIND, PLAN, CLOCK, MAIL])


def calls(name: str, text: str) -> list[tuple[str, Any]] | None:
    """The calls after the correction; None when there are none."""
    correction = correct(name, text, TOOLS)
    if correction.status != "repaired":
        assert (correction.status, correction.arguments) == ("invalid", text)
        return None
    return [(call.name, json.loads(call.arguments)) for call in correction.calls]


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=6), st.sampled_from(["", "\n", ", "]))
def test_different_objects_are_calls_of_their_own(files: list[str], between: str) -> None:
    """All of them in their order; a repetition of the whole is one."""
    text = between.join(json.dumps({"file": file}) for file in files)
    found = calls("Open", text)
    assert found is not None
    said = [arguments["file"] for _, arguments in found]
    assert "".join(files) == "".join(said) * (len(files) // len(said))


def test_one_call_that_is_wrong_makes_all_of_them_wrong() -> None:
    """What cannot be split whole is not split."""
    assert calls("Open", '{"file":"a"}{"dir":"b"}') is None
    assert calls("Open", '{"file":"a"}{"file":"b"') == [("Open", {"file": f}) for f in "ab"]
    correction = correct("Open", '{"file":"a"}{"file":"b"', TOOLS, stop_reason="max_tokens")
    assert correction.status == "invalid"


def test_empty_objects_beside_others_are_none() -> None:
    """Some providers open every call with one."""
    assert calls("Open", '{}{"file":"a"}') == [("Open", {"file": "a"})]


def test_calls_may_name_their_tools() -> None:
    """In a row, in an array, in a list of calls, under the name that one vendor's models use."""
    row = [
        {"name": "Open", "arguments": {"file": "a"}},
        {"name": "find", "arguments": '{"words": "b"}'},
    ]
    meant = [("Open", {"file": "a"}), ("Find", {"words": "b"})]
    assert calls("Open", json.dumps(row)) == meant
    assert calls("Open", "".join(map(json.dumps, row))) == meant
    assert calls("Open", json.dumps({"tool_calls": row})) == meant
    uses = [{"recipient_name": f"functions.{n}", "parameters": a} for n, a in meant]
    assert calls("multi_tool_use.parallel", json.dumps({"tool_uses": uses})) == meant
    assert calls("Plann", json.dumps({"tool_uses": uses})) is None


def test_names_in_a_row_go_with_objects_in_a_row() -> None:
    """One object for each name."""
    assert calls("OpenFind", '{"file":"a"}{"words":"b"}') == [
        ("Open", {"file": "a"}),
        ("Find", {"words": "b"}),
    ]
    assert calls("OpenFind", '{"file":"a"}') is None
    assert calls("OpenOpen", '{"file":"a"}') == [("Open", {"file": "a"})]


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("Open", '[{"file":"a"}]', [("Open", {"file": "a"})]),
        ("Open", '[{"file":"a"},{"file":"b"}]', [("Open", {"file": "a"}), ("Open", {"file": "b"})]),
        ("Plan", '[{"do":"a"},{"do":"b"}]', [("Plan", {"steps": [{"do": "a"}, {"do": "b"}]})]),
        ("Open", '"a.txt"', [("Open", {"file": "a.txt"})]),
        ("Open", '["a.txt"]', [("Open", {"file": "a.txt"})]),
        ("Find", "2027", [("Find", {"words": "2027"})]),
        ("Clock", "null", [("Clock", {})]),
        ("Clock", "None", [("Clock", {})]),
        ("Clock", "[]", [("Clock", {})]),
        ("Clock", '""', [("Clock", {})]),
        ("Clock", '"null"', [("Clock", {})]),
    ],
)
def test_a_value_of_another_type_has_one_place(
    name: str, text: str, meant: list[tuple[str, Any]]
) -> None:
    """An array of calls, or the one parameter that the tool demands."""
    assert calls(name, text) == meant


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Mail", '"hello"'),
        ("Open", '""'),
        ("Open", "null"),
        ("Open", '"none"'),
        ("Open", "[]"),
        ("Open", '["a","b"]'),
        ("Open", '"{\\"file\\": \\"a"'),
        ("Clock", '"now"'),
        ("Clock", "5"),
        ("Open", "a.txt"),
        ("Open", "{}"),
    ],
)
def test_a_value_without_a_place_stays(name: str, text: str) -> None:
    """Two places, none, an empty value, or raw text."""
    assert calls(name, text) is None


def test_two_ways_to_understand_an_array_are_none() -> None:
    """It may be several calls or the one parameter of a call."""
    both = tool("Both", ["items"], items={"type": "array"})
    del both["input_schema"]["additionalProperties"]
    text = '[{"items":[1]},{"items":[2]}]'
    correction = correct("Both", text, ToolCatalog([both]))
    assert (correction.status, correction.arguments) == ("invalid", text)
    assert correction.errors[-1] == "The arguments may be understood in two ways."


def test_calls_have_a_limit() -> None:
    """A text of a hundred calls is something else."""
    assert calls("Open", "".join(f'{{"file":"{n}"}}' for n in range(100))) is None
