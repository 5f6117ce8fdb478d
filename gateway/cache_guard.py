"""Whether a conversation still begins as it did: providers cache prompts by their beginning. No IO.

Of each outgoing body an `Outline` is kept: digests of the parts that a provider puts in front, in the
order in which it reads them, in whatever format the body is. The outline of the next turn should begin
with it. Where it does not, the first part that differs is what broke the cache.

Cache marks move from turn to turn and are no part of what is cached, so they are left out; so is the
client's attribution, which Anthropic's servers leave out too.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile
from typing import Any

from gateway import json_text
from gateway.messages import BILLING

FIELDS: Mapping[str, str] = {
    "tools": "tools",
    "functions": "tools",
    "system": "system",
    "instructions": "system",
    "systemInstruction": "system",
    "messages": "messages",
    "input": "messages",
    "contents": "messages",
}
"""Fields of a body in any format -> the part of the prompt that they hold."""

MARKS = ("cache_control", "prompt_cache_breakpoint")
_MARKS = (*(mark.encode() for mark in MARKS), BILLING.encode())
PLAIN = 50_000
"""Messages of which is remembered what they are without marks; four numbers each."""
SYSTEM_ROLES = frozenset({"system", "developer"})
REMEMBERED = 2_000
"""Conversations."""

Conversation = tuple[str, ...]
"""What names a conversation; empty for one that nobody can tell from others."""

Digest = tuple[int, int]
"""Of a piece of a prompt: a number of this process alone, for outlines are compared and never kept
elsewhere; and its bytes."""


@dataclass(frozen=True, slots=True)
class Known:
    """Messages as they are sent, of which nothing has to be read again."""

    digests: tuple[Digest, ...] = ()
    leading: int = 0
    """How many of them are the system's, before any other."""

    @classmethod
    def of(cls, items: Sequence[bytes], roles: Iterable[str]) -> Known:
        """What is to be known of these messages."""
        leading = len(list(takewhile(SYSTEM_ROLES.__contains__, roles)))
        return cls(tuple([digest_of(item) for item in items]), leading)

    @classmethod
    def joined(cls, parts: Sequence[Known]) -> Known:
        """One after the other."""
        leading = 0
        for part in parts:
            leading += part.leading
            if part.leading < len(part.digests):
                break
        return cls(tuple(chain.from_iterable([part.digests for part in parts])), leading)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the prompt."""

    name: str
    """`tools`, `system` or `message 3`."""
    digest: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A prompt as its provider reads it."""

    tools: tuple[Digest, ...] = ()
    system: tuple[Digest, ...] = ()
    messages: tuple[Digest, ...] = ()

    @property
    def parts(self) -> list[Part]:
        """The pieces in order, each with its name."""
        named = [("tools", one) for one in self.tools] + [("system", one) for one in self.system]
        named += [(f"message {number}", one) for number, one in enumerate(self.messages)]
        return [Part(name, *digest) for name, digest in named]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(size for _, size in chain(self.tools, self.system, self.messages))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a turn kept of the turn before it."""

    kept: float
    """The share of the earlier prompt with which this one begins, in bytes: 1 for all of it."""
    broke_at: str | None = None
    """The first part that differs; None when the prompt only grew."""

    @property
    def part(self) -> str:
        """`tools`, `system`, `messages`, or `nowhere`."""
        if self.broke_at is None:
            return "nowhere"
        return "messages" if self.broke_at.startswith("message") else self.broke_at


def outline(body: bytes, known: Known | None = None, *, front: int = 0) -> Outline:
    """The outline of a body in any format; empty for what is no request.

    `known` are messages that were left out of the body, behind so many that stand in front of them.
    """
    try:
        fields = json_text.decode_fields(body)
    except json_text.NotJSON:
        return Outline()
    tools: list[Digest] = []
    system: list[Digest] = []
    messages: list[Digest] = []
    for field, raw in fields.items():
        match FIELDS.get(field):
            case "messages":
                leading, others = _messages(bytes(raw), known or Known(), front)
                system += leading
                messages += others
            case "tools":
                tools.append(_digest(_plain(bytes(raw))))
            case "system":
                system.append(_digest(_plain(bytes(raw))))
    return Outline(tuple(tools), tuple(system), tuple(messages))


def compare(before: Outline, after: Outline) -> Verdict:
    """What is left of the earlier prompt at the beginning of the later one."""
    same_front = (before.tools, before.system) == (after.tools, after.system)
    if same_front and after.messages[: len(before.messages)] == before.messages:
        return Verdict(1.0)
    kept, others = 0, after.parts
    for number, part in enumerate(before.parts):
        other = others[number] if number < len(others) else None
        if other != part:
            # What comes in between breaks the prompt where it stands, not what it moves.
            moved = other is not None and other.name != part.name and _rank(other) < _rank(part)
            return Verdict(kept / before.size, (other or part).name if moved else part.name)
        kept += part.size
    return Verdict(1.0)


def _rank(part: Part) -> int:
    return {"tools": 0, "system": 1}.get(part.name, 2)


EMPTY = Outline()


class Guard:
    """Remembers the last prompt of each conversation with each target. Safe between threads."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._known: OrderedDict[Conversation, dict[str, Outline]] = OrderedDict()
        self._remembered = remembered
        self._lock = threading.Lock()

    def note(self, conversation: Conversation, target: str, new: Outline) -> Verdict | None:
        """A prompt is sent. None for the first turn of a conversation with a target."""
        if not conversation:
            return None
        with self._lock:
            prompts = self._known.setdefault(conversation, {})
            old, prompts[target] = prompts.get(target), new
            self._known.move_to_end(conversation)
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        return compare(old, new) if old is not None and old != EMPTY else None

    def forget(self, conversation: Conversation) -> None:
        """The conversation begins anew, as after a compaction."""
        with self._lock:
            self._known.pop(conversation, None)


