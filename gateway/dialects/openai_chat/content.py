"""Turns as chat messages. No IO."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from gateway import json_text, patterns
from gateway.dialects.offers import legal_id, legal_name
from gateway.dialects.openai_chat.cache import Cache, keep_last_marks, mark
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.openai_chat.state import Past, past_of
from gateway.dialects.openai_chat.thinking import takes_reasoning
from gateway.dialects.turns import (
    NO_OUTPUT,
    Block,
    Call,
    Document,
    Image,
    Result,
    Text,
    Turn,
    reminder,
)
from gateway.errors import NO_RETRY, InvalidRequest

ChatMessage = dict[str, Any]
Part = dict[str, Any]

LONGEST_ID = 40
SHORT_ID = 9
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
UNSEEN_IMAGE = "[an image that this model cannot be shown]"
NO_PREFILL = (
    "This model does not support assistant message prefill. "
    "The conversation must end with a user message."
)
PREFILL_FIELDS = frozenset({"prefix", "partial"})


class Spelling(Struct, frozen=True, cache_hash=True):
    """How one model of a server wants its messages written."""

    quirks: ChatQuirks
    reasons: bool
    """It takes the provider's reasoning parameters."""
    images: bool
    cache: Cache
    settled: bool
    """The system prompt is a message that stays what it is, whatever else is said."""

    @classmethod
    def of(cls, quirks: ChatQuirks, model: str) -> Spelling:
        """As the quirks say it of this model."""
        cache = quirks.cache if patterns.matches_any(quirks.cache_models, model) else "none"
        is_changed = quirks.merge_turns or quirks.reminders == "hoist"
        return cls(
            quirks=quirks,
            reasons=takes_reasoning(model, quirks),
            images=patterns.matches_any(quirks.image_models, model),
            cache=cache,
            settled=cache == "none" and quirks.reasoning != "prompt" and not is_changed,
        )


def conversation(
    system: Sequence[Text],
    turns: Sequence[Turn],
    spelling: Spelling,
    dropped: list[str],
    *,
    follows: bool = False,
) -> list[ChatMessage]:
    """All messages of a request. Raises `InvalidRequest` when it ends in what cannot be continued.

    `follows`: other messages stand between the system prompt and the turns.
    """
    quirks = spelling.quirks
    if quirks.reminders == "hoist":
        told = [part for turn in turns if turn.role == "system" for part in turn.parts]
        system = [*system, *(part for part in told if isinstance(part, Text))]
        turns = [turn for turn in turns if turn.role != "system"]
    messages = turns_to_chat(turns, spelling, dropped)
    if system:
        messages = [*system_to_chat(system, spelling), *messages]
    if quirks.merge_turns and not follows:
        messages = merged(messages)
    if spelling.cache != "none":
        keep_last_marks(messages)
    if messages and messages[-1]["role"] == "assistant":
        if quirks.prefill == "refuse":
            raise InvalidRequest(NO_PREFILL, headers=NO_RETRY)
        if quirks.prefill in PREFILL_FIELDS:
            messages[-1][quirks.prefill] = True
    return messages


def system_to_chat(texts: Sequence[Text], spelling: Spelling) -> list[ChatMessage]:
    """The system prompt as one leading message; none when it is empty."""
    parts = [_text(part.text, part.cached, spelling) for part in texts]
    return _message(spelling.quirks.system_role, parts, spelling)


def turns_to_chat(
    turns: Sequence[Turn], spelling: Spelling, dropped: list[str]
) -> list[ChatMessage]:
    """Turns as the chat messages that say the same."""
    messages: list[ChatMessage] = []
    for turn in turns:
        messages += turn_to_chat(turn, spelling, dropped)
    return merged(messages) if spelling.quirks.merge_turns else messages


def turn_to_chat(turn: Turn, spelling: Spelling, dropped: list[str]) -> list[ChatMessage]:
    """One turn as the chat messages that say the same."""
    if turn.role == "assistant":
        return _assistant(turn, spelling, dropped)
    if turn.role == "system":
        is_reminder = spelling.quirks.reminders != "system"
        text = reminder(turn) if is_reminder else turn.text
        role = "user" if is_reminder else spelling.quirks.system_role
        return [{"role": role, "content": _of_turn(text, turn, spelling)}]
    return _user(turn, spelling, dropped)


