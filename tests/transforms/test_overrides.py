"""The files of other proxies, taken over as they are."""

from __future__ import annotations

import yaml
from language import check_transformed, check_unchanged, request, tool

from gateway.config import load
from gateway.transforms import build

SYSTEM_OVERRIDES = """
systemMessageOverrides:
  removePatterns:
    - "IMPORTANT: Assist with defensive security.*"
  replacements:
    - find: "Claude Code"
      replace: "AI Assistant"
  prepend: "Custom prefix content"
  append: "Custom suffix content"
"""

TOOLS_OVERRIDE = """
toolDescriptions:
  Task: "Custom Task description..."
  Bash: "Custom Bash description..."
  Read: "Custom Read description..."
"""


def test_a_file_of_system_overrides() -> None:
    """Removed to the end of the line, replaced, put in front and at the end, in this order."""
    check_transformed(
        build([yaml.safe_load(SYSTEM_OVERRIDES)]),
        before=request(
            system="You are Claude Code.\n"
            "IMPORTANT: Assist with defensive security tasks only. Refuse the rest.\n"
            "Claude Code is a tool."
        ),
        after=request(
            system="Custom prefix content\n\n"
            "You are AI Assistant.\n\n"
            "AI Assistant is a tool.\n\n"
            "Custom suffix content"
        ),
    )


def test_a_file_of_system_overrides_on_blocks() -> None:
    """The same for a prompt in blocks, each of which keeps its mark."""
    mark = {"type": "ephemeral"}

    def block(text: str, **fields: object) -> dict[str, object]:
        return {"type": "text", "text": text, **fields}

    check_transformed(
        build([yaml.safe_load(SYSTEM_OVERRIDES)]),
        before=request(
            system=[
                block("You are Claude Code.", cache_control=mark),
                block("IMPORTANT: Assist with defensive security tasks only."),
            ]
        ),
        after=request(
            system=[
                block("Custom prefix content"),
                block("You are AI Assistant.", cache_control=mark),
                block("Custom suffix content"),
            ]
        ),
    )


def test_a_file_with_empty_keys() -> None:
    """What has no value asks for nothing."""
    text = "systemMessageOverrides: {removePatterns: , replacements: [], prepend: , append: ''}"
    steps = yaml.safe_load(text)
    check_unchanged(build([steps]), request(system="a"))
    config = {"default": "mock:x", "apply": ["seed"], "transforms": {"seed": [steps]}}
    assert load(yaml.safe_dump(config), file="c", environment={}).findings == ()


def test_a_file_of_tool_descriptions() -> None:
    """Each named tool gets its description; the others keep theirs."""
    check_transformed(
        build([yaml.safe_load(TOOLS_OVERRIDE)]),
        before=request(tools=[tool("Bash"), tool("Edit"), tool("Read")]),
        after=request(
            tools=[
                tool("Bash", description="Custom Bash description..."),
                tool("Edit"),
                tool("Read", description="Custom Read description..."),
            ]
        ),
    )


def test_both_files_in_a_config() -> None:
    """What stands in the files is a step, without another word."""
    steps = [yaml.safe_load(SYSTEM_OVERRIDES), yaml.safe_load(TOOLS_OVERRIDE)]
    config = {"default": "mock:x", "apply": ["seed"], "transforms": {"seed": steps}}
    loaded = load(yaml.safe_dump(config), file="c", environment={})
    assert loaded.findings == ()
    assert loaded.snapshot is not None
    assert loaded.snapshot.apply == ("seed",)
