"""The schema of tool correction: for everybody, for a target, for a rule. No IO."""

from __future__ import annotations

from typing import get_args

from gateway.config.schemas.schema_parts import Schema, key, object_of, ref, text
from gateway.correction import QUIRKS, Channel, Mode, Unparsed
from gateway.units import DURATION_SCHEMA

EVERYWHERE = "`*` stands for every tool."


def correction() -> Schema:
    """What one place says: a mode, or a mapping."""
    return {
        "anyOf": [_mode(), object_of(_keys(), "a mapping such as {mode: report}")],
        "x-expected": "off, report, repair, model, or a mapping such as {mode: report}",
    }


def text_calls(sample: str) -> Schema:
    """Where calls are looked for that a model wrote as text."""
    channels = {
        "type": "array",
        "uniqueItems": True,
        "items": {"enum": list(get_args(Channel)), "x-expected": "text or reasoning"},
    }
    return key(
        {
            "anyOf": [{"enum": ["off", False]}, channels],
            "x-expected": "off, or a list of text and reasoning",
        },
        "Where calls are looked for that the model wrote as text because its server did not "
        "recognize them. Quoted calls and examples stay text. Not for answers that are relayed in "
        "the format anthropic.",
        [sample],
        "off",
    )


def _mode() -> Schema:
    return {
        "enum": [*get_args(Mode), False],  # YAML reads a bare `off` as false
        "x-expected": "off, report, repair or model",
    }


def _keys() -> Schema:
    return {
        "mode": key(
            _mode(),
            "`repair` what its schema refuses, where that can be done without a guess; only `report` "
            "it; `model`: repair, and ask the model of `model:` about the rest; or `off`.",
            "repair",
        ),
        "tools": key(
            {
                "type": "object",
                "additionalProperties": _mode(),
                "x-expected": 'tools and modes such as {"mcp__*": off}',
            },
            "Modes of single tools, by pattern; the first that fits counts. A mode of a stronger "
            "place (a rule's, say) speaks for all tools.",
            {"mcp__*": "off", "Edit": "repair"},
        ),
        "quirks": key(
            {
                "type": "array",
                "uniqueItems": True,
                "items": {"enum": list(QUIRKS), "x-expected": f"one of {', '.join(QUIRKS)}"},
                "x-expected": "a list of quirks such as [clamp]",
            },
            "Opt-in rules that put a value where the model put another one: `clamp` numbers to their "
            "limits, `read-range` for pointless ranges of Read, `active-form` for todos.",
            ["clamp"],
        ),
        "unparsed": key(
            {"enum": list(get_args(Unparsed)), "x-expected": "wrap or raw"},
            "Arguments that are no JSON object and stay so: `wrap` them into one, so that the model "
            "sees its own text, or pass them on `raw`, for clients that tell such errors well.",
            "wrap",
        ),
        "text_calls": text_calls("text"),
        **_tables(),
        "model": key(
            ref("target"),
            "Who is asked, once and for a short time, about a call that rules cannot repair, in the "
            "mode `model`. It is shown the tool, the arguments and what is wrong with them.",
            "openai:gpt-5-mini",
        ),
        "model_timeout": key(
            DURATION_SCHEMA,
            "How long that model gets; afterwards the call goes on as it came.",
            "10s",
        ),
    }


def _tables() -> Schema:
    """What models write for the names of tools, parameters and options: more than is known anyway."""
    return {
        "aliases": key(
            {
                "type": "object",
                "additionalProperties": _meanings("path", "file_path"),
                "x-expected": "tools and their aliases such as {Write: {path: file_path}}",
            },
            f"By tool: keys that a call may have in place of the tool's parameters. {EVERYWHERE}",
            {"Write": {"path": "file_path"}},
        ),
        "tool_aliases": key(
            _meanings("shell", "Bash"),
            "Names that a call may have in place of a tool's.",
            {"shell": "Bash"},
        ),
        "noise": key(
            {
                "type": "object",
                "additionalProperties": _names("a list of parameters such as [explanation]"),
                "x-expected": "tools and parameters such as {Write: [explanation]}",
            },
            f"By tool: parameters that the tool lacks and that a call can do without. {EVERYWHERE}",
            {"Write": ["explanation"]},
        ),
        "words": key(
            _meanings("finished", "completed"),
            "Words that a call may have in place of an option that a schema lists.",
            {"finished": "completed"},
        ),
    }


def _meanings(word: str, meant: str) -> Schema:
    expected = f"words and what they mean such as {{{word}: {meant}}}"
    one = text(f"a name such as {meant}")
    several = {"type": "array", "minItems": 1, "items": one}
    return {
        "type": "object",
        "additionalProperties": {
            "anyOf": [one, several],
            "x-expected": f"a name such as {meant}, or a list of names",
        },
        "x-expected": expected,
    }


def _names(expected: str) -> Schema:
    return {"type": "array", "items": text("the name of a parameter"), "x-expected": expected}
