"""The format of the Gemini API, `generateContent` and its stream. No IO.

Text, images, documents, functions, parallel calls, results with images, thinking, thought signatures,
Google Search, usage, stop reasons and errors, both ways. How models differ is data: `GeminiQuirks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from msgspec import convert

from gateway.dialects.base import Answer, AnswerContext, Destination, Outgoing
from gateway.dialects.gemini.counting import request_to_count
from gateway.dialects.gemini.errors import refusal
from gateway.dialects.gemini.quirks import GeminiQuirks
from gateway.dialects.gemini.reader import GeminiReader
from gateway.dialects.gemini.request import request_to_gemini
from gateway.dialects.gemini.tools import SEARCH
from gateway.dialects.translated import TranslatedAnswer
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest

__all__ = ["Gemini", "GeminiQuirks"]


@dataclass(frozen=True, slots=True)
class Gemini:
    """Satisfies `Dialect`."""

    name: ClassVar[str] = "gemini"
    relays: ClassVar[bool] = False
    quirks_type: ClassVar[type] = GeminiQuirks
    forwarded_headers: ClassVar[tuple[str, ...]] = ()
    returned_headers: ClassVar[tuple[str, ...]] = ()
    forwards_query: ClassVar[bool] = False
    server_tools: ClassVar[frozenset[str] | None] = frozenset({SEARCH})
    quirks: GeminiQuirks = field(default_factory=GeminiQuirks)

    def outgoing(self, request: MessagesRequest, destination: Destination) -> Outgoing:
        """See `request_to_gemini`."""
        return request_to_gemini(request, destination, self.quirks)

    def counting(self, request: MessagesRequest, destination: Destination) -> Outgoing | None:
        """See `request_to_count`."""
        if self.quirks.count == "none":
            return None
        outgoing = self.outgoing(request, destination)
        return request_to_count(destination.model, outgoing, self.quirks.count)

    def answer(self, context: AnswerContext) -> Answer:
        """See `GeminiReader`."""
        return TranslatedAnswer(
            context,
            lambda sink: GeminiReader(
                sink,
                streamed=context.upstream_streams,
                tool_names=context.tool_names,
                seal=context.seal,
            ),
        )

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """See `refusal`."""
        return refusal(status, headers, body)

    def with_quirks(self, quirks: Mapping[str, Any]) -> Gemini:
        """The dialect of a server that differs in these fields of `GeminiQuirks`."""
        return Gemini(convert({**asdict(self.quirks), **quirks}, GeminiQuirks))
