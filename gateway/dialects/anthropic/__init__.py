"""The client's own format: what no rule and no quirk changed goes through byte for byte, both ways. No IO.

A request keeps every field, known or not; only `model` (and `max_tokens`, where the target's limit is
lower) is replaced when it has to be, and thinking that another server signed is taken out. An answer is
relayed event by event; see `Relay`. How other servers of the format differ is data: `AnthropicQuirks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from msgspec import convert

from gateway.dialects.anthropic.errors import refusal
from gateway.dialects.anthropic.names import RenamingRelay
from gateway.dialects.anthropic.quirks import AnthropicQuirks, knows
from gateway.dialects.anthropic.relay import Relay
from gateway.dialects.anthropic.request import request_for_server
from gateway.dialects.base import Answer, AnswerContext, Destination, Outgoing
from gateway.dialects.counting import of_messages
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest

__all__ = ["Anthropic", "AnthropicQuirks"]

CLIENT_HEADERS = ("user-agent", "x-app", "x-claude-code-*", "x-stainless-*")


@dataclass(frozen=True, slots=True)
class Anthropic:
    """Satisfies `Dialect`."""

    name: ClassVar[str] = "anthropic"
    relays: ClassVar[bool] = True
    quirks_type: ClassVar[type] = AnthropicQuirks
    returned_headers: ClassVar[tuple[str, ...]] = ("request-id", "anthropic-*")
    quirks: AnthropicQuirks = field(default_factory=AnthropicQuirks)

    @property
    def forwarded_headers(self) -> tuple[str, ...]:
        """Those that the quirks allow."""
        betas = ("anthropic-beta",) if self.quirks.betas else ()
        named = CLIENT_HEADERS if self.quirks.client_headers else ()
        return ("anthropic-version", *betas, *named)

    @property
    def forwards_query(self) -> bool:
        """If the quirks allow it."""
        return self.quirks.query

    @property
    def server_tools(self) -> frozenset[str] | None:
        """Those of the quirks; None for every kind."""
        kinds = self.quirks.server_tools
        return None if knows(kinds, "*") else frozenset(kinds)

    def outgoing(self, request: MessagesRequest, destination: Destination) -> Outgoing:
        """The client's body; its very bytes when nothing has to change."""
        return request_for_server(request, destination, self.quirks)

    def counting(self, request: MessagesRequest, destination: Destination) -> Outgoing | None:
        """The same body without what is no part of the prompt."""
        path = self.quirks.count_path
        return of_messages(path, self.outgoing(request, destination)) if path else None

    def answer(self, context: AnswerContext) -> Answer:
        """See `Relay`."""
        relay = RenamingRelay if context.tool_names else Relay
        return relay(context, seals=self.quirks.signatures == "sealed")

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """See `refusal`."""
        return refusal(status, headers, body)

    def with_quirks(self, quirks: Mapping[str, Any]) -> Anthropic:
        """The dialect of a server that differs in these fields of `AnthropicQuirks`."""
        return Anthropic(convert({**asdict(self.quirks), **quirks}, AnthropicQuirks))
