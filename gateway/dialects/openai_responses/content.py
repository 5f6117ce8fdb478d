"""Turns as input items. No IO.

Reasoning goes back as the very items that the server gave, each before what it was followed by: a
server refuses a reasoning item that nothing follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import json_text
from gateway.dialects.offers import legal_id, legal_name
from gateway.dialects.openai_responses.quirks import ResponsesQuirks
from gateway.dialects.turns import (
    NO_OUTPUT,
    Call,
    Document,
    Image,
    Result,
    Text,
    Thought,
    Turn,
    reminder,
)

Item = dict[str, Any]
Part = dict[str, Any]

LONGEST_ID = 64
KEPT = ("id", "summary", "content", "encrypted_content")
"""What a reasoning item is made of, besides its type."""
LATE = "late"
"""Marks the state of a reasoning item that became complete only after what it was followed by."""


def state_of(item: Mapping[str, Any], quirks: ResponsesQuirks) -> Item | None:
    """A reasoning item of an answer as it has to come back; None when it need not or cannot."""
    if quirks.resent_reasoning == "none":
        return None
    encrypted = item.get("encrypted_content")
    if not encrypted and quirks.resent_reasoning == "encrypted":
        return None
    state = {name: item[name] for name in KEPT if item.get(name)}
    return {"summary": [], **state} if state.keys() - {"id"} else None


def turns_to_items(
    turns: Sequence[Turn], quirks: ResponsesQuirks, dropped: list[str]
) -> list[Item]:
    """Turns as the input items that say the same."""
    return [item for turn in turns for item in turn_to_items(turn, quirks, dropped)]


def turn_to_items(turn: Turn, quirks: ResponsesQuirks, dropped: list[str]) -> list[Item]:
    """One turn as the input items that say the same."""
    if turn.role == "assistant":
        return _assistant(turn, quirks, dropped)
    if turn.role == "system":
        return [_system(turn, quirks)]
    return _user(turn, quirks)


def _system(turn: Turn, quirks: ResponsesQuirks) -> Item:
    text = reminder(turn) if quirks.mid_system == "user" else turn.text
    return _message(quirks.mid_system, [_text(text)])


def _message(role: str, content: list[Part] | str) -> Item:
    return {"type": "message", "role": role, "content": content}


def _text(text: str) -> Part:
    return {"type": "input_text", "text": text}


# -- what the model said -----------------------------------------------------------------------------


def _assistant(turn: Turn, quirks: ResponsesQuirks, dropped: list[str]) -> list[Item]:
    items: list[Item] = []
    late = 0  # where a late reasoning item belongs: behind the last one that came in time
    for part in turn.parts:
        match part:
            case Thought():
                if (item := _reasoning(part, quirks)) is None:
                    dropped.append("thinking of earlier turns")
                elif isinstance(part.state, dict) and part.state.get(LATE):
                    items.insert(late, item)
                    late += 1
                else:
                    items.append(item)
                    late = len(items)
            case Text():
                items.append(_message("assistant", part.text))
            case Call():
                items.append(_call(part))
            case Image() | Document():
                dropped.append(f"{type(part).__name__.lower()} in an assistant message")
    while items and items[-1]["type"] == "reasoning":
        items.pop()
        dropped.append("reasoning that nothing follows")
    return _merged(items)


def _merged(items: list[Item]) -> list[Item]:
    """Texts that stand side by side become one message."""
    out: list[Item] = []
    for item in items:
        if out and item["type"] == "message" == out[-1]["type"]:
            item = _message("assistant", f"{out.pop()['content']}\n\n{item['content']}")
        out.append(item)
    return out


def _reasoning(thought: Thought, quirks: ResponsesQuirks) -> Item | None:
    if not isinstance(thought.state, dict):
        return None
    state = state_of(thought.state, quirks)
    return {"type": "reasoning", **state} if state is not None else None


def _call(call: Call) -> Item:
    return {
        "type": "function_call",
        "call_id": call_id(call.id),
        "name": legal_name(call.name),
        "arguments": json_text.encode_text(call.input),
    }


def call_id(id: str) -> str:
    """A call id that servers take."""
    return legal_id(id, LONGEST_ID)


# -- what the user said ------------------------------------------------------------------------------


def _user(turn: Turn, quirks: ResponsesQuirks) -> list[Item]:
    results: list[Item] = []
    parts: list[Part] = []
    for part in turn.parts:
        if isinstance(part, Result):
            shown = [] if quirks.media_in_results else [_part(media) for media in part.shown]
            results.append(_result(part, is_text=bool(shown)))
            if shown:
                parts += [_text(f"[result of tool call {call_id(part.id)}]"), *shown]
        elif isinstance(part, Text | Image | Document):
            parts.append(_part(part))
    # Results first, because they must follow their calls; then what they show; then what was said.
    return [*results, *([_message("user", parts)] if parts else [])]


def _result(result: Result, *, is_text: bool) -> Item:
    output: str | list[Part] = result.text or ("(shown below)" if is_text else NO_OUTPUT)
    if result.shown and not is_text:
        output = [_part(part) for part in result.parts]
        if result.is_error:
            output.insert(0, _text("Error:"))
    return {"type": "function_call_output", "call_id": call_id(result.id), "output": output}


def _part(part: Text | Image | Document) -> Part:
    match part:
        case Text():
            return _text(part.text)
        case Image():
            return {"type": "input_image", "image_url": part.as_url, "detail": "auto"}
        case Document() if part.url:
            return {"type": "input_file", "file_url": part.url}
    name = part.title if "." in part.title else f"{part.title}.pdf"
    return {"type": "input_file", "filename": name, "file_data": part.as_url}
