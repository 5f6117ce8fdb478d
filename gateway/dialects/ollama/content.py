"""Turns as Ollama's messages. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.dialects.offers import legal_name
from gateway.dialects.turns import (
    NO_OUTPUT,
    Document,
    Image,
    Result,
    Text,
    Thought,
    Turn,
    reminder,
)

OllamaMessage = dict[str, Any]
Said = Text | Image | Document


def system_to_ollama(system: Sequence[Text]) -> list[OllamaMessage]:
    """The system prompt as one leading message; none when it is empty."""
    content = _joined(part.text for part in system)
    return [{"role": "system", "content": content}] if system else []


def turns_to_ollama(turns: Sequence[Turn], dropped: list[str]) -> list[OllamaMessage]:
    """Turns as the messages that say the same."""
    messages: list[OllamaMessage] = []
    names: dict[str, str] = {}
    for turn in turns:
        names.update((call.id, legal_name(call.name)) for call in turn.calls)
        messages += _turn(turn, names, dropped)
    return messages


def _turn(turn: Turn, names: Mapping[str, str], dropped: list[str]) -> list[OllamaMessage]:
    if turn.role == "assistant":
        return _assistant(turn, dropped)
    if turn.role == "system":
        return [{"role": "user", "content": reminder(turn)}]
    messages: list[OllamaMessage] = []
    said: list[Said] = []
    for part in turn.parts:
        if isinstance(part, Result):
            messages.append(_result(part, names, dropped))
            if shown := _shown(part):
                said += [Text(f"[result of tool call {part.id}]"), *shown]
        elif isinstance(part, Text | Image | Document):
            said.append(part)
    return [*messages, _user(said, dropped)] if said else messages


def _assistant(turn: Turn, dropped: list[str]) -> list[OllamaMessage]:
    message: OllamaMessage = {"role": "assistant", "content": turn.text}
    thoughts = [part for part in turn.parts if isinstance(part, Thought)]
    if own := _joined(part.text for part in thoughts if part.state is not None and part.text):
        message["thinking"] = own
    if any(part.state is None for part in thoughts):
        dropped.append("thinking of another model")
    if calls := turn.calls:
        message["tool_calls"] = [
            {"id": call.id, "function": {"name": legal_name(call.name), "arguments": call.input}}
            for call in calls
        ]
    return [message] if len(message) > 2 or message["content"] else []


def _result(result: Result, names: Mapping[str, str], dropped: list[str]) -> OllamaMessage:
    """A result as text; what it shows follows in a user message, because templates look there only."""
    told = [_told(part, dropped) for part in result.shown if not _is_sent(part)]
    text = "\n".join(filter(None, (result.text, *told)))
    empty = "(shown below)" if _shown(result) else NO_OUTPUT
    message = {"role": "tool", "content": text or empty, "tool_call_id": result.id}
    # Servers of before 2025-12 pair by name, later ones by id.
    return {**message, "tool_name": names[result.id]} if result.id in names else message


def _shown(result: Result) -> list[Image]:
    return [part for part in result.shown if isinstance(part, Image) and _is_sent(part)]


def _user(said: Sequence[Said], dropped: list[str]) -> OllamaMessage:
    texts, images = [], []
    for part in said:
        if isinstance(part, Text):
            texts.append(part.text)
        elif _is_sent(part):
            images.append(part.data)
        else:
            texts.append(_told(part, dropped))
    message: OllamaMessage = {"role": "user", "content": _joined(texts)}
    return {**message, "images": images} if images else message


def _is_sent(part: Image | Document) -> bool:
    return isinstance(part, Image) and bool(part.data)


def _told(part: Image | Document, dropped: list[str]) -> str:
    """Says what stands here and cannot be sent: the format has images by their data and nothing else."""
    if isinstance(part, Image):
        dropped.append("image of type url")
        return f"[an image that this model cannot be shown: {part.url}]"
    dropped.append(f"document of type {'base64' if part.data else 'url'}")
    return f"[{part.title}: a document that this model cannot be shown]"


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(texts)
