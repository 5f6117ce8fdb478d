"""The memory of conversations: what stood in an earlier request is not read again. No IO.

Clients send the whole conversation with every turn. Here it is kept as a tree of `Passage`s: each begins
where the model speaks (the first one where the conversation begins) and ends before it speaks again. A
body is recognised by comparing its bytes with those of the tree, which is a tenth of the work of reading
them and, other than a digest, cannot be wrong. What somebody makes of a passage (its tokens, its
translation) is kept with it.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from gateway import json_text
from gateway.messages.frames import Frame, Frames

T = TypeVar("T")

LIMIT = 256 * 1024 * 1024
"""Bytes of passages, of what was made of them and of frames."""

FRAMES = 8
"""One in so many bytes is for frames, if there are as many."""

OVERHEAD = 512
"""Bytes that a passage costs beside what it holds."""

WIDEST = 256
"""Passages that may follow the same one: each is compared with the body until one fits."""

CONVERSATIONS = 20_000
"""Beginnings of conversations; of more than `WIDEST` only those are found that `_Beginnings` finds."""

SLOTS = 10_000
"""Names of slots that are remembered; clients can name models as they like."""

_BLANKS = b" \t\r\n"


class Passage:
    """Messages as they came, and what was made of them."""

    __slots__ = ("begins", "children", "count", "made", "parent", "raw", "size", "trail", "width")

    def __init__(self, raw: bytes, count: int, parent: Passage | None) -> None:
        self.raw = raw
        """JSON of the messages, a comma between two of them."""
        self.count = count
        """How many messages these are."""
        self.parent = parent
        """None once it is forgotten."""
        self.children: list[Passage] = []
        self.made: dict[int, Any] = {}
        """Slot -> what was made of the messages."""
        self.size = len(raw) + OVERHEAD
        self.width = len(raw) + 1
        """Bytes, with a comma."""
        self.begins: Passage | None = None
        """Where its conversation begins, if that is another passage."""
        self.trail: Path = []
        """Of a beginning: what followed it when it was heard of last. None of it is forgotten."""

    def messages(self) -> list[dict[str, Any]]:
        """The messages, decoded."""
        messages: list[dict[str, Any]] = json_text.decode(b"[%b]" % self.raw)
        return messages


Path = list[Passage]


def small(made: object) -> int:
    """The bytes of something small."""
    return 64


class Memory:
    """Conversations that were heard of last: a number of bytes, and `WIDEST`. Safe between threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        """Bytes; what is above a new limit goes when something new is said."""
        self._root = Passage(b"", 0, None)
        self._beginnings = _Beginnings()
        self._fields = Passage(b"", 0, None)
        """What follows it are no passages but other fields of requests: the system prompt, the tools."""
        self._leaves: OrderedDict[Passage, None] = OrderedDict()
        """Ends of conversations, the one that was used last at the end."""
        self._size = 0
        self.frames = Frames()
        """What stands around conversations."""
        self._slots: dict[Hashable, int] = {}
        self._numbers = itertools.count(1)  # 0 is none
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._size + self.frames.size

    def _slot(self, what: Hashable) -> int:
        with self._lock:
            if (number := self._slots.get(what)) is None:
                if len(self._slots) >= SLOTS:
                    self._slots.clear()
                number = self._slots[what] = next(self._numbers)
            return number

    def follow(self, body: bytes, at: int) -> tuple[Path, list[int]]:
        """The longest known beginning of the messages that start at this place of a body.

        Gives the passages, and for each of them the place behind it and its comma.
        """
        path: Path = []
        ends: list[int] = []
        here = self._root
        with self._lock:
            known = self._beginnings.at(body, at) or here.children[:WIDEST]
            while known:
                for child in known:
                    if body.startswith(child.raw, at) and (
                        follows := _follows(body, at + len(child.raw))
                    ):
                        break
                else:
                    break
                if child is not known[0]:  # the usual one is looked at first
                    here.children.remove(child)
                    here.children.insert(0, child)
                here, known, at = child, child.children, follows.end()
                path.append(here)
                ends.append(at)
                if here.trail and (more := _along(here.trail, body, at)):
                    path += here.trail[: len(more)]
                    ends += more
                    here, known, at = path[-1], path[-1].children, ends[-1]
            if here in self._leaves:
                self._leaves.move_to_end(here)
        return path, ends

    def extend(self, path: Path, new: Sequence[tuple[bytes, int]]) -> Path:
        """The path with more passages at its end, each told as its bytes and its number of messages."""
        path = list(path)
        with self._lock:
            here = path[-1] if path else self._root
            for raw, count in new:
                here = self._child(here, raw, count)
                path.append(here)
            if here.parent is not None:
                path[0].trail = path[1:]
            self._shrink()
        return path

    def keep(self, frame: Frame) -> None:
        """It stood around a conversation."""
        with self._lock:
            self.frames.keep(frame)
            self._shrink()

    def field(self, raw: bytes) -> Passage:
        """What is known of a field with these bytes."""
        with self._lock:
            known = self._fields.children
            for number, field in enumerate(known):
                if field.raw == raw:
                    if number:
                        known.insert(0, known.pop(number))
                    self._leaves.move_to_end(field)
                    return field
            field = self._child(self._fields, raw, 0)
            self._shrink()
            return field

    def recall(
        self,
        passages: Sequence[Passage],
        what: Hashable,
        make: Callable[[int], T],
        size: Callable[[T], int] = small,
    ) -> list[T]:
        """What was made of each passage in this way, which is made now where it is missing.

        `make` is told the number of the passage; `size` tells the bytes of what it made.
        """
        slot = self._slots.get(what) or self._slot(what)
        try:
            return list(map(itemgetter(slot), map(_made, passages)))
        except KeyError:
            pass
        values: list[T] = []
        for at, passage in enumerate(passages):
            if slot in passage.made:
                values.append(passage.made[slot])
            else:
                value = make(at)
                values.append(self._keep(passage, slot, value, size(value)))
        return values

    def recall_one(
        self,
        passage: Passage,
        what: Hashable,
        make: Callable[[], T],
        size: Callable[[T], int] = small,
    ) -> T:
        """As `recall`, of one passage."""
        made, slot = passage.made, self._slots.get(what) or self._slot(what)
        if slot in made:
            known: T = made[slot]
            return known
        value = make()
        return self._keep(passage, slot, value, size(value))

    def _keep(self, passage: Passage, slot: int, value: T, size: int) -> T:
        with self._lock:
            if slot not in passage.made and passage.parent is not None:
                passage.size += size
                self._size += size
            passage.made[slot] = value
            self._shrink()
        return value

    def _child(self, parent: Passage, raw: bytes, count: int) -> Passage:
        if parent.parent is None and parent is not self._root and parent is not self._fields:
            return Passage(raw, count, None)  # forgotten meanwhile; whoever holds it can go on
        begins = parent is self._root
        known = self._beginnings.of(raw) if begins else None
        for number, child in enumerate(parent.children if not begins else ()):
            if child.raw == raw:  # one with which it begins was looked at sooner
                parent.children.insert(0, parent.children.pop(number))
                return child
        if known is not None:
            return known
        if len(parent.children) >= (CONVERSATIONS if begins else WIDEST):
            self._forget(parent.children[-1])
        child = Passage(raw, count, parent)
        if begins:
            self._beginnings.add(child)
        else:
            child.begins = parent.begins or parent
        parent.children.insert(0, child)
        self._leaves.pop(parent, None)
        self._leaves[child] = None
        self._size += child.size
        return child

    def _shrink(self) -> None:
        """Forgets the ends of conversations that were not used for long, one passage at a time."""
        if self.frames.size > self.limit // FRAMES:
            self.frames.shrink(self.limit // FRAMES)
        while self._size > self.limit - self.frames.size:
            leaf = next(iter(self._leaves))
            parent = leaf.parent
            self._forget(leaf)
            if parent is not None and parent.parent is not None and not parent.children:
                self._leaves[parent] = None
                self._leaves.move_to_end(parent, last=False)

    def _forget(self, passage: Passage) -> None:
        """Forgets a passage and all that follows it."""
        if passage.parent is not None:
            siblings = passage.parent.children
            siblings.pop(-1 if siblings[-1] is passage else siblings.index(passage))
            if passage.parent is self._root:
                self._beginnings.remove(passage)
        going = [passage]
        while going:
            gone = going.pop()
            going += gone.children
            gone.parent, gone.children, gone.trail = None, [], []
            if gone.begins is not None:
                gone.begins.trail = []
            self._leaves.pop(gone, None)
            self._size -= gone.size


class _Beginnings:
    """Finds the beginning of a conversation among many, by where the model first speaks in the body."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bytes], Passage] = {}
        """Length and last bytes -> the passage."""

    def add(self, passage: Passage) -> None:
        """One more; it takes the place of one that looks alike, which is found by comparing still."""
        self._known[_look(passage.raw)] = passage

    def remove(self, passage: Passage) -> None:
        """It is forgotten."""
        if self._known.get(_look(passage.raw)) is passage:
            del self._known[_look(passage.raw)]

    def of(self, raw: bytes) -> Passage | None:
        """The passage of these bytes."""
        found = self._known.get(_look(raw))
        return found if found is not None and found.raw == raw else None

    def at(self, body: bytes, at: int) -> list[Passage]:
        """The one that seems to stand here in a body, if the model has spoken in it."""
        for speaks in SPEAKS:
            if (behind := body.find(speaks, at)) < 0:
                continue
            begins = body[at:behind].rstrip(_BLANKS)
            if not begins.endswith(b","):
                continue
            if (found := self.of(begins[:-1].rstrip(_BLANKS))) is not None:
                return [found]
        return []


SPEAKS = (b'{"role":"assistant"', b'{"role": "assistant"')
"""How the model's first message begins, as clients write it."""
TAIL = 64


def _look(raw: bytes) -> tuple[int, bytes]:
    return len(raw), raw[-TAIL:]


def _along(trail: Path, body: bytes, at: int) -> list[int]:
    """The places behind those passages of a trail that stand here one by one, and their commas.

    Without a loop of ours: a conversation is mostly what it was at the turn before. Of the last that
    stands here it is not known what follows, so that it is left to `follow`; and so is a rare layout.
    """
    places = list(itertools.accumulate(map(_width, trail), initial=at))
    stands = list(map(body.startswith, map(_raw, trail), places))
    count = (stands.index(False) if False in stands else len(stands)) - 1
    if count < 1:
        return []
    commas = itertools.islice(
        itertools.accumulate(map(_width, trail), initial=at - 1), 1, count + 1
    )
    if bytes(map(body.__getitem__, commas)) != b"," * count:
        return []
    return places[1 : count + 1]


_raw, _width, _made = attrgetter("raw"), attrgetter("width"), attrgetter("made")
_follows = re.compile(rb"[ \t\r\n]*+(?:,[ \t\r\n]*+(?!\])|(?=\]))").match
"""What stands behind a passage: a comma and another message, or the end of the list. Anything else is no
JSON, which somebody else says."""
