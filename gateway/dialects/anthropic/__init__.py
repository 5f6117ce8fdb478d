"""The client's own format: what no rule changed goes through byte for byte, both ways. No IO.

A request keeps every field, known or not; only `model` (and `max_tokens`, where the target's limit is
lower) is replaced when it has to be. An answer is relayed event by event; see `Relay`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from msgspec import convert

from gateway import json_text
from gateway.dialects.anthropic.relay import Relay
from gateway.dialects.base import Answer, AnswerContext, Outgoing
from gateway.dialects.failures import FORWARDED_HEADERS, failure
from gateway.errors import NO_RETRY, GatewayError, UpstreamFailure
from gateway.messages import MessagesRequest

__all__ = ["Anthropic", "AnthropicQuirks"]


@dataclass(frozen=True, slots=True)
class AnthropicQuirks:
    """Each field is a key that a provider's declaration sets and `quirks:` in the config overrides."""

    path: str = "/v1/messages"
    """Joined to the base URL."""


@dataclass(frozen=True, slots=True)
class Anthropic:
    """Satisfies `Dialect`."""

    name: ClassVar[str] = "anthropic"
    quirks_type: ClassVar[type] = AnthropicQuirks
    forwarded_headers: ClassVar[tuple[str, ...]] = (
        "anthropic-version",
        "anthropic-beta",
        "user-agent",
        "x-app",
        "x-claude-code-*",
        "x-stainless-*",
    )
    returned_headers: ClassVar[tuple[str, ...]] = ("request-id", "anthropic-*")
    forwards_query: ClassVar[bool] = True
    quirks: AnthropicQuirks = field(default_factory=AnthropicQuirks)

    def outgoing(self, request: MessagesRequest, model: str, *, max_output: int | None) -> Outgoing:
        """The client's body; its very bytes when nothing has to change."""
        changes: dict[str, Any] = {}
        if request.model != model:
            changes["model"] = model
        wanted = request.get("max_tokens")
        if max_output is not None and isinstance(wanted, int) and wanted > max_output:
            changes["max_tokens"] = max_output
        sent = request.replace(**changes) if changes else request
        return Outgoing(
            path=self.quirks.path,
            headers={"content-type": "application/json", "anthropic-version": "2023-06-01"},
            body=sent.encode(),
        )

    def answer(self, context: AnswerContext) -> Answer:
        """See `Relay`."""
        return Relay(context)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """The provider's own error where it has the protocol's form, status and all."""
        try:
            value = json_text.decode(body)
        except json_text.NotJSON:
            return failure(status, headers, body)
        error = value.get("error") if isinstance(value, dict) else None
        if not isinstance(error, dict) or value.get("type") != "error" or "message" not in error:
            return failure(status, headers, body)
        forwarded = {name: headers[name] for name in FORWARDED_HEADERS if name in headers}
        if status == 401:  # the gateway's key is wrong; asking again will not help
            forwarded = {**NO_RETRY, **forwarded}
        relayed = UpstreamFailure(
            str(error["message"]), status=status, type=str(error.get("type")), headers=forwarded
        )
        relayed.envelope = body
        return relayed

    def with_quirks(self, quirks: Mapping[str, Any]) -> Anthropic:
        """The dialect of a server that differs in these fields of `AnthropicQuirks`."""
        return Anthropic(convert({**asdict(self.quirks), **quirks}, AnthropicQuirks))
