"""What a dialect is: one wire format, both ways. No IO.

A dialect turns a request into what its servers take, and their bytes into an answer for the client.
How servers of one format differ among themselves is data (`Quirks` of the dialect), named by the
provider's declaration and open to the user's config; a dialect never asks which provider it serves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from gateway.cache_guard import Outline, outline
from gateway.dialects.offers import Policy
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest, Sink, Usage
from gateway.reasoning import Seal


class Outgoing(Struct, frozen=True):
    """A request in the target's format, before address and credentials."""

    path: str
    """Joined to the provider's base URL, with the query if there is one."""
    headers: Mapping[str, str]
    body: bytes
    dropped: tuple[str, ...] = ()
    """What the target was not sent, for the log and the `x-gateway-dropped` header."""
    tool_names: Mapping[str, str] = {}
    """Names as sent -> names as the client knows them, where the two differ."""
    stops: tuple[str, ...] = ()
    """Stop sequences that the target was not told of, for the gateway to keep."""
    known_outline: Callable[[], Outline] | None = None
    """The outline of the body, made without reading what was written for an earlier turn."""

    @property
    def outline(self) -> Outline:
        """What the guard of the provider's cache looks at."""
        return self.known_outline() if self.known_outline is not None else outline(self.body)


class Destination(Struct, frozen=True):
    """Where a request goes, as far as its format depends on it."""

    model: str
    """As the provider knows it."""
    seal: Seal
    """Opens the reasoning state of earlier turns, if this very target made it."""
    max_output: int | None = None
    """Tokens at which the answer is capped."""
    context: int | None = None
    """Tokens that prompt and answer may have together."""
    server_tools: Policy = "auto"
    """What becomes of server tools that the target lacks."""


class AnswerContext(Struct, frozen=True):
    """What an answer needs to know about its request."""

    stream: bool
    """The client wants an event stream."""
    upstream_streams: bool
    """The provider answers with an event stream."""
    model: str
    """The model that the client asked for; answers carry its name."""
    tool_names: Mapping[str, str]
    prompt_estimate: Callable[[], int]
    """The size of the prompt in tokens, until the provider says it."""
    id_is_taken: Callable[[str], bool]
    """A tool call of the conversation has this id already."""
    correct: Callable[[Sink], Sink] | None
    """Puts tool correction in front of a sink; None when nobody looks at tool calls."""
    holds_tool_calls: bool
    """Correction may change a tool call, so none is passed on before it is complete."""
    seal: Seal
    """Closes the reasoning state that has to come back to this target."""
    stops: tuple[str, ...] = ()
    """Stop sequences that the gateway keeps (`Outgoing.stops`)."""
    waits: Callable[[], bool] = lambda: False
    """Correction asks somebody about a call, and has not said yet what becomes of it."""


class Answer(Protocol):
    """One answer on its way from the provider to the client: bytes in, bytes out.

    Whole answers come out of `finish`, streamed ones piece by piece out of `receive`.
    """

    @property
    def started(self) -> bool:
        """Something useful has been said: from here on the status cannot change."""

    @property
    def ended(self) -> bool:
        """The answer is complete, or has failed; what still comes is ignored."""

    @property
    def failure(self) -> GatewayError | None:
        """The error that the provider ended with."""

    @property
    def usage(self) -> Usage | None:
        """What the answer cost, once known."""

    @property
    def stop_reason(self) -> str | None:
        """Why the model stopped, once it has."""

    def receive(self, chunk: bytes) -> bytes:
        """Takes bytes of the provider, cut anywhere; gives bytes for the client."""

    def finish(self) -> bytes:
        """The provider's bytes have ended. Raises `UpstreamBroken` if the answer has not.

        While correction waits, nothing is complete; it is called once more when that is over.
        """

    def take(self) -> bytes:
        """What can be said of a stream now that correction waits no more."""

    def begin(self) -> bytes:
        """Opens the stream before the provider has said anything, to keep a client waiting."""

    def heartbeat(self) -> bytes:
        """Something that keeps a client's watchdog quiet and means nothing."""


class Dialect(Protocol):
    """One wire format."""

    name: ClassVar[str]

    relays: ClassVar[bool]
    """Answers go through as they are, and correction is told of each tool call by itself: a call cannot
    become several, and calls in the text are not seen."""

    @property
    def forwarded_headers(self) -> tuple[str, ...]:
        """Client headers that this format's servers understand; a name may end in `*`."""

    @property
    def returned_headers(self) -> tuple[str, ...]:
        """Provider headers that the client understands; a name may end in `*`."""

    @property
    def server_tools(self) -> frozenset[str] | None:
        """The kinds of server tools that these servers run (see `offers`); None for every kind."""

    @property
    def forwards_query(self) -> bool:
        """The query of the client's URL is meant for the provider too."""

    def outgoing(self, request: MessagesRequest, destination: Destination) -> Outgoing:
        """The request as the target takes it. Raises `InvalidRequest`."""

    def counting(self, request: MessagesRequest, destination: Destination) -> Outgoing | None:
        """How these servers are asked for the size of the prompt; None where they cannot be.

        See `counting`. Raises `InvalidRequest`.
        """

    def answer(self, context: AnswerContext) -> Answer:
        """A fresh answer."""

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """A refusal of the provider, as the client understands it."""

    def with_quirks(self, quirks: Mapping[str, Any]) -> Dialect:
        """The same dialect with some quirks changed, as config names them."""
