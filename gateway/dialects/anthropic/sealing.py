"""Signatures of another server's thinking on their way to the client: sealed. No IO.

The state that is sealed is the signature as the server gave it, and "" where it gave none: then the
seal says only whose thinking it is, so that it never reaches a server that would refuse it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.dialects.anthropic.history import SIGNED
from gateway.messages import Message, encode_event
from gateway.reasoning import Seal
from gateway.sse import Event


def seal_message(message: Message, seal: Seal) -> bool:
    """Seals a whole message in place; False when there is no thinking in it."""
    content = message.get("content")
    blocks = [block for block in content if is_thought(block)] if isinstance(content, list) else []
    for block in blocks:
        field = SIGNED[block["type"]]
        block[field] = sealed(block.get(field), seal)
    return bool(blocks)


def is_thought(block: Any) -> bool:
    """The block is thinking, to be read or not."""
    return isinstance(block, dict) and block.get("type") in ("thinking", "redacted_thinking")


def sealed(signature: Any, seal: Seal) -> str:
    """What the client keeps in place of a signature."""
    return seal.close(signature if isinstance(signature, str) else "")


class OpenThought:
    """A `thinking` block of a stream, from its start to its stop: its signature comes out sealed."""

    def __init__(self, data: Mapping[str, Any], seal: Seal) -> None:
        self.index = data.get("index")
        self._seal = seal
        self._signature = data["content_block"].get("signature")

    def signs(self, data: Mapping[str, Any]) -> bool:
        """Takes a delta; True when it is the server's signature, which is kept back."""
        delta = data.get("delta")
        if not isinstance(delta, dict) or delta.get("type") != "signature_delta":
            return False
        self._signature = delta.get("signature")
        return True

    def stop(self) -> bytes:
        """The sealed signature, right before the block stops."""
        delta = {"type": "signature_delta", "signature": sealed(self._signature, self._seal)}
        event = {"type": "content_block_delta", "index": self.index, "delta": delta}
        return encode_event("content_block_delta", event)


def opened(event: Event, data: Mapping[str, Any], seal: Seal) -> bytes:
    """The start of a block of thinking; its bytes, unless the server's own state stands in it."""
    block = data["content_block"]
    match block["type"]:
        case "redacted_thinking":
            block = {**block, "data": sealed(block.get("data"), seal)}
        case _ if block.get("signature"):
            block = {**block, "signature": ""}
        case _:
            return event.raw
    return encode_event("content_block_start", {**data, "content_block": block})