class Turn:
    """One request at a guard, however often it is sent: what it tells of a target is told of its first
    try there, as all others would be compared with that one."""

    __slots__ = ("_guard", "_told")

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._told: dict[str, Verdict | None] = {}

    def note(self, conversation: Conversation, target: str, new: Outline) -> Verdict | None:
        """See `Guard.note`."""
        if target not in self._told:
            self._told[target] = self._guard.note(conversation, target, new)
        return self._told[target]

    def forget(self, conversation: Conversation) -> None:
        """See `Guard.forget`; what this turn has sent is not forgotten."""
        if not self._told:
            self._guard.forget(conversation)


# -- parts -------------------------------------------------------------------------------------------


def digest_of(item: bytes) -> Digest:
    """The digest of a message as it is sent, without marks; of what cannot be read, as it stands."""
    return _digest(_canonical(item))


def _digest(data: bytes) -> Digest:
    return hash(data), len(data)


def _messages(data: bytes, known: Known, front: int) -> tuple[list[Digest], list[Digest]]:
    """Digests of those of the system that lead a list of messages, and of all others."""
    try:
        items = json_text.decode_items(data)
    except json_text.NotJSON:
        return [], [_digest(data)]
    leading: list[Digest] = []
    others: list[Digest] = []
    raws: list[bytes | None] = [bytes(item) for item in items]
    for raw in (*raws[:front], None, *raws[front:]):
        if raw is not None:
            leads = not others and role_of(raw) in SYSTEM_ROLES
            (leading if leads else others).append(_remembered(raw))
        elif not others:
            leading += known.digests[: known.leading]
            others += known.digests[known.leading :]
        else:
            others += known.digests
    return leading, others


_digests: dict[tuple[int, int], Digest] = {}
"""Digest of a message as it came -> the same of it without marks."""


def _remembered(raw: bytes) -> Digest:
    """The digest of a message without marks: remembered, because only the last ones are new."""
    key = hash(raw), len(raw)
    if (known := _digests.get(key)) is None:
        if len(_digests) >= PLAIN:
            _digests.clear()
        known = _digests[key] = digest_of(raw)
    return known


def role_of(raw: bytes) -> Any:
    """Who says a message, if it may be the system."""
    if not any(role.encode() in raw[:400] for role in SYSTEM_ROLES):
        return None
    try:
        value = json_text.decode(raw)
    except json_text.NotJSON:
        return None
    return value.get("role") if isinstance(value, dict) else None


def _plain(raw: bytes) -> bytes:
    """A field without marks and attribution; the very bytes when it has none."""
    if not any(mark in raw for mark in _MARKS):
        return raw
    return _canonical(raw)


def _canonical(raw: bytes) -> bytes:
    try:
        return json_text.encode(_stripped(json_text.decode(raw)))
    except (json_text.NotJSON, RecursionError):  # a field nested deeply is as good as any other
        return raw


def _stripped(value: Any) -> Any:
    """Without marks; a list of one plain text is that text, as some formats write it without marks."""
    if isinstance(value, list):
        items = [_stripped(item) for item in value if not _is_attribution(item)]
        match items:
            case [{"type": "text", "text": str(text), **rest}] if not rest:
                return text
        return items
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key not in MARKS}
    for name in ("content", "parts"):
        if name in kept:
            kept[name] = _stripped(kept[name])
    return kept


def _is_attribution(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("text") or "").startswith(BILLING)
