"""The edits of Simple Proxy do here what they did there."""

from __future__ import annotations

from importers.examples import SIMPLE_PROXY, SYSTEM, snapshot_of
from language import request

from gateway.importers import File, convert
from gateway.messages import MessagesRequest


def edited(asked: MessagesRequest) -> MessagesRequest:
    """A request after the transforms of the example."""
    snapshot = snapshot_of(SIMPLE_PROXY)
    for name in snapshot.default.transforms:
        asked = snapshot.transforms[name](asked)
    return asked


def test_the_system_prompt_is_edited_in_the_order_of_the_project() -> None:
    """Removed, replaced, then put in front and at the end; nothing is taken for a template."""
    system = "Claude Code here.\nIMPORTANT: be careful with Claude Code\nGo on."
    found = edited(request(system=system, messages=[])).system
    text = found if isinstance(found, str) else "\n\n".join(block["text"] for block in found)
    assert text == ("First ${HOME} {% words.\n\nthe assistant here.\n\nGo on.\n\nLast words.")


def test_tools_are_left_out_and_described_anew() -> None:
    """SKIP_TOOLS, and tools_override.yaml."""
    tools = [
        {"name": name, "description": "old", "input_schema": {"type": "object"}}
        for name in ("Bash", "Read", "NotebookRead", "NotebookEdit", "Write")
    ]
    found = edited(request(system="", messages=[], tools=tools)).tools
    assert {tool["name"]: tool["description"] for tool in found} == {
        "Bash": "Runs {{ a }} command.",
        "Read": "Reads a file.",
        "Write": "old",
    }


def test_calls_are_corrected_by_the_model_that_was_named() -> None:
    """After what their schemas can repair; prompts are printed if they were."""
    text = SIMPLE_PROXY.imported().text
    assert "tool_correction: {mode: model, model: big:fixing-model}" in text
    assert "print_system: true" in text
    assert "mode: repair" in convert([SYSTEM]).text


def test_a_pattern_that_no_engine_takes_is_left_out_and_named() -> None:
    """The others stay."""
    file = File("s.yaml", 'systemMessageOverrides: {removePatterns: ["(", "good.*"]}')
    imported = convert([file])
    assert "good.*" in imported.text
    [note] = [
        note for note in imported.notes if note.outcome == "dropped" and "pattern" in note.says
    ]
    assert note.name == "systemMessageOverrides.removePatterns[0]"
