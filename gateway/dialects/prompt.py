"""A conversation in a target's format, of which only what is new is written anew. No IO.

A dialect writes turns as items of its format (messages, contents, input items). What the passages of a
conversation became is kept with them (`MessagesRequest.each`) as the bytes that are sent; the last
passage is always written anew, because its end is where formats differ (a begun answer, cache marks).

That is right only where a passage means the same whatever stands around it. One that does not begin
with the model's own words, as when nothing of them is left, belongs to the one before it; and so does
one whose first item has the role of the item before, in formats that put such items together. From the
first of these on everything is written anew, as if nothing were known.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any

from msgspec import Struct

from gateway import json_text
from gateway.cache_guard import Known, Outline, outline
from gateway.dialects.turns import Turn, paired, read_turn, turns_of
from gateway.messages import MessagesRequest
from gateway.reasoning import Seal

MARKED = (b'"cache_control":{', b'"prompt_cache_breakpoint":{')

Item = dict[str, Any]
Write = Callable[[Sequence[Turn], list[str]], list[Item]]
"""Turns as items; what is left out goes on the list."""


@dataclass(slots=True)
class Written:
    """A passage as it is sent."""

    data: bytes
    """Its items, each with a comma behind it; empty for none."""
    first: str
    """The role of its first item; empty for none."""
    last: str
    begins: bool
    """It begins with the model's own words."""
    marked: bool
    """Cache marks stand in it: of many the first ones have to go, so it is not known what stays."""
    closed: bool
    """Neither keeps it from standing between others."""
    dropped: tuple[str, ...]
    sizes: tuple[int, ...]
    """Bytes of each item, without its comma."""
    roles: tuple[str, ...]
    """Of each item."""
    _known: Known | None = None

    @property
    def known(self) -> Known:
        """Its items, for the guard of the provider's cache: read when somebody asks, and then kept."""
        if self._known is None:
            starts = [0, *accumulate(size + 1 for size in self.sizes)]
            items = [self.data[at : at + n] for at, n in zip(starts, self.sizes, strict=False)]
            self._known = Known.of(items, self.roles)
        return self._known


class Prompt(Struct, frozen=True):
    """A conversation: passages as they are sent, and the turns that follow them."""

    known: tuple[Written, ...]
    turns: list[Turn]
    front: int = 0
    """How many items stand before the known ones; those of the turns stand behind them."""


def prompt_of(
    request: MessagesRequest,
    seal: Seal,
    write: Write,
    dropped: list[str],
    *,
    spelling: Hashable,
    merges_with: str | None = None,
    front: int = 0,
) -> Prompt:
    """The conversation of a request.

    `spelling` names all that `write` depends on; None where nothing can be kept. `merges_with`: the
    format puts neighbours of one role together, and this is the role of what stands before the
    conversation; empty if nothing does. `front`: so many items stand there.
    """
    known: list[Written] = []
    if request.passages > 1 and spelling is not None:
        known = request.each((spelling, seal.identity), _maker(seal, write), _size)
        known = known[: _independent(known, merges_with)]
        dropped += chain.from_iterable(map(_dropped, known))
    turns = turns_of(request.messages_from(len(known)), seal, dropped)
    return Prompt(tuple(known), turns, front)


def encoded(
    body: Mapping[str, Any], name: str, prompt: Prompt
) -> tuple[bytes, Callable[[], Outline] | None]:
    """JSON of a body, in whose list `name` stands what is new of the conversation; and its outline."""
    if not prompt.known or not (written := list(filter(None, map(_data, prompt.known)))):
        return json_text.encode(body), None
    items: Sequence[Any] = body[name]
    front = prompt.front
    head, tail = _around(body, name)
    before = head + b"".join([json_text.encode(item) + b"," for item in items[:front]])
    after = b",".join(map(json_text.encode, items[front:]))
    if not after:
        written[-1] = written[-1][:-1]
    whole = b"".join((before, *written, after, *tail))

    def outlined() -> Outline:
        end = len(whole) - len(after) - sum(map(len, tail))
        # With its comma, if it is the last.
        start = len(before) if after or not front else len(before) - 1
        known = Known.joined([one.known for one in prompt.known])
        return outline(whole[:start] + whole[end:], known, front=front)

    return whole, outlined


def _around(body: Mapping[str, Any], name: str) -> tuple[bytes, tuple[bytes, memoryview]]:
    """JSON of a body up to the items of a list, and behind them in two pieces: tools are not copied."""
    at = list(body).index(name)
    fields = list(body.items())
    before = json_text.encode(dict(fields[:at]))[:-1] + (b"," if at else b"")
    after = json_text.encode(dict(fields[at + 1 :]))
    closing = b"]," if after != b"{}" else b"]"
    return before + json_text.encode(name) + b":[", (closing, memoryview(after)[1:])


def _maker(seal: Seal, write: Write) -> Callable[[list[dict[str, Any]]], Written]:
    def made(messages: list[dict[str, Any]]) -> Written:
        dropped: list[str] = []
        turns = [read_turn(message, seal, dropped) for message in messages]
        kept = [turn for turn in turns if turn is not None]
        items = write(paired(kept), dropped)
        data = [json_text.encode(item) for item in items]
        roles = [str(item.get("role") or "") for item in items]
        begins = bool(turns) and turns[0] is not None and turns[0].role == "assistant"
        marked = any(mark in text for text in data for mark in MARKED)
        return Written(
            data=b"".join([item + b"," for item in data]),
            first=roles[0] if roles else "",
            last=roles[-1] if roles else "",
            begins=begins,
            marked=marked,
            closed=begins and not marked,
            dropped=tuple(dropped),
            sizes=tuple(map(len, data)),
            roles=tuple(roles),
        )

    return made


_data, _dropped, _closed = attrgetter("data"), attrgetter("dropped"), attrgetter("closed")


def _size(written: Written) -> int:
    return len(written.data) + 300 + 100 * len(written.sizes)


def _independent(known: Sequence[Written], role: str | None) -> int:
    """How many passages from the first on stay what they are; the last that says anything does not."""
    most = len(known) - 1
    while most and not known[most].data:
        most -= 1
    if role is None and not known[0].marked and all(map(_closed, known[1 : most + 1])):
        return most  # as it nearly always is
    spoke = 0
    for number, written in enumerate(known[: most + 1]):
        if number and not written.begins:
            return min(number - 1, spoke)  # it belongs to what came before it
        if written.data:
            if role is not None and written.first == role:
                return spoke
            role, spoke = written.last if role is not None else None, number
        if written.marked:
            return number
    return most
