"""The client's messages as turns of plain parts: what every translated format starts from. No IO.

What a block means, and what becomes of one that no other format has, is decided here once; a dialect
only spells the parts. Each message is read by itself, whatever stands around it, so that the same
history always gives the same bytes. What needs its neighbours (a call without its result) is put right
afterwards by `paired`, which leaves alone every turn that is right already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from gateway import json_text
from gateway.messages import BILLING
from gateway.reasoning import Seal

Block = Mapping[str, Any]

NO_OUTPUT = "(no output)"
NO_RESULT = "[no result: the call was interrupted]"


class Text(Struct, frozen=True):
    """Some text, never blank."""

    text: str
    cached: Block | None = None
    """The `cache_control` that the client put here."""


class Image(Struct, frozen=True):
    """An image: `data` in base64 with its `media_type`, or a `url`."""

    media_type: str
    data: str
    url: str = ""
    cached: Block | None = None

    @property
    def as_url(self) -> str:
        """The address, or the data as one (RFC 2397)."""
        return self.url or f"data:{self.media_type};base64,{self.data}"


class Document(Struct, frozen=True):
    """A document that is no text, such as a PDF: like an image, with a title."""

    title: str
    media_type: str
    data: str
    url: str = ""
    cached: Block | None = None

    @property
    def as_url(self) -> str:
        """The address, or the data as one (RFC 2397)."""
        return self.url or f"data:{self.media_type};base64,{self.data}"


class Thought(Struct, frozen=True):
    """Earlier thinking. `state` is what this very target gave with it; None for anything foreign."""

    text: str
    state: Any = None


class Call(Struct, frozen=True):
    """A tool call."""

    id: str
    name: str
    """As the client knows the tool."""
    input: Mapping[str, Any]


class Result(Struct, frozen=True):
    """What a tool call gave. `parts` are texts, images and documents; empty for no output."""

    id: str
    parts: tuple[Text | Image | Document, ...]
    is_error: bool = False
    cached: Block | None = None

    @property
    def text(self) -> str:
        """All text of it. Says that it is an error, for formats that cannot say so otherwise."""
        joined = "\n".join([part.text for part in self.parts if isinstance(part, Text)])
        if self.is_error and "error" not in joined[:40].lower():
            return f"Error: {joined or NO_OUTPUT}"
        return joined

    @property
    def shown(self) -> tuple[Image | Document, ...]:
        """What of it is no text."""
        return tuple([part for part in self.parts if not isinstance(part, Text)])


Part = Text | Image | Document | Thought | Call | Result


class Turn(Struct, frozen=True):
    """One message. `system` is one inside the conversation, not the system prompt."""

    role: Literal["user", "assistant", "system"]
    parts: tuple[Part, ...]

    @property
    def calls(self) -> list[Call]:
        """The tool calls in it."""
        return [part for part in self.parts if isinstance(part, Call)]

    @property
    def text(self) -> str:
        """All text of it."""
        return "\n\n".join([part.text for part in self.parts if isinstance(part, Text)])


def reminder(turn: Turn) -> str:
    """A system message inside the conversation, for formats that take one at the front only.

    It becomes something the user says and stays where it is, so that the prefix of the prompt stays
    what it was.
    """
    return f"<system-reminder>\n{turn.text}\n</system-reminder>"


def system_texts(system: str | Sequence[Block], dropped: list[str]) -> list[Text]:
    """The system prompt's texts, without the client's attribution."""
    if not system:
        return []
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    texts = [block for block in blocks if str(block.get("text") or "").strip()]
    kept = [block for block in texts if not block["text"].startswith(BILLING)]
    if len(kept) < len(texts):
        dropped.append("system attribution block")
    return [Text(block["text"], _cached(block)) for block in kept]


def turns_of(messages: Sequence[Block], seal: Seal, dropped: list[str]) -> list[Turn]:
    """Messages as turns, every call answered right behind it."""
    return paired([turn for m in messages if (turn := read_turn(m, seal, dropped)) is not None])


def read_turn(message: Block, seal: Seal, dropped: list[str]) -> Turn | None:
    """One message; None when nothing of it is left."""
    role, content = message.get("role"), message.get("content")
    parts: list[Part]
    if isinstance(content, str):
        parts = [Text(content)] if content.strip() else []
    else:
        parts = []
        for block in content or ():
            kind = block.get("type") or ""
            if (shown := _CONTENT.get(kind)) is not None:
                parts += shown(block, dropped)
            elif (read := _CONVERSATION.get(kind)) is not None:
                parts += read(block, seal, dropped)
            else:
                parts += _text(_history(block, dropped), block)
    if not parts:
        return None
    return Turn(role if role in ("assistant", "system") else "user", tuple(parts))


def blocks_of(holder: Block) -> Sequence[Block]:
    """The `content` of a message or block: text counts as one text block."""
    content = holder.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


# -- blocks ------------------------------------------------------------------------------------------


def _said(block: Block, dropped: list[str]) -> list[Text | Image | Document]:
    """A block that may stand in a message and in a tool's result."""
    if (read := _CONTENT.get(block.get("type") or "")) is not None:
        return read(block, dropped)
    return _text(_history(block, dropped), block)


