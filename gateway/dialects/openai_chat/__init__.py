"""The chat completions format of OpenAI, spoken by most servers of other makers too. No IO.

Text, images, documents, tools, parallel calls, tool results with images, thinking, usage, stop
reasons and errors, both ways. How servers differ is data: `ChatQuirks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from typing import Any, ClassVar

from msgspec import convert

from gateway.dialects.base import Answer, AnswerContext, Destination, Outgoing
from gateway.dialects.counting import of_prompt
from gateway.dialects.failures import failure
from gateway.dialects.openai_chat.content import Spelling
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.openai_chat.reader import ChatReader
from gateway.dialects.openai_chat.request import request_to_chat
from gateway.dialects.think_tags import ThinkTags
from gateway.dialects.translated import TranslatedAnswer
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest, Sink
from gateway.once import once

__all__ = ["ChatQuirks", "OpenAIChat"]


MOST_MODELS = 256
"""Models of which a dialect knows how they are written to; of others it is worked out again."""


@dataclass(frozen=True)
class OpenAIChat:
    """Satisfies `Dialect`."""

    name: ClassVar[str] = "openai-chat"
    relays: ClassVar[bool] = False
    quirks_type: ClassVar[type] = ChatQuirks
    forwarded_headers: ClassVar[tuple[str, ...]] = ()
    returned_headers: ClassVar[tuple[str, ...]] = ()
    forwards_query: ClassVar[bool] = False
    quirks: ChatQuirks = field(default_factory=ChatQuirks)

    @property
    def server_tools(self) -> frozenset[str] | None:
        """Web search, where the server has one."""
        return self.quirks.server_tools

    def outgoing(self, request: MessagesRequest, destination: Destination) -> Outgoing:
        """See `request_to_chat`."""
        return request_to_chat(request, destination, self._spelling_of(destination.model))

    @once
    def _spelling_of(self) -> Callable[[str], Spelling]:
        """By the name of the model."""
        return lru_cache(MOST_MODELS)(partial(Spelling.of, self.quirks))

    def counting(self, request: MessagesRequest, destination: Destination) -> Outgoing | None:
        """In the client's format: the chat format has no such request."""
        path = self.quirks.count_path
        return of_prompt(path, request, destination.model) if path else None

    def answer(self, context: AnswerContext) -> Answer:
        """See `ChatReader` and `ThinkTags`."""
        return TranslatedAnswer(context, partial(self._reader, context))

    def _reader(self, context: AnswerContext, sink: Sink) -> ChatReader:
        tags, seal = self.quirks.think_tags, context.seal
        if tags != "none":
            sink = ThinkTags(sink, sign=lambda: seal.close({}), opened=tags == "opened")
        return ChatReader(
            sink,
            streamed=context.upstream_streams,
            tool_names=context.tool_names,
            seal=seal,
            searches=self.quirks.web_search != "none",
        )

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """See `failure`."""
        return failure(status, headers, body)

    def with_quirks(self, quirks: Mapping[str, Any]) -> OpenAIChat:
        """The dialect of a server that differs in these fields of `ChatQuirks`."""
        return OpenAIChat(convert({**asdict(self.quirks), **quirks}, ChatQuirks))
