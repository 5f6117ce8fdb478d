"""The chat completions format of OpenAI, spoken by most servers of other makers too. No IO.

Text, images, documents, tools, parallel calls, tool results with images, thinking, usage, stop
reasons and errors, both ways. How servers differ is data: `ChatQuirks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from msgspec import convert

from gateway.dialects.base import Answer, AnswerContext, Outgoing
from gateway.dialects.failures import failure
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.openai_chat.reader import ChatReader
from gateway.dialects.openai_chat.request import request_to_chat
from gateway.dialects.translated import TranslatedAnswer
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest

__all__ = ["ChatQuirks", "OpenAIChat"]


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """Satisfies `Dialect`."""

    name: ClassVar[str] = "openai-chat"
    quirks_type: ClassVar[type] = ChatQuirks
    forwarded_headers: ClassVar[tuple[str, ...]] = ()
    returned_headers: ClassVar[tuple[str, ...]] = ()
    forwards_query: ClassVar[bool] = False
    quirks: ChatQuirks = field(default_factory=ChatQuirks)

    def outgoing(self, request: MessagesRequest, model: str, *, max_output: int | None) -> Outgoing:
        """See `request_to_chat`."""
        return request_to_chat(request, model, self.quirks, max_output=max_output)

    def answer(self, context: AnswerContext) -> Answer:
        """See `ChatReader`."""
        return TranslatedAnswer(
            context,
            lambda sink: ChatReader(
                sink, streamed=context.upstream_streams, tool_names=context.tool_names
            ),
        )

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """See `failure`."""
        return failure(status, headers, body)

    def with_quirks(self, quirks: Mapping[str, Any]) -> OpenAIChat:
        """The dialect of a server that differs in these fields of `ChatQuirks`."""
        return OpenAIChat(convert({**asdict(self.quirks), **quirks}, ChatQuirks))