def _message(role: str, parts: list[Part], spelling: Spelling) -> list[ChatMessage]:
    if not parts:
        return []
    return [{"role": role, "content": _content(parts, spelling)}]


def _content(parts: list[Part], spelling: Spelling) -> str | list[Part]:
    """Plain text where text is all there is: many servers know nothing else.

    Where marks are sent, texts stay apart also when none is marked: the marks move on from turn to
    turn, and what the model reads must not change with them.
    """
    for part in parts:
        if len(part) != 2 or part["type"] != "text":
            return parts  # images, files, thinking, or a mark on one of them
    if spelling.cache != "none" and len(parts) > 1:
        return parts
    return "\n\n".join([part["text"] for part in parts])


def _of_turn(text: str, turn: Turn, spelling: Spelling) -> str | list[Part]:
    """`_content` of the one text that the texts of a turn become."""
    return text if spelling.cache == "none" else _one(text, _cached(turn), spelling)


def _one(text: str, cached: Block | None, spelling: Spelling) -> str | list[Part]:
    """`_content` of one text."""
    if cached is None or spelling.cache == "none":
        return text
    return [_text(text, cached, spelling)]


def _text(text: str, cached: Block | None, spelling: Spelling) -> Part:
    part = {"type": "text", "text": text}
    return part if cached is None else {**part, **mark(cached, spelling.cache)}


def _cached(turn: Turn) -> Block | None:
    """The last mark among the texts of a turn that become one text."""
    marks = [part.cached for part in turn.parts if isinstance(part, Text) and part.cached]
    return marks[-1] if marks else None


# -- what the model said -----------------------------------------------------------------------------


def _assistant(turn: Turn, spelling: Spelling, dropped: list[str]) -> list[ChatMessage]:
    quirks, past, calls, text = spelling.quirks, past_of(turn), turn.calls, turn.text
    if not calls and not text:
        if past.text or past.details or past.is_foreign:
            dropped.append("thinking of earlier turns")
        return []
    thought, fields = _thinking(past, bool(calls), quirks, dropped)
    message: ChatMessage = {"role": "assistant"}
    if thought:
        said = [_text(text, _cached(turn), spelling)] if text else []
        message["content"] = [*thought, *said]
    elif text:
        message["content"] = _of_turn(text, turn, spelling)
    elif quirks.empty_content != "omit":
        message["content"] = None if quirks.empty_content == "null" else ""
    if calls:
        numbered = enumerate(calls)
        message["tool_calls"] = [_call(c, quirks, past.extras.get(at)) for at, c in numbered]
    message |= fields
    return [message]


def _thinking(
    past: Past, has_calls: bool, quirks: ChatQuirks, dropped: list[str]
) -> tuple[list[Part], ChatMessage]:
    """The model's own thinking as the server wants it back: parts of the content, fields beside it."""
    parts: list[Part] = []
    fields: ChatMessage = {"reasoning_details": past.details} if past.details else {}
    place = quirks.echo_reasoning if has_calls or quirks.echo_turns == "all" else ""
    if place == "parts" and past.text:
        signed = {"signature": past.signature} if past.signature else {}
        parts = [{"type": "thinking", "thinking": [{"type": "text", "text": past.text}], **signed}]
    elif place and place != "parts" and (past.text or has_calls):
        # Where it is wanted back it may not be empty: a space is the least that is accepted.
        fields[place] = past.text or " "
    if past.is_foreign or (past.text and not place and not past.details):
        dropped.append("thinking of earlier turns")
    return parts, fields


def _call(call: Call, quirks: ChatQuirks, extra: Any) -> dict[str, Any]:
    function = {"name": legal_name(call.name), "arguments": json_text.encode_text(call.input)}
    entry = {"id": chat_id(call.id, quirks), "type": "function", "function": function}
    return entry if extra is None else {**entry, "extra_content": extra}


