"""The fuzzers' laws on a few inputs each, so that every change is tried against them; and what they found."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.__main__ import COLUMNS, FUZZERS, Row, table
from fuzz.entrances import ENTRANCES
from fuzz.mutations import json_changed

BLOCKS = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","content":[]}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":{},"content_block":{}}\n\n'
)
"""A stream whose second block has no number."""


@cache
def seeds(name: str) -> list[bytes]:
    """What a search begins with."""
    return [*import_module(f"fuzz.entrances.{name}").seeds()]


def law(name: str) -> Callable[[bytes], None]:
    """What holds for any bytes."""
    held: Callable[[bytes], None] = import_module(f"fuzz.entrances.{name}").law
    return held


@pytest.mark.parametrize("name", ENTRANCES)
def test_the_laws_hold_where_a_search_begins(name: str) -> None:
    """Otherwise it would end before it has begun."""
    for seed in seeds(name)[:: 20 if name == "configs" else 1]:
        law(name)(seed)


@pytest.mark.parametrize("name", sorted(ENTRANCES.keys() - {"calls"}))
@given(st.data())
def test_the_laws_hold_nearby(name: str, data: st.DataObject) -> None:
    """A change of some JSON, or of some bytes."""
    seed = data.draw(st.sampled_from(seeds(name)))
    changed: Any = json_changed(seed, Random(data.draw(st.integers(0, 2**32))))  # noqa: S311 - repeatable
    if changed is None:
        at = data.draw(st.integers(0, len(seed)))
        changed = seed[:at] + data.draw(st.binary(max_size=8)) + seed[at + 4 :]
    law(name)(changed)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("requests", b'\x00\x00{"body": "\\ud83d"}'),
        ("requests", b'\x05\x03{"model": "m", "messages": {"thinking\xff": "x"}}'),
        ("requests", b'\x05\x03{"model": "m", "messages": {"type\xff": "x"}}'),
        ("requests", b'\x00\x00{"model": "\\ud83d", "messages": [%b]}' % (b"[" * 450 + b"]" * 450)),
        (
            "answers",
            b'\x1c\x00\x05\t{"content": [{"type": "tool_use", "id": {"": ""}, "name": "a"}]}',
        ),
        ("answers", b"\x18\x00\x05\t" + BLOCKS),
        ("answers", b'\x1c\x00\x05\t{"detail": "Not Found"}'),
        ("answers", b'\x1c\x00\x05\t{"type": [], "role": "assistant", "content": [1]}'),
    ],
)
def test_what_was_found_is_mended(name: str, found: bytes) -> None:
    """Each once broke a law, or ended in an error that nobody foresaw."""
    law(name)(found)


def test_the_table_says_what_happened() -> None:
    """A row for each fuzzer, and whether anything did not hold."""
    rows = [Row("sse", 600, 1_234_567, 71), Row("wire", 600, 5_000, None, 0, 1, 0, "see log")]
    assert [row.failed for row in rows] == [False, True]
    head, first, second = table(rows).splitlines()
    assert head.split() == [name for name in COLUMNS if name]
    assert first.split() == ["sse", "600", "1,234,567", "71", "0", "0", "0"]
    assert second.split() == ["wire", "600", "5,000", "-", "0", "1", "0", "see", "log"]
    assert ENTRANCES.keys() < FUZZERS.keys()
