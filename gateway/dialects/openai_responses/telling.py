"""Tells a sink the items of an answer, one at a time and in order, however the server mixes them. No IO.

The first item that is not complete is told as it grows; later ones wait, because the blocks of an answer
cannot interleave. Reasoning and searches let others pass: some servers complete them when the answer is
over, and nobody should wait for the text until then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.dialects.openai_responses.content import LATE
from gateway.dialects.openai_responses.items import Item, Key, annotated, kind_of
from gateway.dialects.openai_responses.searches import WebSearches
from gateway.errors import UpstreamBroken
from gateway.messages import Sink
from gateway.reasoning import Seal

JSON = Mapping[str, Any]

GAP = "\n\n"
"""Stands between parts of a summary, and between items, where they share a block of the answer."""

PASSED = frozenset({"reasoning", "search"})
"""Kinds of items that later ones may pass while they are not complete."""


class Telling:
    """Keeps the items of one answer. Raises `UpstreamBroken` for calls that nobody could run."""

    def __init__(
        self,
        sink: Sink,
        names: Mapping[str, str],
        *,
        seal: Seal,
        state_of: Callable[[JSON], dict[str, Any] | None],
    ) -> None:
        self._sink = sink
        self._names = names
        self._seal = seal
        self._state_of = state_of
        self._items: list[Item] = []
        self._queue: list[Item] = []
        self._by_index: dict[int, Item] = {}
        self._by_id: dict[str, Item] = {}
        self._last: tuple[str, Item | None, Key] = ("", None, ("", 0))
        self._late: list[dict[str, Any]] = []
        self.searches = WebSearches(sink)
        self.calls = 0
        """How many tool calls the answer holds so far."""
        self.refused = False
        """The model has said that it refuses."""

    @property
    def is_complete(self) -> bool:
        """There is an answer, and every item of it is complete."""
        return bool(self._items) and not self._queue

    # -- what the server says -------------------------------------------------------------------

    def find(self, kind: str, index: Any, id: Any) -> Item:
        """The item that an event belongs to; a new one when it was not announced."""
        places = isinstance(index, int), isinstance(id, str) and bool(id)
        known = self._by_index.get(index) if places[0] else None
        if (known is None or known.kind != kind) and places[1]:
            known = self._by_id.get(id)
        if known is None and not any(places):
            known = self._items[-1] if self._items else None
        if known is not None and known.kind == kind:
            return known
        return self._add(Item(kind, id=id if places[1] else ""), index)

    def announce(self, value: JSON, index: Any) -> None:
        """An item begins. What it holds already counts only if nothing else is said of it."""
        if isinstance(index, int):
            known = self._by_index.get(index)
        else:
            known = self._by_id.get(str(value.get("id") or ""))
        if known is None or not _may_be(known, value):
            known = self._add(Item(kind_of(value), id=str(value.get("id") or "")), index)
        if not known.closed:
            known.label(value)
            known.value = value
            self._advance()

    def grow(self, item: Item, key: Key, piece: str) -> None:
        """A piece of a part."""
        if item.grow(key, piece):
            self._heard(item)

    def complete(self, item: Item, key: Key, full: str) -> None:
        """A whole part."""
        if item.complete(key, full):
            self._heard(item)

    def close(self, item: Item, value: JSON) -> None:
        """A whole item, of which nothing more will come."""
        for part in annotated(value):
            self.searches.cite(part.get("annotations"))
        if item.finished:
            if item.kind == "reasoning" and not item.sealed:
                item.value = value
                self._seal_late(item)
            return
        item.absorb(value)
        item.closed = item.is_final = True
        self._advance()

    def close_at(self, index: Any, value: JSON) -> None:
        """The same, for the item at a place in the answer."""
        kind, id = kind_of(value), value.get("id")
        item = self.find(kind, index, id)
        if item.closed and item.id != id and not item.fits(value):
            item = self._add(Item(kind), index)
        self.close(item, value)

    def end(self, output: Sequence[Any] = ()) -> None:
        """The answer is over; `output` is the server's account of all of its items."""
        for item, value in self._in_order(output):
            self.close(item, value)
        for item in self._queue:
            item.absorb(item.value)
            item.closed = True
        self._advance()
        for state in self._late:
            self._sink.redacted_thinking(self._seal.close(state))
        self.searches.settle()

    # -- items ----------------------------------------------------------------------------------

    def _add(self, item: Item, index: Any) -> Item:
        self._items.append(item)
        if item.kind == "other":
            item.closed = item.finished = True
        else:
            self._queue.append(item)
        self.calls += item.kind == "function_call"
        if isinstance(index, int):
            self._by_index[index] = item
        if item.id:
            self._by_id[item.id] = item
        return item

    def _in_order(self, output: Sequence[Any]) -> list[tuple[Item, JSON]]:
        """The items of the whole output with their last accounts; what is untold waits in that order."""
        known = self._matched([value for value in output if isinstance(value, dict)])
        places = {item: place for place, (item, _) in enumerate(known) if not item.told}
        self._queue.sort(key=lambda item: -1 if item.told else places.get(item, len(known)))
        has_passed = False
        for item, _ in reversed(known):
            item.overtaken = item.overtaken or (has_passed and not item.told)
            has_passed = has_passed or item.told
        return known

    def _matched(self, values: Sequence[JSON]) -> list[tuple[Item, JSON]]:
        """Each account at the end with its item, which is a new one if there was none.

        Some servers give every event another id, some another one at the end; so what was said counts
        too, and then the place.
        """
        rest = list(self._items)
        found: dict[int, Item] = {}
        for find in (self._same_id, self._same_words, self._same_place):
            for place, value in enumerate(values):
                if place not in found and (item := find(value, place, rest)) is not None:
                    found[place] = item
                    rest.remove(item)
        return [
            (found.get(place) or self._add(Item(kind_of(value)), None), value)
            for place, value in enumerate(values)
        ]

    def _same_id(self, value: JSON, _place: int, rest: Sequence[Item]) -> Item | None:
        for name in ("call_id", "id"):
            for item in rest if (wanted := value.get(name)) else ():
                if getattr(item, name) == wanted and item.may_be(value):
                    return item
        return None

    def _same_words(self, value: JSON, _place: int, rest: Sequence[Item]) -> Item | None:
        fitting = [item for item in rest if item.fits(value)]
        return min(fitting, key=lambda item: not item.said, default=None)

    def _same_place(self, value: JSON, place: int, rest: Sequence[Item]) -> Item | None:
        there = self._by_index.get(place)
        return there if there in rest and there is not None and there.may_be(value) else None

    # -- what the sink is told ------------------------------------------------------------------

    def _heard(self, item: Item) -> None:
        if self._queue[0] is item:
            self._tell(item)
        else:
            self._advance()

    def _advance(self) -> None:
        """Tells whatever can be told by now."""
        while self._queue:
            front = self._queue[0]
            self._tell(front)
            if front.closed:
                self._finish(front)
                self._queue.remove(front)
                continue
            if (passing := self._passing()) is None:
                return
            for item in self._queue[: self._queue.index(passing)]:
                item.overtaken = True
            self._queue.remove(passing)
            self._queue.insert(0, passing)

    def _passing(self) -> Item | None:
        """What may pass the first items: the first that says something to a client, once it does."""
        item = next((item for item in self._queue if item.kind not in PASSED), None)
        if item is None or item is self._queue[0] or not item.waiting:
            return None
        return item if item.name or item.kind == "message" else None

    def _tell(self, item: Item) -> None:
        if item.kind == "function_call":
            if not item.name:
                return
            if not item.told:
                self.searches.settle()
                self._speak("call", item, ("", 0))
                name = self._names.get(item.name, item.name)
                self._sink.tool_start(item.call_id or item.id or None, name)
        for key, piece in item.waiting:
            self._say(item, key, piece)
        item.waiting.clear()

    def _say(self, item: Item, key: Key, piece: str) -> None:
        if key[0] == "arguments":
            self._sink.tool_input(piece)
        elif item.kind == "reasoning":
            self._sink.thinking(self._speak("thinking", item, key) + piece)
        else:
            self.refused = self.refused or key[0] == "refusal"
            self._sink.text(self._speak("text", item, key) + piece)

    def _speak(self, channel: str, item: Item | None, key: Key) -> str:
        """Notes who speaks; gives what separates it from who spoke before, in the same block."""
        last, self._last = self._last, (channel, item, key)
        if item is not None:
            item.told = True
        if last[0] != channel or channel == "call":
            return ""
        is_apart = last[1] is not item or (channel == "thinking" and last[2] != key)
        return GAP if is_apart else ""

    def _finish(self, item: Item) -> None:
        item.finished = True
        match item.kind:
            case "function_call":
                if not item.name:
                    raise UpstreamBroken("The provider called a tool without naming it.")
                self._sink.tool_end()
            case "reasoning":
                self._seal_now(item)
            case "search":
                self._speak("block", None, ("", 0))
                self.searches.search(item.value)

    def _seal_now(self, item: Item) -> None:
        state = self._state_of(item.value) if item.is_final else None
        if state is None:
            return
        item.sealed = True
        sealed = self._seal.close({**state, LATE: True} if item.overtaken else state)
        if self._last[:2] == ("thinking", item):
            self._sink.signature(sealed)
        else:
            self._sink.redacted_thinking(sealed)
        self._speak("state", None, ("", 0))

    def _seal_late(self, item: Item) -> None:
        """State that came when its thinking was over; it is told last, and marked as late."""
        if (state := self._state_of(item.value)) is not None:
            item.sealed = True
            self._late.append({**state, LATE: True})


def _may_be(item: Item, value: JSON) -> bool:
    """An announcement may be a repeated one of this item."""
    if item.kind != kind_of(value):
        return False
    call = value.get("call_id")
    if item.call_id and call and item.call_id != call:
        return False
    return not item.closed or item.id == value.get("id")
