"""Reads a request whose conversation may be known already. No IO."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from gateway import json_text
from gateway.json_text import NotJSON, Raw
from gateway.messages.memory import Memory, Path

LEAST = 4096
"""Bytes of a body below which it is sooner read than recognised."""

LOOKS = 4
"""Places that are looked at: the schema of a tool may hold a list of the same name."""

_START = re.compile(rb'"messages"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*')


class _Speaker(msgspec.Struct, gc=False):
    """What has to be known of a message to cut a conversation."""

    role: Any = None


_speakers = msgspec.json.Decoder(list[_Speaker]).decode


@dataclass(frozen=True, slots=True)
class Recognised:
    """The top level of a body, and its conversation in passages."""

    fields: dict[str, Raw]
    path: Path
    fresh: int
    """Bytes of the body that had to be read."""


def recognised(body: bytes, memory: Memory) -> Recognised | None:
    """The body, if it is laid out in a way that can be recognised. Raises `NotJSON`.

    What is known of the conversation is cut out before the rest is read: a beginning that was JSON up
    to the end of some message, in the body that it was learned from, is JSON up to there in any body.
    """
    if len(body) < LEAST:
        return None
    unknown: list[int] = []
    for found in islice(_START.finditer(body), LOOKS):
        start = found.end()
        path, ends = memory.follow(body, start)
        if not path:
            unknown.append(
                start
            )  # it may be no conversation: what follows another place may be known
        elif (known := _recognised_at(body, memory, start, path, ends)) is not None:
            return known
    for start in unknown:
        if (new := _recognised_at(body, memory, start, [], [])) is not None:
            return new
    return None


def _recognised_at(
    body: bytes, memory: Memory, start: int, path: Path, ends: list[int]
) -> Recognised | None:
    """The body, if the list whose items begin at `start` is the conversation."""
    while True:
        end = ends[-1] if ends else start
        read = _read(body, start, end)
        if read is None:
            return None
        fields, new = read
        if not (path and new and new[0][2] != "assistant"):
            break
        # The last passage goes on in this body: it is read anew, with what belongs to it.
        path.pop()
        ends.pop()
    fresh = len(body) - (end - start)
    return Recognised(fields, memory.extend(path, _passages(body, new)), fresh)


Item = tuple[int, int, Any]
"""A message that is not known yet: where it begins and ends in the body, and who speaks."""


def _read(body: bytes, start: int, end: int) -> tuple[dict[str, Raw], list[Item]] | None:
    """The fields, and the messages from `end` on; None if the list at `start` is not the conversation."""
    known = end - start
    rest = body[:start] + body[end:] if known else body
    fields = json_text.decode_fields(rest)
    places = json_text.places(rest, fields)
    opens = rest.rfind(b"[", 0, start)
    if places is None or places.get("messages") != opens:
        return None
    raw = bytes(fields["messages"])
    try:
        items = json_text.decode_items(raw)
        speakers = _speakers(raw)
    except (NotJSON, msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    begins = json_text.item_places(rest, opens, items)
    if begins is None:
        return None
    view = memoryview(body)
    fields["messages"] = Raw(view[opens : opens + len(raw) + known])
    found = zip(begins, items, speakers, strict=True)
    return fields, [(at + known, at + known + len(bytes(i)), s.role) for at, i, s in found]


def _passages(body: bytes, items: list[Item]) -> list[tuple[bytes, int]]:
    """The messages cut where the model begins to speak."""
    cuts = [at for at, item in enumerate(items) if at == 0 or item[2] == "assistant"]
    if not cuts:
        return []
    return [
        (body[items[first][0] : items[behind - 1][1]], behind - first)
        for first, behind in zip(cuts, [*cuts[1:], len(items)], strict=True)
    ]
