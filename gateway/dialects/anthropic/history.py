"""The conversation as another server takes it: only messages that have to change are written anew. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from gateway import json_text
from gateway.cache_guard import Known, role_of
from gateway.dialects.anthropic.quirks import AnthropicQuirks, knows
from gateway.dialects.turns import NO_OUTPUT, Document, Image, Text, read_turn, reminder
from gateway.errors import InvalidRequest
from gateway.json_text import Raw
from gateway.messages import MessagesRequest
from gateway.reasoning import Seal, is_sealed

Block = dict[str, Any]
Content = list[Any]
"""Blocks, as far as the client sent any."""

SIGNED: Mapping[str, str] = {"thinking": "signature", "redacted_thinking": "data"}
"""Block type -> the field that only its origin understands."""

BASIC = frozenset({"text", "tool_use", "tool_result"})
"""Blocks that every server knows."""

_raws = msgspec.json.Decoder(list[Raw]).decode


@dataclass(slots=True)
class Edited:
    """A passage of a conversation, or a whole one."""

    data: bytes | None
    """Its messages, a comma between two of them; None when these are the bytes in which they came."""
    changed: bool
    breaks_thinking: bool
    is_open: bool
    """Something of it would stand behind the next message."""
    dropped: tuple[str, ...]
    _known: Known | None = None

    def sent(self, text: bytes) -> bytes:
        """Its messages, which came as this text."""
        return text if self.data is None else self.data

    def known(self, text: bytes) -> Known:
        """Its messages, for the guard of the provider's cache: read when somebody asks, and then kept."""
        if self._known is None:
            items = [bytes(raw) for raw in raw_items(b"[%b]" % self.sent(text))]
            self._known = Known.of(items, map(role_of, items))
        return self._known


def _as_it_came(text: bytes) -> Edited:
    """Messages of which none has to be looked at."""
    data = b",".join(raw_items(text))
    came = data == text[1:-1]
    return Edited(
        None if came else data, changed=False, breaks_thinking=False, is_open=False, dropped=()
    )


