"""Thought signatures on their way through the client, each with the part that it belongs to. No IO.

Any part of an answer may carry a signature, and wants it back on the very same part. The client knows
signatures of thinking only, so each rides there, sealed with its place: behind a thought or a text it
signs the last characters of it, before a call it signs that call.
Reference: https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["thought", "text", "call"]

SENTINEL = "skip_thought_signature_validator"
"""Stands for the signature of a call that some other model made, as the documentation has it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature."""

    value: str
    on: Kind
    size: int = 0
    """Characters of the thought or text that it signs, counted from the end of what stands before."""

    @property
    def state(self) -> Mapping[str, Any]:
        """What is sealed."""
        return {"signature": self.value, "on": self.on, "size": self.size}


def signature_of(state: Any) -> Signature | None:
    """The signature in a state that was opened; None when it holds none."""
    if not isinstance(state, dict):
        return None
    value, on, size = state.get("signature"), state.get("on"), state.get("size")
    if not isinstance(value, str) or on not in ("thought", "text", "call"):
        return None
    return Signature(value, on, size if isinstance(size, int) and size > 0 else 0)


def signed(text: str, signature: Signature) -> list[dict[str, Any]]:
    """A text as parts, the signature on as much of its end as was signed."""
    at = max(0, len(text) - signature.size)
    last = {"text": text[at:], "thoughtSignature": signature.value}
    return [{"text": text[:at]}, last] if at else [last]
