"""Asking a server how many tokens a prompt has: the requests, and what is answered. No IO.

Messages    https://platform.claude.com/docs/en/api/messages/count_tokens
Responses   https://developers.openai.com/api/reference/resources/responses/subresources/input_tokens
Gemini      https://ai.google.dev/api/tokens
"""

from __future__ import annotations

from gateway import json_text
from gateway.dialects.base import Outgoing
from gateway.errors import UpstreamBroken
from gateway.messages import MessagesRequest

NOT_OF_THE_PROMPT = (
    *("max_tokens", "stream", "stop_sequences", "metadata", "service_tier"),
    *("temperature", "top_p", "top_k"),
)
"""Fields of a request for a message that a request for its count must not have."""

THE_PROMPT = frozenset({"model", "messages", "system", "tools"})
"""The fields that servers count which are not Anthropic's own."""

COUNTS = ("input_tokens", "totalTokens")
"""The fields in which servers answer."""


def of_messages(path: str, outgoing: Outgoing) -> Outgoing:
    """From a request for a message in its own format, its bytes if nothing has to go."""
    request = MessagesRequest.parse(outgoing.body)
    gone = [name for name in NOT_OF_THE_PROMPT if name in request]
    body = request.without(*gone).encode() if gone else outgoing.body
    return Outgoing(path, outgoing.headers, body)


def of_prompt(path: str, request: MessagesRequest, model: str) -> Outgoing:
    """In the client's format, for a server that takes it beside its own one."""
    others = [name for name in request if name not in THE_PROMPT]
    headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    body = request.without(*others).replace(model=model).encode()
    return Outgoing(path, headers, body)


def tokens_in(body: bytes) -> int:
    """The count in an answer. Raises `UpstreamBroken` when there is none."""
    try:
        answer = json_text.decode(body)
    except json_text.NotJSON:
        answer = None
    for name in COUNTS:
        count = answer.get(name) if isinstance(answer, dict) else None
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            return count
    raise UpstreamBroken("The provider's answer holds no count.")
