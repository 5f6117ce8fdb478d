"""Reads a request whose conversation may be known already. No IO."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from gateway import json_text
from gateway.json_text import NotJSON, Raw
from gateway.messages.frames import Frame
from gateway.messages.memory import Memory, Path

LEAST = 4096
"""Bytes of a body below which it is sooner read than recognised."""

LOOKS = 4
"""Places that are looked at: the schema of a tool may hold a list of the same name."""

_START = re.compile(rb'"messages"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*')


class _Speaker(Struct, gc=False):
    """What has to be known of a message to cut a conversation."""

    role: Any = None


_speakers = msgspec.json.Decoder(list[_Speaker]).decode


class Recognised(Struct, frozen=True, eq=False):
    """The top level of a body, and its conversation in passages."""

    fields: dict[str, Raw]
    path: Path
    fresh: int
    """Bytes of the body outside of what is known of the conversation."""
    frame: Frame


def recognised(body: bytes, memory: Memory) -> Recognised | None:
    """The body, if it is laid out in a way that can be recognised. Raises `NotJSON`.

    What is known of the conversation is not read: a beginning that was JSON up to the end of some
    message, in the body that it was learned from, is JSON up to there in any body. What is known of the
    frame is not read either.
    """
    if len(body) < LEAST:
        return None
    if (frame := memory.frames.around(body)) is not None:
        path, ends = memory.follow(body, len(frame.head))
        if (known := _recognised_in(frame, body, memory, path, ends)) is not None:
            return known
    unknown: list[int] = []
    for found in islice(_START.finditer(body), LOOKS):
        start = found.end()
        path, ends = memory.follow(body, start)
        if not path:
            # it may be no conversation: what follows another place may be known
            unknown.append(start)
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
    frame = _frame(body, start, ends[-1] if ends else start)
    known = _recognised_in(frame, body, memory, path, ends) if frame is not None else None
    if known is not None:
        memory.keep(known.frame)
    return known


def _frame(body: bytes, start: int, end: int) -> Frame | None:
    """What stands around the messages, of which those between two places are known; None if the list at
    `start` is not the conversation."""
    rest = body[:start] + body[end:] if end > start else body
    fields = json_text.decode_fields(rest)
    places = json_text.places(rest, fields)
    opens = rest.rfind(b"[", 0, start)
    if places is None or places.get("messages") != opens:
        return None
    return Frame.of(rest, fields, places, start)


def _recognised_in(
    frame: Frame, body: bytes, memory: Memory, path: Path, ends: list[int]
) -> Recognised | None:
    """The body, if messages stand in this frame; those of the path are known."""
    start, stop = len(frame.head), len(body) - len(frame.tail)
    while True:
        end = ends[-1] if ends else start
        new = _messages(body, end, stop)
        if new is None:
            return None
        if not (path and new and new[0][2] != "assistant"):
            break
        # The last passage goes on in this body: it is read anew, with what belongs to it.
        path.pop()
        ends.pop()
    raw = Raw(memoryview(body)[frame.opens : stop + 1])
    fields = {**frame.before, "messages": raw, **frame.after}
    if new:
        path = memory.extend(path, _passages(body, new))
    return Recognised(fields, path, len(body) - (end - start), frame)


Item = tuple[int, int, Any]
"""A message that is not known yet: where it begins and ends in the body, and who speaks."""


def _messages(body: bytes, start: int, stop: int) -> list[Item] | None:
    """The messages between two places of a list; None if something else stands there."""
    if start >= stop:
        return [] if start == stop else None
    text = b"[%b]" % body[start:stop]
    try:
        items = json_text.decode_items(text)
        speakers = _speakers(text)
    except (NotJSON, msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    begins = json_text.item_places(text, 0, items)
    if begins is None:
        return None
    shift = start - 1
    found = zip(begins, items, speakers, strict=True)
    return [(at + shift, at + shift + len(raw), message.role) for at, raw, message in found]


def _passages(body: bytes, items: list[Item]) -> list[tuple[bytes, int]]:
    """The messages cut where the model begins to speak."""
    cuts = [at for at, item in enumerate(items) if at == 0 or item[2] == "assistant"]
    if not cuts:
        return []
    return [
        (body[items[first][0] : items[behind - 1][1]], behind - first)
        for first, behind in zip(cuts, [*cuts[1:], len(items)], strict=True)
    ]