def chat_id(id: str, quirks: ChatQuirks) -> str:
    """A tool call id that the server takes: one that it would refuse becomes a digest of itself."""
    if quirks.tool_ids == "alnum9":
        if len(id) == SHORT_ID and id.isascii() and id.isalnum():
            return id
        digest = hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest()
        return "".join(ALNUM[byte % len(ALNUM)] for byte in digest[:SHORT_ID])
    return legal_id(id, LONGEST_ID)


# -- what the user and the tools say ------------------------------------------------------------------


def _user(turn: Turn, spelling: Spelling, dropped: list[str]) -> list[ChatMessage]:
    if len(turn.parts) == 1 and isinstance(said := turn.parts[0], Text) and said.cached is None:
        return [{"role": "user", "content": said.text}]
    results: list[ChatMessage] = []
    shown: list[Part] = []
    parts: list[Part] = []
    for part in turn.parts:
        if isinstance(part, Result):
            message, images = _result(part, spelling, dropped)
            results.append(message)
            shown += images
        elif isinstance(part, (Text, Image, Document)):
            parts.append(_part(part, spelling, dropped))
    # Results first, because they must follow their calls; then what they show; then what was said.
    return results + _message("user", shown + parts, spelling)


def _result(
    result: Result, spelling: Spelling, dropped: list[str]
) -> tuple[ChatMessage, list[Part]]:
    """A result, and the parts that a tool message cannot hold, labelled with the call they answer."""
    id = chat_id(result.id, spelling.quirks)
    if Image not in (kinds := list(map(type, result.parts))) and Document not in kinds:
        content = _one(result.text or NO_OUTPUT, result.cached, spelling)
        return {"role": "tool", "tool_call_id": id, "content": content}, []
    parts = [_part(part, spelling, dropped) for part in result.shown]
    shown = [part for part in parts if part["type"] != "text"]
    told = "\n".join(part["text"] for part in parts if part["type"] == "text")
    text = "\n".join(filter(None, (result.text, told))) or ("(shown below)" if shown else NO_OUTPUT)
    if shown:
        shown.insert(0, {"type": "text", "text": f"[result of tool call {id}]"})
    content = _one(text, result.cached, spelling)
    return {"role": "tool", "tool_call_id": id, "content": content}, shown


def _part(part: Text | Image | Document, spelling: Spelling, dropped: list[str]) -> Part:
    if isinstance(part, Text):
        return _text(part.text, part.cached, spelling)
    marked = mark(part.cached, spelling.cache)
    match part:
        case Image() if spelling.images:
            return {"type": "image_url", "image_url": {"url": part.as_url}, **marked}
        case Image():
            dropped.append("image")
            return {"type": "text", "text": UNSEEN_IMAGE, **marked}
        case Document() if spelling.quirks.documents and part.data:
            file = {"filename": f"{part.title}.pdf", "file_data": part.as_url}
            return {"type": "file", "file": file, **marked}
    dropped.append(f"document of type {'base64' if part.data else 'url'}")
    unseen = f"[{part.title}: a document that this model cannot be shown]"
    return {"type": "text", "text": unseen, **marked}


# -- messages of one role ------------------------------------------------------------------------------

MERGING = frozenset({"user", "assistant", "system", "developer"})


def merged(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The same messages, those of one role that follow each other put together."""
    out: list[ChatMessage] = []
    for message in messages:
        last = out[-1] if out else None
        if last is None or last["role"] != message["role"] or message["role"] not in MERGING:
            out.append(dict(message))
            continue
        for name, value in message.items():
            if name != "role":
                last[name] = _joined(last.get(name), value)
    return out


def _joined(one: Any, other: Any) -> Any:
    """The contents, or other fields, of two messages as those of one."""
    if not one or not other:
        return one or other
    if isinstance(one, str) and isinstance(other, str):
        return f"{one}\n\n{other}"
    return [*_listed(one), *_listed(other)]


def _listed(content: str | list[Any]) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
