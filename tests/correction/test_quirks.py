"""Rules that change what a call says, and that somebody has to ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.correction import QUIRKS, Correction, Policy, Quirk, ToolCatalog, correct

NUMBER = {"type": "number"}
TOOLS = ToolCatalog(
    [
        {
            "name": "Read",
            "input_schema": {
                "type": "object",
                "properties": {
                    "file_path": {"type": "string"},
                    "offset": NUMBER,
                    "limit": {"type": "integer", "maximum": 100, "minimum": 5},
                    "pages": {"type": "string"},
                },
            },
        },
        {
            "name": "Todos",
            "input_schema": {
                "properties": {
                    "todos": {
                        "items": {
                            "properties": {"content": {}, "activeForm": {"type": "string"}},
                            "required": ["content", "activeForm"],
                        }
                    }
                }
            },
        },
    ]
)


def call(name: str, arguments: dict[str, Any], *quirks: Quirk) -> Correction:
    return correct(name, json.dumps(arguments), TOOLS, quirks=frozenset(quirks))


@pytest.mark.parametrize(
    ("quirk", "name", "arguments", "meant"),
    [
        ("clamp", "Read", {"limit": 500}, {"limit": 100}),
        ("clamp", "Read", {"limit": "3"}, {"limit": 5}),
        ("read-range", "Read", {"offset": -1}, {}),
        ("read-range", "Read", {"pages": " ", "offset": -9}, {}),
        (
            "active-form",
            "Todos",
            {"todos": [{"content": "a"}]},
            {"todos": [{"content": "a", "activeForm": "a"}]},
        ),
    ],
)
def test_each_quirk_does_its_own(
    quirk: Quirk, name: str, arguments: dict[str, Any], meant: dict[str, Any]
) -> None:
    """And nothing of it happens without being asked for, or by another quirk."""
    correction = call(name, arguments, quirk)
    assert (correction.status, json.loads(correction.arguments)) == ("repaired", meant)
    assert "quirk" in {repair.rule for repair in correction.repairs}
    for others in ((), tuple(other for other in QUIRKS if other != quirk)):
        correction = call(name, arguments, *others)
        assert "quirk" not in {repair.rule for repair in correction.repairs}


def test_a_call_without_the_fault_stays_byte_for_byte() -> None:
    """Also when every quirk is asked for."""
    text = '{ "file_path": "/a",  "offset": 1e1 }'
    correction = correct("Read", text, TOOLS, quirks=frozenset(QUIRKS))
    assert correction == Correction("valid", "Read", text)


def test_a_policy_names_modes_by_pattern() -> None:
    """The first pattern that fits a tool counts; other tools have the mode of all."""
    policy = Policy("report", overrides=(("mcp__*__drop_*", "off"), ("mcp__*", "repair")))
    assert policy.mode_of("mcp__db__drop_table") == "off"
    assert policy.mode_of("mcp__db__query") == "repair"
    assert policy.mode_of("Read") == "report"
    assert policy.holds
    assert policy.looks
    assert not Policy("off").looks
    assert not Policy("report").holds
    assert Policy("off", overrides=(("a", "report"),)).looks
