"""The size of a prompt in the Responses format. No IO.

Reference: https://developers.openai.com/api/docs/guides/token-counting
"""

from __future__ import annotations

from gateway import json_text
from gateway.dialects.base import Outgoing

COUNTED = frozenset(
    {
        *("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls"),
        *("reasoning", "text", "truncation"),
    }
)
"""The fields of a request that its count takes."""


def request_to_count(path: str, outgoing: Outgoing) -> Outgoing:
    """From the request for an answer."""
    body = json_text.decode(outgoing.body)
    kept = {name: value for name, value in body.items() if name in COUNTED}
    return Outgoing(path, outgoing.headers, json_text.encode(kept))
