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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway import json_text
from gateway.dialects.turns import BILLING

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


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the prompt."""

    name: str
    """`tools`, `system` or `message 3`."""
    digest: int
    """Of this process alone: outlines are compared, and never kept elsewhere."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A prompt as its provider reads it."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)


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


def outline(body: bytes) -> Outline:
    """The outline of a body in any format; empty for what is no request."""
    try:
        fields = json_text.decode_fields(body)
    except json_text.NotJSON:
        return Outline(())
    found: dict[str, list[Part]] = {"tools": [], "system": [], "messages": []}
    for field, raw in fields.items():
        match FIELDS.get(field):
            case "messages":
                for part in _messages(bytes(raw)):
                    found["system" if part.name == "system" else "messages"].append(part)
            case str(kind):
                found[kind].append(_part(kind, _plain(bytes(raw))))
    return Outline((*found["tools"], *found["system"], *found["messages"]))


def compare(before: Outline, after: Outline) -> Verdict:
    """What is left of the earlier prompt at the beginning of the later one."""
    kept = 0
    for number, part in enumerate(before.parts):
        other = after.parts[number] if number < len(after.parts) else None
        if other != part:
            # What comes in between breaks the prompt where it stands, not what it moves.
            moved = other is not None and other.name != part.name and _rank(other) < _rank(part)
            return Verdict(kept / before.size, (other or part).name if moved else part.name)
        kept += part.size
    return Verdict(1.0)


def _rank(part: Part) -> int:
    return {"tools": 0, "system": 1}.get(part.name, 2)


class Guard:
    """Remembers the last prompt of each conversation with each target. Safe between threads."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._known: OrderedDict[Conversation, dict[str, Outline]] = OrderedDict()
        self._remembered = remembered
        self._lock = threading.Lock()

    def note(self, conversation: Conversation, target: str, body: bytes) -> Verdict | None:
        """The body of a turn is sent. None for the first turn of a conversation with a target."""
        if not conversation:
            return None
        new = outline(body)
        with self._lock:
            prompts = self._known.setdefault(conversation, {})
            old, prompts[target] = prompts.get(target), new
            self._known.move_to_end(conversation)
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        return compare(old, new) if old is not None and old.parts else None

    def forget(self, conversation: Conversation) -> None:
        """The conversation begins anew, as after a compaction."""
        with self._lock:
            self._known.pop(conversation, None)


# -- parts -------------------------------------------------------------------------------------------


def _part(name: str, data: bytes) -> Part:
    return Part(name, hash(data), len(data))


def _messages(data: bytes) -> Iterator[Part]:
    """The parts of a list of messages; those of the system that lead it are the system prompt."""
    try:
        items = json_text.decode_items(data)
    except json_text.NotJSON:
        yield _part("message 0", data)
        return
    number, leads = 0, True
    for item in items:
        raw = bytes(item)
        leads = leads and _role(raw) in SYSTEM_ROLES
        digest, size = _plainly(raw)
        if leads:
            yield Part("system", digest, size)
        else:
            yield Part(f"message {number}", digest, size)
            number += 1


_plain_parts: dict[tuple[int, int], tuple[int, int]] = {}
"""Digest and size of a message as it came -> the same of it without marks."""


def _plainly(raw: bytes) -> tuple[int, int]:
    """Digest and size of a message without marks: remembered, because only the last ones are new."""
    key = hash(raw), len(raw)
    if (known := _plain_parts.get(key)) is None:
        plain = json_text.encode(_stripped(json_text.decode(raw)))
        known = hash(plain), len(plain)
        if len(_plain_parts) >= PLAIN:
            _plain_parts.clear()
        _plain_parts[key] = known
    return known


def _role(raw: bytes) -> Any:
    if not any(role.encode() in raw[:400] for role in SYSTEM_ROLES):
        return None
    value = json_text.decode(raw)
    return value.get("role") if isinstance(value, dict) else None


def _plain(raw: bytes) -> bytes:
    """A field without marks and attribution; the very bytes when it has none."""
    if not any(mark in raw for mark in _MARKS):
        return raw
    return json_text.encode(_stripped(json_text.decode(raw)))


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
