"""Ollama's own chat format: lines of JSON, and what its endpoints for other clients cannot say. No IO.

Unlike those it takes the size of the window, refuses a prompt that does not fit instead of cutting it,
and is given back the thinking of its own model. How servers differ is data: `OllamaQuirks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from msgspec import convert

from gateway.dialects.base import Answer, AnswerContext, Destination, Outgoing
from gateway.dialects.ollama.errors import refusal
from gateway.dialects.ollama.quirks import OllamaQuirks
from gateway.dialects.ollama.reader import OWN, OllamaReader
from gateway.dialects.ollama.request import request_to_ollama
from gateway.dialects.think_tags import ThinkTags
from gateway.dialects.translated import TranslatedAnswer
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest, Sink

__all__ = ["Ollama", "OllamaQuirks"]


@dataclass(frozen=True, slots=True)
class Ollama:
    """Satisfies `Dialect`."""

    name: ClassVar[str] = "ollama"
    relays: ClassVar[bool] = False
    quirks_type: ClassVar[type] = OllamaQuirks
    forwarded_headers: ClassVar[tuple[str, ...]] = ()
    returned_headers: ClassVar[tuple[str, ...]] = ()
    forwards_query: ClassVar[bool] = False
    server_tools: ClassVar[frozenset[str] | None] = frozenset()
    quirks: OllamaQuirks = field(default_factory=OllamaQuirks)

    def outgoing(self, request: MessagesRequest, destination: Destination) -> Outgoing:
        """See `request_to_ollama`."""
        return request_to_ollama(request, destination, self.quirks)

    def counting(self, request: MessagesRequest, destination: Destination) -> Outgoing | None:
        """Its servers cannot tell."""
        return None

    def answer(self, context: AnswerContext) -> Answer:
        """See `OllamaReader`. What the provider calls its answer does not matter: it is read by lines."""
        return TranslatedAnswer(context, lambda sink: self._reader(sink, context))

    def _reader(self, sink: Sink, context: AnswerContext) -> OllamaReader:
        tags = self.quirks.think_tags
        if tags != "none":
            sink = ThinkTags(sink, sign=lambda: context.seal.close(OWN), opened=tags == "opened")
        return OllamaReader(
            sink,
            seal=context.seal,
            tool_names=context.tool_names,
            prompt_estimate=context.prompt_estimate,
        )

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """See `refusal`."""
        return refusal(status, headers, body)

    def with_quirks(self, quirks: Mapping[str, Any]) -> Ollama:
        """The dialect of a server that differs in these fields of `OllamaQuirks`."""
        return Ollama(convert({**asdict(self.quirks), **quirks}, OllamaQuirks))
