"""Words that every part shares: messages, stop reasons, usage, and what can be said to a sink. No IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from gateway.errors import GatewayError

Message = dict[str, Any]
"""An Anthropic message as JSON: `{id, type, role, model, content, stop_reason, usage, …}`."""

StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
]


BILLING = "x-anthropic-billing-header"
"""How the client's attribution block begins. It varies with the prompt and would break every cache."""


class Usage(Struct, frozen=True):
    """Tokens of one answer, counted the Anthropic way.

    The prompt is `input + cache_read + cache_creation`: the three never overlap. `output` includes
    thinking. None means that the provider did not say.
    """

    input: int = 0
    output: int = 0
    cache_read: int | None = None
    cache_creation: int | None = None
    thinking: int | None = None
    web_searches: int | None = None

    @property
    def prompt(self) -> int:
        """The whole prompt, cached or not."""
        return self.input + (self.cache_read or 0) + (self.cache_creation or 0)

    def to_json(self) -> dict[str, Any]:
        """The wire's `usage` object; only what is known stands in it."""
        usage: dict[str, Any] = {"input_tokens": self.input, "output_tokens": self.output}
        if self.cache_creation is not None:
            usage["cache_creation_input_tokens"] = self.cache_creation
        if self.cache_read is not None:
            usage["cache_read_input_tokens"] = self.cache_read
        if self.thinking is not None:
            usage["output_tokens_details"] = {"thinking_tokens": self.thinking}
        if self.web_searches is not None:
            usage["server_tool_use"] = {"web_search_requests": self.web_searches}
        return usage

    @staticmethod
    def from_json(usage: dict[str, Any]) -> Usage:
        """Reads the wire's `usage` object; what is no count is not known."""
        details, tools = usage.get("output_tokens_details"), usage.get("server_tool_use")
        return Usage(
            input=_count(usage.get("input_tokens")) or 0,
            output=_count(usage.get("output_tokens")) or 0,
            cache_read=_count(usage.get("cache_read_input_tokens")),
            cache_creation=_count(usage.get("cache_creation_input_tokens")),
            thinking=_count(details.get("thinking_tokens")) if isinstance(details, dict) else None,
            web_searches=_count(tools.get("web_search_requests"))
            if isinstance(tools, dict)
            else None,
        )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


class Sink(Protocol):
    """One stage of an answer. It is told what the model said, in order, and tells the next stage.

    Calls rather than event objects: a streamed chunk costs a method call and no allocation.
    """

    def text(self, text: str) -> None:
        """Some text of the answer."""

    def texts(self, pieces: Sequence[str]) -> None:
        """Several pieces of text that came at once: as `text` of one after the other."""

    def thinking(self, text: str) -> None:
        """Some thinking."""

    def signature(self, signature: str) -> None:
        """The whole signature of the thinking before it."""

    def redacted_thinking(self, data: str) -> None:
        """A whole block of thinking that only its origin can read."""

    def block(self, block: Mapping[str, Any]) -> None:
        """A whole content block of another kind: a server tool's call, or its result."""

    def tool_start(self, id: str | None, name: str) -> None:
        """A tool call begins; what follows until `tool_end` is its input."""

    def tool_input(self, fragment: str) -> None:
        """A piece of the call's input, as JSON text."""

    def tool_end(self) -> None:
        """The call's input is complete, as far as the provider sent it."""

    def usage(self, usage: Usage) -> None:
        """What the answer cost; a later report replaces an earlier one."""

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        """The answer ended; nothing may follow."""

    def fail(self, error: GatewayError) -> None:
        """The provider broke off with an error; nothing may follow."""
