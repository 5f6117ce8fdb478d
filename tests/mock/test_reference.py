"""The documentation of the mock is the one of its table, and the config that it prints is sound."""

from __future__ import annotations

from pathlib import Path

from gateway.config import load
from gateway.mock.reference import listed, render, snippet
from gateway.mock.scenarios import SCENARIOS
from gateway.mock.wires import WIRES

DOCS = Path(__file__).parents[2] / "docs" / "mock.md"


def test_the_checked_in_reference_is_the_one_of_the_code() -> None:
    """`gateway docs mock > docs/mock.md` writes it anew."""
    assert DOCS.read_text("utf-8") == render()


def test_every_scenario_is_told() -> None:
    """On a line of its own, in the list and in the document."""
    assert [line.split()[0] for line in listed().splitlines()] == list(SCENARIOS)
    assert all(f"| `{name}` |" in render() for name in SCENARIOS)


def test_the_config_that_is_printed_is_sound() -> None:
    """For all formats and for each alone; it knows a target in every one of them."""
    for wires in (WIRES, *({name: wire} for name, wire in WIRES.items())):
        loaded = load(snippet("http://127.0.0.1:1", wires), file="c", environment={})
        assert loaded.findings == ()
        assert loaded.snapshot is not None
        assert {f"chaos-{name}" for name in wires} <= set(loaded.snapshot.endpoints)