class History:
    """Edits messages one by one, each by itself: the same history always gives the same bytes."""

    def __init__(self, quirks: AnthropicQuirks, seal: Seal, dropped: list[str]) -> None:
        self._quirks = quirks
        self._seal = seal
        self._report = dropped
        self._dropped: list[str] = []
        self._passages: list[tuple[Edited, bytes]] = []
        """Each with the text in which it came."""
        self.breaks_thinking = False
        """The last turn of the model calls a tool and has lost its thinking, which Anthropic refuses."""

    @property
    def known(self) -> Known:
        """The messages that are sent, for the guard of the provider's cache."""
        return Known.joined([passage.known(text) for passage, text in self._passages])

    def edited(self, request: MessagesRequest) -> Raw | None:
        """The conversation; None when nothing of it has to change."""
        if self._quirks.edits_messages:
            request.each("is sound", lambda _: None)  # raises what is wrong
        what = ("history", self._quirks, self._seal.identity)
        texts = request.passage_texts
        passages = request.each_text(what, self._passage, _size)
        if len(passages) > 1 and any(map(_is_open, passages)):
            text = request.raw_field("messages") or b"[]"
            passages, texts = [self._passage(text)], [text[1:-1]]
        self._passages = list(zip(passages, texts, strict=True))
        self._report += chain.from_iterable(map(_dropped, passages))
        self.breaks_thinking = bool(passages) and passages[-1].breaks_thinking
        if not any(map(_changed, passages)):
            return None
        found = [passage.sent(text) for passage, text in self._passages]
        return Raw(b"[%b]" % b",".join([data for data in found if data]))

    def _passage(self, text: bytes) -> Edited:
        self._dropped = []
        self.breaks_thinking = False
        if not (self._quirks.edits_messages or _may_be_foreign(text)):
            return _as_it_came(text)
        out: list[bytes] = []
        held: list[bytes] = []
        changed, calls = False, False
        for raw, message in self._pairs(text):
            new = self._message(message) if isinstance(message, dict) else message
            changed = changed or new is not message
            if new is None and message is not None:
                continue
            kept = bytes(raw) if new is message else json_text.encode(new)
            if calls and isinstance(new, dict) and new.get("role") != message.get("role"):
                held.append(kept)  # a reminder: results stand right behind their calls
                continue
            out += [kept, *held]
            held = []
            calls = isinstance(new, dict) and _calls(new)
        out += held
        data = b",".join(out)
        return Edited(
            data=data if data != text[1:-1] else None,
            changed=changed,
            breaks_thinking=self.breaks_thinking,
            is_open=bool(held),
            dropped=tuple(self._dropped),
        )

    def _pairs(self, text: bytes) -> Iterator[tuple[Raw, Any]]:
        """Each message as it came, and decoded where it has to be looked at."""
        for raw in raw_items(text):
            here = bytes(raw)
            if self._quirks.edits_messages or _may_be_foreign(here):
                yield raw, _decoded(here)
            else:
                self.breaks_thinking = self.breaks_thinking and b'"assistant"' not in here
                yield raw, None

    def _message(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The very message if it may stay as it is; None when nothing of it is left."""
        if message.get("role") == "system" and self._quirks.mid_system == "reminder":
            return self._reminder(message)
        content = message.get("content")
        if not isinstance(content, list):
            return message
        blocks = self._blocks(content)
        if message.get("role") == "assistant":
            lost = _calls(message) and _thinks(content) and not _thinks(blocks)
            self.breaks_thinking = lost and self._quirks.signatures == "own"
        if blocks is content:
            return message
        return {**message, "content": blocks} if blocks else None

    def _reminder(self, message: dict[str, Any]) -> dict[str, Any] | None:
        turn = read_turn(message, self._seal, self._dropped)
        if turn is None:
            return None
        if "output_config" in message:
            self._dropped.append("messages.output_config")
        markers = [part.cached for part in turn.parts if isinstance(part, Text)]
        return {"role": "user", "content": [self._text(reminder(turn), markers[-1:])]}

    # -- blocks ---------------------------------------------------------------------------------

    def _blocks(self, content: Content) -> Content:
        """The blocks; the very list if each of them may stay as it is."""
        out: Content = []
        searches = _foreign_searches(content)
        for block in content:
            if not isinstance(block, dict):
                out.append(block)
            elif searches and (block.get("id") or block.get("tool_use_id")) in searches:
                out += self._told(block)
            else:
                out += self._block(block)
        same = len(out) == len(content) and all(a is b for a, b in zip(out, content, strict=True))
        return content if same else out

    def _block(self, block: Block) -> Content:
        kind = block.get("type")
        if isinstance(kind, str) and kind in SIGNED:
            return self._thought(block, SIGNED[kind])
        if not self._quirks.edits_messages:
            return [block]
        source = block.get("source")
        known = (
            knows(self._quirks.sources, source.get("type")) if isinstance(source, dict) else True
        )
        if not known or not (kind in BASIC or knows(self._quirks.blocks, kind)):
            return self._told(block)
        if not self._quirks.cache_control and "cache_control" in block:
            block = {name: value for name, value in block.items() if name != "cache_control"}
        if kind == "tool_result" and isinstance(content := block.get("content"), list):
            inner = self._blocks(content)
            if inner is not content:
                return [{**block, "content": inner or NO_OUTPUT}]
        return [block]

    def _thought(self, block: Block, field: str) -> Content:
        """Thinking with the signature that its server gave it; none that another server made."""
        signature = block.get(field)
        if self._quirks.signatures == "own":
            if signature and not is_sealed(signature):
                return [block]
        elif isinstance(state := self._seal.open(signature), str):
            return [{**block, field: state}]
        self._dropped.append("thinking of another model")
        return []

    def _told(self, block: Block) -> Content:
        """A block that the server does not know, as those that it knows."""
        turn = read_turn({"role": "user", "content": [block]}, self._seal, self._dropped)
        parts = turn.parts if turn is not None else ()
        return [self._part(part) for part in parts if isinstance(part, Text | Image | Document)]

    def _part(self, part: Text | Image | Document) -> Block:
        match part:
            case Text():
                return self._text(part.text, [part.cached])
            case Image() if knows(self._quirks.blocks, "image"):
                kind = "base64" if part.data else "url"
                if knows(self._quirks.sources, kind):
                    return {"type": "image", "source": _source(part, kind)}
        kind, title = type(part).__name__.lower(), getattr(part, "title", "image")
        self._dropped.append(f"{kind} of type {'base64' if part.data else 'url'}")
        address = f" ({part.url})" if part.url else ""
        return self._text(f"[{title}{address}: {_ARTICLES[kind]} that this model cannot be shown]")

    def _text(self, text: str, markers: Sequence[Mapping[str, Any] | None] = ()) -> Block:
        block: Block = {"type": "text", "text": text}
        kept = [marker for marker in markers if marker] if self._quirks.cache_control else []
        return {**block, "cache_control": kept[-1]} if kept else block


_ARTICLES: Mapping[str, str] = {"image": "an image", "document": "a document"}


_is_open, _changed = attrgetter("is_open"), attrgetter("changed")
_dropped = attrgetter("dropped")


def _size(edited: Edited) -> int:
    return len(edited.data or b"") + 1_000


def _may_be_foreign(text: bytes) -> bool:
    """Thinking, or pages of a search, stand in the text: two looks, which cost next to nothing."""
    return b"thinking" in text or b"encrypted_content" in text


def _decoded(message: bytes) -> Any:
    try:
        return json_text.decode(message)
    except json_text.NotJSON as error:
        raise InvalidRequest(f"messages: not JSON: {error}") from None


def raw_items(text: bytes) -> list[Raw]:
    """The items of an array, each as the bytes it came in; none if it is no array.

    Raises `InvalidRequest`.
    """
    try:
        return _raws(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        value = _decoded(text)
    return [Raw(json_text.encode(item)) for item in value] if isinstance(value, list) else []


def _source(part: Image, kind: str) -> dict[str, str]:
    if kind == "url":
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _foreign_searches(content: Content) -> set[Any]:
    """The ids of searches that another provider ran: their pages lack what Anthropic encrypts."""
    found: set[Any] = set()
    for block in content:
        if not isinstance(block, dict) or block.get("type") != "web_search_tool_result":
            continue
        pages = block.get("content")
        for page in pages if isinstance(pages, list) else []:
            if isinstance(page, dict) and page.get("encrypted_content") == "":
                found.add(block.get("tool_use_id"))
    return found


def _kinds(content: Any) -> set[str]:
    blocks = content if isinstance(content, list) else []
    return {str(block.get("type")) for block in blocks if isinstance(block, dict)}


def _calls(message: Mapping[str, Any]) -> bool:
    return "tool_use" in _kinds(message.get("content"))


def _thinks(content: Any) -> bool:
    return not _kinds(content).isdisjoint(SIGNED)
