"""One output item of an answer, as far as the server has told of it. No IO.

The server tells most of an item three times: piece by piece, then each part as a whole, then the item as
a whole. Servers leave any of these out, so each later account only adds what the earlier ones lacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway import json_text
from gateway.errors import UpstreamBroken

KINDS: Mapping[str, str] = {
    "message": "message",
    "reasoning": "reasoning",
    "function_call": "function_call",
    "custom_tool_call": "function_call",
    "web_search_call": "search",
}
"""Item types -> what they are here; all others are `other` and say nothing to a client."""

Key = tuple[str, int]
"""A part of an item: `text`, `refusal`, `summary`, `content` or `arguments`, and its number."""


@dataclass(slots=True, eq=False)
class Item:
    """What is known of one item. The sink has been told all of it but `waiting`."""

    kind: str
    id: str = ""
    call_id: str = ""
    name: str = ""
    value: Mapping[str, Any] = field(default_factory=dict)
    """The server's last account of the whole item."""
    is_final: bool = False
    """That account came when the item was complete: one at its beginning may hold unfinished state."""
    waiting: list[tuple[Key, str]] = field(default_factory=list)
    told: bool = False
    """The sink has heard something of it."""
    closed: bool = False
    """The server has completed it."""
    finished: bool = False
    """The sink has been told that it is complete."""
    overtaken: bool = False
    """The sink has heard later items before this one was complete."""
    sealed: bool = False
    """Its state has been given to the client."""
    _parts: dict[Key, list[str]] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """All that is known of its parts, joined."""
        return "".join(piece for pieces in self._parts.values() for piece in pieces)

    def label(self, value: Mapping[str, Any]) -> None:
        """Takes id, call id and name from an account of the whole item."""
        self.id = self.id or _string(value.get("id"))
        self.call_id = self.call_id or _string(value.get("call_id"))
        self.name = self.name or _string(value.get("name"))

    def grow(self, key: Key, piece: str) -> bool:
        """A piece of a part; False when there is nothing new in it."""
        if not piece or self.finished or self._is_other_voice(key):
            return False
        self._parts.setdefault(key, []).append(piece)
        self.waiting.append((key, piece))
        return True

    def complete(self, key: Key, full: str) -> bool:
        """A whole part; False when there is nothing new in it. Raises `UpstreamBroken`."""
        known = "".join(self._parts.get(key, ()))
        if full.startswith(known):
            return self.grow(key, full[len(known) :])
        if self.finished or self._is_other_voice(key):
            return False
        if not self.told:  # nobody has heard the other account, and the whole one is the better
            self._parts[key] = [full]
            self.waiting = [(k, piece) for k, piece in self.waiting if k != key] + [(key, full)]
        elif key[0] == "arguments" and is_json(full) and not is_json(known):
            raise UpstreamBroken("The provider's stream lost a part of a tool call's arguments.")
        return False

    def absorb(self, value: Mapping[str, Any]) -> None:
        """An account of the whole item. Raises `UpstreamBroken`."""
        self.label(value)
        self.value = value
        parts = list(parts_of(value, self.kind))
        if "".join(full for _, full in parts) == self.said:
            return  # also where the parts are numbered otherwise than in the pieces
        for key, full in parts:
            self.complete(key, full)

    def may_be(self, value: Mapping[str, Any]) -> bool:
        """An account of a whole item is of this kind, and calls the same tool."""
        other = value.get("name")
        return self.kind == kind_of(value) and (not self.name or other in (None, self.name))

    def fits(self, value: Mapping[str, Any]) -> bool:
        """It may be one of this item by what it says, too."""
        said = "".join(full for _, full in parts_of(value, self.kind))
        overlaps = said.startswith(self.said) or (bool(said) and self.said.startswith(said))
        return self.may_be(value) and overlaps

    def _is_other_voice(self, key: Key) -> bool:
        """Reasoning is heard once: as its summary or as it is, whichever came first."""
        return self.kind == "reasoning" and any(known[0] != key[0] for known in self._parts)


def kind_of(value: Mapping[str, Any]) -> str:
    """What kind of item this is."""
    return KINDS.get(_string(value.get("type")), "other")


def parts_of(value: Mapping[str, Any], kind: str) -> Iterator[tuple[Key, str]]:
    """The parts of a whole item, each with its full text; none that are empty."""
    match kind:
        case "message":
            yield from _message_parts(value.get("content"))
        case "reasoning":
            summary = list(_texts("summary", value.get("summary")))
            yield from summary or _texts("content", value.get("content"))
        case "function_call":
            if text := arguments_of(value):
                yield ("arguments", 0), text


def _message_parts(content: Any) -> Iterator[tuple[Key, str]]:
    if isinstance(content, str):
        content = [{"text": content}]
    for number, part in enumerate(content if isinstance(content, list) else ()):
        for name in ("text", "refusal") if isinstance(part, dict) else ():
            if isinstance(part.get(name), str) and part[name]:
                yield (name, number), part[name]


def _texts(name: str, parts: Any) -> Iterator[tuple[Key, str]]:
    for number, part in enumerate(parts if isinstance(parts, list) else ()):
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str) and text:
            yield (name, number), text


def annotated(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of a whole message, which may cite what was found."""
    content = value.get("content")
    return [
        part for part in (content if isinstance(content, list) else ()) if isinstance(part, dict)
    ]


def arguments_of(value: Mapping[str, Any]) -> str:
    """The arguments of a call as JSON text. The input of a custom tool is text of any kind."""
    if value.get("type") == "custom_tool_call":
        text = _string(value.get("input"))
        return text if _is_object(text) else json_text.encode_text({"input": text})
    return json_text_of(value.get("arguments"))


def json_text_of(value: Any) -> str:
    """JSON text that may have come as the value it stands for."""
    if value is None or isinstance(value, str):
        return value or ""
    return json_text.encode_text(value)


def is_json(text: str) -> bool:
    """The text is one JSON value."""
    try:
        json_text.decode(text)
    except json_text.NotJSON:
        return False
    return True


def _is_object(text: str) -> bool:
    return text.lstrip().startswith("{") and is_json(text)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
