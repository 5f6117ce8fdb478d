"""Reasoning state of chat servers: what they give with an answer and want back with the next. No IO.

A state is a JSON object that is sealed behind the thinking it came with. Every thought of a chat server
has one, if only to be known as its own; these fields may stand in it:

    details    entries of `reasoning_details`, which routers want back as they were, in their order
    signature  of a `thinking` part
    call       the number of a tool call in its answer, and
    extra      the `extra_content` that stood in it and has to stand there again
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.dialects.turns import Thought, Turn

State = dict[str, Any]
Detail = Mapping[str, Any]

GROWING = ("text", "summary")
"""Fields of a detail that come in pieces; of all others the last value counts."""


class Details:
    """Puts entries of `reasoning_details` together from the pieces of a stream.

    Pieces of one entry share their `index` and `type`. Where there is no index, a piece continues the
    entry before it if that has the same type and the pieces are those of a stream (`streamed`).
    """

    def __init__(self, *, streamed: bool) -> None:
        self._streamed = streamed
        self._entries: list[State] = []
        self._by_index: dict[tuple[int, Any], State] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, pieces: Iterable[Any]) -> None:
        """Some more pieces; what is no object is none."""
        for piece in pieces:
            if isinstance(piece, Mapping):
                self._add(piece)

    def take(self) -> list[State]:
        """The entries so far; what comes later belongs to the next lot."""
        entries, self._entries = self._entries, []
        self._by_index = {}
        return entries

    def _add(self, piece: Detail) -> None:
        index, kind = piece.get("index"), str(piece.get("type"))
        if isinstance(index, int):
            entry = self._by_index.get((index, kind))
        else:
            last = self._entries[-1] if self._entries and self._streamed else None
            entry = last if last is not None and str(last.get("type")) == kind else None
        if entry is None:
            entry = dict(piece)
            self._entries.append(entry)
            if isinstance(index, int):
                self._by_index[index, kind] = entry
            return
        for name, value in piece.items():
            grown = entry.get(name)
            if name in GROWING and isinstance(value, str) and isinstance(grown, str):
                entry[name] = grown + value
            elif value is not None:
                entry[name] = value


@dataclass(frozen=True, slots=True)
class Past:
    """What a turn of the model keeps of its own reasoning; nothing of another model's."""

    text: str
    details: list[State]
    extras: Mapping[int, Any]
    """The number of a tool call -> its `extra_content`."""
    signature: str
    is_foreign: bool
    """There is thinking that another model made, and that stays behind."""


def past_of(turn: Turn) -> Past:
    """Read from the thoughts of a turn."""
    thoughts = [part for part in turn.parts if isinstance(part, Thought)]
    if not thoughts:
        return NOTHING
    own = [thought for thought in thoughts if thought.state is not None]
    if not own:
        return FOREIGN if any(thought.text for thought in thoughts) else NOTHING
    details = Details(streamed=False)
    extras: dict[int, Any] = {}
    signature = ""
    for state in (thought.state for thought in own if isinstance(thought.state, dict)):
        details.add(state.get("details") or ())
        signature = state.get("signature") or signature
        if "extra" in state:
            extras[state["call"]] = state["extra"]
    return Past(
        text="\n".join(thought.text for thought in own if thought.text),
        details=details.take(),
        extras=extras,
        signature=signature,
        is_foreign=any(thought.text and thought.state is None for thought in thoughts),
    )


NOTHING = Past("", [], {}, "", is_foreign=False)
FOREIGN = Past("", [], {}, "", is_foreign=True)