def _thinking(block: Block, seal: Seal, dropped: list[str]) -> list[Part]:
    state = seal.open(block.get("signature"))
    text = block.get("thinking") or ""
    return [Thought(text, state)] if text or state is not None else []


def _redacted(block: Block, seal: Seal, dropped: list[str]) -> list[Part]:
    if (state := seal.open(block.get("data"))) is not None:
        return [Thought("", state)]
    dropped.append("redacted thinking of another model")
    return []


def _call(block: Block, seal: Seal, dropped: list[str]) -> list[Part]:
    value = block.get("input")
    arguments = value if isinstance(value, Mapping) else {}
    return [Call(str(block.get("id") or ""), str(block.get("name") or ""), arguments)]


def _result(block: Block, seal: Seal, dropped: list[str]) -> list[Part]:
    parts: list[Text | Image | Document] = []
    for item in blocks_of(block):
        parts += _said(item, dropped)
    id, is_error = str(block.get("tool_use_id") or ""), bool(block.get("is_error"))
    return [Result(id, tuple(parts), is_error, _cached(block))]


def _plain(block: Block, dropped: list[str]) -> list[Text | Image | Document]:
    text = str(block.get("text") or "")
    return [Text(text, _cached(block))] if text.strip() else []


def _text(text: str, block: Block) -> list[Text | Image | Document]:
    return [Text(text, _cached(block))] if text.strip() else []


def _image(block: Block, dropped: list[str]) -> list[Text | Image | Document]:
    source = block.get("source") or {}
    match source.get("type"):
        case "base64":
            media_type, data = str(source.get("media_type")), str(source.get("data") or "")
            return [Image(media_type, data, cached=_cached(block))]
        case "url":
            return [Image("", "", str(source.get("url") or ""), _cached(block))]
    dropped.append(f"image of type {source.get('type')}")
    return _text("[an image that this model cannot be shown]", block)


def _document(block: Block, dropped: list[str]) -> list[Text | Image | Document]:
    source = block.get("source") or {}
    title = str(block.get("title") or "document")
    match source.get("type"):
        case "text":
            context = f"{block['context']}\n" if block.get("context") else ""
            return _text(f"[{title}]\n{context}{source.get('data') or ''}", block)
        case "content":
            inner = [part for item in blocks_of(source) for part in _said(item, dropped)]
            return _text(f"[{title}]", block) + inner
        case "base64":
            media_type, data = str(source.get("media_type")), str(source.get("data") or "")
            return [Document(title, media_type, data, cached=_cached(block))]
        case "url":
            url = str(source.get("url") or "")
            return [Document(title, "application/pdf", "", url, _cached(block))]
    dropped.append(f"document of type {source.get('type')}")
    return _text(f"[{title}: a document that this model cannot be shown]", block)


def _search_result(block: Block, dropped: list[str]) -> list[Text | Image | Document]:
    inner = [part for item in blocks_of(block) for part in _said(item, dropped)]
    lines = [f"Source: {block.get('source')}", f"Title: {block.get('title')}"]
    texts = [part.text for part in inner if isinstance(part, Text)]
    return _text("\n".join([*lines, *texts]), block)


def _history(block: Block, dropped: list[str]) -> str:
    """Blocks of earlier turns that only their origin understands, as text that keeps their gist."""
    kind = block.get("type")
    if kind in ("server_tool_use", "mcp_tool_use"):
        return f"[{block.get('name')}: {json_text.encode_text(block.get('input') or {})}]"
    content = block.get("content")
    if isinstance(content, list) and (lines := _links(content)):
        return "\n".join(lines)
    if kind == "mcp_tool_result":
        return "\n".join(str(item.get("text") or "") for item in blocks_of(block))
    if kind == "compaction":
        return str(content or "")
    dropped.append(f"block {kind}")
    return ""


