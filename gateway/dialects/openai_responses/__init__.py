"""The Responses format of OpenAI, spoken by several servers of other makers too. No IO.

Text, images, files, tools, reasoning with its encrypted state, web search, usage, stop reasons and
errors, both ways. Nothing is kept at the server: each request carries the whole conversation. How
servers differ is data: `ResponsesQuirks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from msgspec import convert

from gateway.dialects.base import Answer, AnswerContext, Destination, Outgoing
from gateway.dialects.failures import failure
from gateway.dialects.openai_responses.content import state_of
from gateway.dialects.openai_responses.counting import request_to_count
from gateway.dialects.openai_responses.quirks import ResponsesQuirks
from gateway.dialects.openai_responses.reader import ResponsesReader
from gateway.dialects.openai_responses.request import request_to_responses
from gateway.dialects.openai_responses.telling import Telling
from gateway.dialects.translated import TranslatedAnswer
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest, Sink

__all__ = ["OpenAIResponses", "ResponsesQuirks"]


@dataclass(frozen=True, slots=True)
class OpenAIResponses:
    """Satisfies `Dialect`."""

    name: ClassVar[str] = "openai-responses"
    relays: ClassVar[bool] = False
    quirks_type: ClassVar[type] = ResponsesQuirks
    forwarded_headers: ClassVar[tuple[str, ...]] = ()
    returned_headers: ClassVar[tuple[str, ...]] = ()
    forwards_query: ClassVar[bool] = False
    quirks: ResponsesQuirks = field(default_factory=ResponsesQuirks)

    @property
    def server_tools(self) -> frozenset[str] | None:
        """Web search, where the server has one."""
        return self.quirks.server_tools

    def outgoing(self, request: MessagesRequest, destination: Destination) -> Outgoing:
        """See `request_to_responses`."""
        return request_to_responses(request, destination, self.quirks)

    def counting(self, request: MessagesRequest, destination: Destination) -> Outgoing | None:
        """See `request_to_count`."""
        path = self.quirks.count_path
        return request_to_count(path, self.outgoing(request, destination)) if path else None

    def answer(self, context: AnswerContext) -> Answer:
        """See `ResponsesReader`."""

        def reader(sink: Sink) -> ResponsesReader:
            telling = Telling(
                sink,
                context.tool_names,
                seal=context.seal,
                state_of=lambda item: state_of(item, self.quirks),
            )
            return ResponsesReader(sink, telling, streamed=context.upstream_streams)

        return TranslatedAnswer(context, reader)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """See `failure`."""
        return failure(status, headers, body)

    def with_quirks(self, quirks: Mapping[str, Any]) -> OpenAIResponses:
        """The dialect of a server that differs in these fields of `ResponsesQuirks`."""
        return OpenAIResponses(convert({**asdict(self.quirks), **quirks}, ResponsesQuirks))
