"""What the gateway knows of names, and what a user adds."""

from __future__ import annotations

import json
from typing import Any

from gateway.correction import Tables, ToolCatalog, correct
from gateway.correction.folding import folded
from gateway.correction.known.shapes import CALL_NOISE, LISTS_OF_CALLS, WRAPPERS

SHIP = {
    "name": "Ship",
    "input_schema": {
        "type": "object",
        "properties": {"env": {"enum": ["test", "live"]}, "ref": {"type": "string"}},
        "required": ["env"],
        "additionalProperties": False,
    },
}


def shipped(name: str, arguments: dict[str, Any], tables: Tables) -> Any:
    """The arguments after the correction; None when it has none."""
    correction = correct(name, json.dumps(arguments), ToolCatalog([SHIP], tables=tables))
    return json.loads(correction.arguments) if correction.status == "repaired" else None


def test_a_user_adds_names_and_words() -> None:
    """In any spelling, for one tool or for all."""
    own = Tables().extended(
        tools={"roll_out": ["Ship"]},
        parameters={"ship": {"Environment": ["env"]}, "*": {"commit": ["ref"]}},
        noise={"Ship": ["ticket-id"]},
        words={"production": ["live"]},
    )
    meant = {"env": "live", "ref": "a1"}
    given = {"environment": "Production", "commit": "a1", "ticket_id": 5}
    assert shipped("RollOut", given, own) == meant
    assert shipped("RollOut", given, Tables()) is None
    assert shipped("Ship", given, Tables()) is None


def test_what_is_known_stays_known_beside_it() -> None:
    """An extension replaces its own keys only."""
    own = Tables().extended(parameters={"Read": {"what": ["file_path"]}})
    assert own.aliases_of("Read")["path"] == Tables().aliases_of("Read")["path"]
    assert own.aliases_of("Read")["what"] == ("file_path",)
    assert "what" not in own.aliases_of("Write")


def test_all_keys_are_folded() -> None:
    """A key in another spelling would never be found."""
    tables = Tables()
    words = [*tables.tools, *tables.words, *WRAPPERS, *LISTS_OF_CALLS, *CALL_NOISE]
    for table in (*tables.parameters.values(), *tables.noise.values()):
        words += table
    assert [word for word in words if folded(word) != word] == []


def test_nothing_that_changes_a_call_is_noise() -> None:
    """Such a parameter makes the call invalid, for the model to mend."""
    for tool in ("Bash", "Read", "Write", "Edit", "Ship", "mcp__x__y"):
        for key in ("dryrun", "cwd", "force", "sudo", "recursive", "timeout", "overwrite"):
            assert key not in Tables().noise_of(tool), (tool, key)