def _links(results: Sequence[Any]) -> list[str]:
    return [
        f"- {result.get('title')}: {result.get('url')}"
        for result in results
        if isinstance(result, dict) and result.get("url")
    ]


def _cached(block: Block) -> Block | None:
    if (cached := block.get("cache_control")) is None:
        return None
    return cached if isinstance(cached, dict) else None


_CONTENT: Mapping[str, Callable[[Block, list[str]], list[Text | Image | Document]]] = {
    "text": _plain,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "tool_reference": lambda block, _: _text(f"Tool loaded: {block.get('tool_name')}", block),
}

_CONVERSATION: Mapping[str, Callable[[Block, Seal, list[str]], list[Part]]] = {
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _call,
    "tool_result": _result,
}


# -- the conversation as a whole ----------------------------------------------------------------------


def paired(turns: Sequence[Turn]) -> list[Turn]:
    """The same conversation, with every tool call answered right behind it, once.

    Servers refuse a conversation otherwise, and clients do send such: after an interrupted turn a
    result is missing, after compaction a result has lost its call. A missing result is said to be
    missing; a result without a call becomes something that the user says. Results stand first in
    their turn, in the order of the calls.
    """
    out: list[Turn] = []
    at = 0
    while at < len(turns):
        turn = turns[at]
        at += 1
        if turn.role == "assistant" and (calls := turn.calls):
            following = at
            while following < len(turns) and turns[following].role != "assistant":
                following += 1
            out += _answered(turn, calls, turns[at:following])
            at = following
        else:
            out.append(_without_results(turn))
    return out


def _answered(turn: Turn, calls: Sequence[Call], following: Sequence[Turn]) -> list[Turn]:
    ids = [call.id for call in calls]
    if following and following[0].role == "user" and len(set(ids)) == len(ids):
        head = [part.id for part in following[0].parts[: len(ids)] if isinstance(part, Result)]
        rest = following[0].parts[len(ids) :]
        for later in following[1:]:
            rest += later.parts
        if head == ids and Result not in map(type, rest):
            return [turn, *following]  # as it should be, and as it nearly always is
    return _rearranged(turn, ids, following)


def _rearranged(turn: Turn, ids: Sequence[str], following: Sequence[Turn]) -> list[Turn]:
    waiting: dict[str, list[Result]] = {}
    for part in (p for t in following for p in t.parts if isinstance(p, Result) and p.id in ids):
        waiting.setdefault(part.id, []).append(part)
    taken: list[Result] = []
    unique = _unique(ids)
    for call in ids:
        found = waiting.get(call)
        taken.append(found.pop(0) if found else Result(call, (Text(NO_RESULT),)))
    answers = tuple(replace(result, id=new) for result, new in zip(taken, unique, strict=True))
    renamed = iter(unique)
    parts = (replace(p, id=next(renamed)) if isinstance(p, Call) else p for p in turn.parts)
    used = {id(result) for result in taken}
    rest = [_without_results(t, used) for t in following]
    rest = [t for t in rest if t.parts]
    if rest and rest[0].role == "user":
        return [Turn("assistant", tuple(parts)), Turn("user", answers + rest[0].parts), *rest[1:]]
    return [Turn("assistant", tuple(parts)), Turn("user", answers), *rest]


def _unique(ids: Sequence[str]) -> list[str]:
    """The ids of one turn; a repeated one gets a number, because servers pair by id."""
    seen: dict[str, int] = {}
    out = []
    for id in ids:
        seen[id] = seen.get(id, 0) + 1
        out.append(id if seen[id] == 1 else f"{id}_{seen[id]}")
    return out


def _without_results(turn: Turn, used: frozenset[int] | set[int] = frozenset()) -> Turn:
    """The turn, its results taken out where they were used and told as text where they were not."""
    return _told(turn, used) if Result in map(type, turn.parts) else turn


def _told(turn: Turn, used: frozenset[int] | set[int]) -> Turn:
    parts: list[Part] = []
    for part in turn.parts:
        if not isinstance(part, Result):
            parts.append(part)
        elif id(part) not in used:
            parts.append(Text(f"[result of tool call {part.id}]\n{part.text or NO_OUTPUT}"))
            parts += part.shown
    return replace(turn, parts=tuple(parts))
