"""`<gateway-route>NAME</gateway-route>`: a person's wish in the prompt, for instance of a sub-agent. No IO.

The definition of a sub-agent is its system prompt, so that is where a person can write which route it
should take. The tag is for the gateway alone: it is taken out before the request goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.messages import MessagesRequest

TAG = re.compile(r"<gateway-route>\s*([A-Za-z0-9_.:/-]{1,100})\s*</gateway-route>\s?")
"""Linear: every part is bounded or of one kind of characters."""

_OPENING = b"<gateway-route>"


def tag_of(request: MessagesRequest) -> str | None:
    """The name in the first tag, in the system prompt or the first message."""
    if not _may_hold(request):
        return None
    for text in _texts(request):
        if (match := TAG.search(text)) is not None:
            return match[1]
    return None


def without_tags(request: MessagesRequest) -> MessagesRequest:
    """The request without its tags; the same object when it has none."""
    if tag_of(request) is None:
        return request
    changes: dict[str, Any] = {"system": _stripped(request.system)}
    first, *rest = request.messages
    changes["messages"] = [{**first, "content": _stripped(first.get("content"))}, *rest]
    return request.replace(**changes)


def _may_hold(request: MessagesRequest) -> bool:
    return request.mentions(_OPENING) or _OPENING in (request.raw_field("system") or b"")


def _texts(request: MessagesRequest) -> list[str]:
    holders = [
        request.system,
        *(message.get("content") for message in request.messages_from(0, 1)[:1]),
    ]
    texts: list[str] = []
    for holder in holders:
        if isinstance(holder, str):
            texts.append(holder)
        else:
            texts += [b["text"] for b in holder or () if isinstance(b.get("text"), str)]
    return texts


def _stripped(content: Any) -> Any:
    if isinstance(content, str):
        return TAG.sub("", content)
    return [_without(block) for block in content] if isinstance(content, list) else content


def _without(block: Mapping[str, Any]) -> Mapping[str, Any]:
    text = block.get("text")
    if not isinstance(text, str) or "<gateway-route>" not in text:
        return block
    return {**block, "text": TAG.sub("", text)}
