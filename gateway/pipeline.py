"""One request from its arrival to its last byte, as a plain object that is fed and drained. No IO.

An `Exchange` parses and routes, applies the rule's transforms, has the dialect write the request, and
turns the provider's bytes into the client's. The shell around it moves bytes and nothing else; without
a shell the same object explains what would happen.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from gateway import json_text
from gateway.config import MOCK, Endpoint, ModelFacts, Snapshot
from gateway.correction import Correction, Corrector, ToolCatalog
from gateway.dialects import Answer, AnswerContext, Outgoing
from gateway.errors import GatewayError, InvalidRequest, MissingKey, NotFound, UpstreamBroken
from gateway.messages import MessagesRequest, Sink, Usage, encode_event, random_id
from gateway.providers import join_url
from gateway.routing import BadTarget, Facts, Route, Target, route
from gateway.tokens import TokenCounter

PING = encode_event("ping", {"type": "ping"})
"""The one event that may come before the message starts."""

LONGEST_HEADER = 1_000
"""Characters of a header that lists things."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A client's request as the server read it."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    query: str = ""
    prefix: str = ""
    """The path before the endpoint: `/openai:gpt-4.1`, `/fast`, or nothing."""
    client: str | None = None
    """The name of the key that the client showed, if the gateway asks for one."""


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """What to send, and to whom."""

    endpoint: Endpoint
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Exchange:
    """See the module. Methods are called in the order in which they stand here."""

    def __init__(self, snapshot: Snapshot, inbound: Inbound, counter: TokenCounter) -> None:
        self.snapshot = snapshot
        self.inbound = inbound
        self.id = random_id("req")
        self.request = MessagesRequest.parse(inbound.body)
        self.facts = Facts(self.request, counter, path_prefix=inbound.prefix)
        self.corrections: list[Correction] = []
        self._returned: Mapping[str, str] = {}
        self._answer: Answer | None = None

    # -- the request ----------------------------------------------------------------------------

    @cached_property
    def route(self) -> Route:
        """Where the request goes and why. Raises `GatewayError`."""
        return choose(self.snapshot, self.facts)

    @cached_property
    def endpoint(self) -> Endpoint:
        """The provider of the route, or the mock in its place when its key is missing."""
        endpoint = self.snapshot.endpoints[self.route.target.provider]
        if endpoint.missing_key is None:
            return endpoint
        if self.snapshot.when_key_is_missing == "mock":
            return MOCK
        raise MissingKey(
            f"The gateway has no key for {endpoint.name}: set {endpoint.missing_key} in its "
            f"environment or in the .env file beside its config. ({self.route.target} was chosen "
            f"by {self.route.reason}.)"
        )

    @property
    def stand_in(self) -> str | None:
        """The provider that answers in place of the chosen one, if one does."""
        if "endpoint" not in self.__dict__ or self.endpoint.name == self.route.target.provider:
            return None
        return self.endpoint.name

    @cached_property
    def transformed(self) -> MessagesRequest:
        """The request after the transforms of its route."""
        request = self.request
        for name in self.route.transforms:
            request = self.snapshot.transforms[name](request)
        return request

    @cached_property
    def outgoing(self) -> Outgoing:
        """The request in the target's format."""
        limits = self.snapshot.models.get(str(self.route.target), ModelFacts())
        return self.endpoint.dialect.outgoing(
            self.transformed, self.route.target.model, max_output=limits.max_output
        )

    def upstream_request(self) -> UpstreamRequest:
        """What to send. Raises `GatewayError` when there is nothing to send."""
        outgoing, endpoint = self.outgoing, self.endpoint
        path = outgoing.path
        if endpoint.dialect.forwards_query and self.inbound.query:
            path = f"{path}?{self.inbound.query}"
        headers = {
            "accept": "text/event-stream" if self.request.stream else "application/json",
            **outgoing.headers,
            **picked(self.inbound.headers, endpoint.dialect.forwarded_headers),
            **endpoint.headers,
        }
        if endpoint.base_url == MOCK.base_url:
            headers["x-gateway-route"] = quote(json_text.encode(self._account()))
        return UpstreamRequest(endpoint, join_url(endpoint.base_url, path), headers, outgoing.body)

    def _account(self) -> dict[str, object]:
        """What the mock tells: the decision and its reasons."""
        return {
            "target": str(self.route.target),
            "reason": self.route.reason,
            "skipped": [[skipped.rule, skipped.condition] for skipped in self.route.skipped],
            "transforms": list(self.route.transforms),
            "missing_key": self.snapshot.endpoints[self.route.target.provider].missing_key,
        }

    # -- the answer -----------------------------------------------------------------------------

    def accept(self, headers: Mapping[str, str]) -> None:
        """The provider answers with success; its bytes follow. Header names in lower case."""
        dialect = self.endpoint.dialect
        self._returned = picked(headers, dialect.returned_headers)
        mode = self.snapshot.correction
        self._answer = dialect.answer(
            AnswerContext(
                stream=self.request.stream,
                upstream_streams=self._is_stream(headers.get("content-type", "")),
                model=self.request.model,
                tool_names=self.outgoing.tool_names,
                prompt_estimate=self._prompt_estimate,
                id_is_taken=self._id_is_taken,
                correct=self._corrected if mode != "off" else None,
                holds_tool_calls=mode == "repair",
            )
        )

    def _is_stream(self, content_type: str) -> bool:
        """What the provider says it sends; a provider that says neither sends what was asked for."""
        if "event-stream" in content_type or "json" in content_type:
            return "event-stream" in content_type
        return self.request.stream

    def refuse(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """The provider answers with an error; this is what to tell the client."""
        dialect = self.endpoint.dialect
        self._returned = picked(headers, dialect.returned_headers)
        return dialect.error(status, headers, self._without_key(body))

    @property
    def answer(self) -> Answer:
        """The answer under way."""
        if self._answer is None:
            raise UpstreamBroken("The provider has not answered.")
        return self._answer

    @property
    def ended(self) -> bool:
        """Nothing more will be said."""
        return self._answer is not None and self._answer.ended

    def receive(self, chunk: bytes) -> bytes:
        """Bytes of the provider in, bytes for the client out. Raises what is a status still."""
        return self._checked(self.answer.receive(chunk))

    def finish(self) -> bytes:
        """The provider's bytes have ended. Raises `UpstreamBroken` if the answer has not."""
        return self._checked(self.answer.finish())

    def _checked(self, out: bytes) -> bytes:
        """What was said, if the provider did not fail; raises a failure that is a status still."""
        failure = self.answer.failure
        if failure is None:
            return out
        failure.message = self._without_key(
            failure.message.encode("utf-8", "surrogatepass")
        ).decode("utf-8", "surrogatepass")
        if self.answer.started and self.request.stream:
            return self._without_key(out)
        raise failure

    def _without_key(self, words: bytes) -> bytes:
        """A provider's error, without the gateway's key: some repeat the key that they refuse."""
        secret = self.endpoint.secret
        return words.replace(secret.encode(), b"[secret]") if secret else words

    def begin(self) -> bytes:
        """Opens the stream although the provider is silent still, to keep the client waiting."""
        return self._answer.begin() if self._answer is not None else PING

    def heartbeat(self) -> bytes:
        """Something to send to a client that has waited for long."""
        return self._answer.heartbeat() if self._answer is not None else PING

    @property
    def response_headers(self) -> dict[str, str]:
        """The headers of the answer, whatever it is."""
        headers = {"request-id": self.id, **self._returned}
        if "route" in self.__dict__:
            headers["x-gateway-target"] = header_text(str(self.route.target))
            headers["x-gateway-reason"] = header_text(self.route.reason)
        if self.stand_in is not None:
            headers["x-gateway-answered-by"] = self.stand_in
        if "outgoing" in self.__dict__ and self.outgoing.dropped:
            headers["x-gateway-dropped"] = header_text(", ".join(self.outgoing.dropped))
        return headers

    @property
    def provider_request_id(self) -> str | None:
        """The name that the provider gave this request, to ask its people about."""
        return self._returned.get("request-id")

    @property
    def usage(self) -> Usage | None:
        """What the answer cost, as far as the provider said."""
        return self._answer.usage if self._answer is not None else None

    @property
    def stop_reason(self) -> str | None:
        """Why the model stopped."""
        return self._answer.stop_reason if self._answer is not None else None

    # -- what the answer needs of its request ---------------------------------------------------

    def _prompt_estimate(self) -> int:
        """The count if a rule has asked for it, otherwise the usual four bytes to a token."""
        return self.facts.tokens_if_known or len(self.inbound.body) // 4

    def _id_is_taken(self, id: str) -> bool:
        return id in self._tool_ids

    @cached_property
    def _tool_ids(self) -> frozenset[str]:
        blocks = (
            block
            for message in self.request.messages
            if isinstance(message.get("content"), list)
            for block in message["content"]
        )
        return frozenset(
            str(block.get("id")) for block in blocks if block.get("type") == "tool_use"
        )

    @cached_property
    def _catalog(self) -> ToolCatalog:
        return ToolCatalog(self.request.tools)

    def _corrected(self, sink: Sink) -> Sink:
        return Corrector(
            sink, self._catalog, mode=self.snapshot.correction, report=self.corrections.append
        )


# -- choosing ----------------------------------------------------------------------------------------


def choose(snapshot: Snapshot, facts: Facts) -> Route:
    """The route: a target in the URL, a target as the model, the first rule that matches, the default.

    What a person spelled out wins over what rules infer.
    """
    if (target := target_of_prefix(snapshot, facts.path_prefix)) is not None:
        return Route(target, "path")
    provider, colon, _ = facts.model.partition(":")
    if colon and provider in snapshot.endpoints:
        return Route(_parsed(facts.model), "model")
    return route(snapshot.rules, snapshot.default, facts)


def target_of_prefix(snapshot: Snapshot, prefix: str) -> Target | None:
    """The target that a URL prefix spells out; None when rules decide. Raises `NotFound`."""
    if not prefix:
        return None
    first = prefix[1:].partition("/")[0]
    if ":" not in first:
        known = (p for p in snapshot.path_prefixes if prefix == p or prefix.startswith(p + "/"))
        if next(known, None) is None:
            raise NotFound(_unknown_prefix(snapshot, prefix))
        return None
    target = _parsed(prefix[1:])
    if target.provider not in snapshot.endpoints:
        raise NotFound(
            f"There is no provider {target.provider!r}."
            + _suggestion(target.provider, snapshot.endpoints)
        )
    return target


def _parsed(text: str) -> Target:
    try:
        return Target.parse(text)
    except BadTarget as error:
        raise InvalidRequest(f"The model is not a target: {error}") from None


def _unknown_prefix(snapshot: Snapshot, prefix: str) -> str:
    provider, _, model = prefix[1:].partition("/")
    if provider in snapshot.endpoints and model:
        return (
            f"There is nothing at {prefix}. To select a model by URL put a colon after the provider: "
            f"/{provider}:{model}"
        )
    return (
        f"There is nothing at {prefix}: no rule asks for this path, and it names no provider:model."
    )


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known are: {', '.join(names)}."


def count_tokens(snapshot: Snapshot, inbound: Inbound, counter: TokenCounter) -> int:
    """The size of the prompt that a request would make. Raises `GatewayError`."""
    target_of_prefix(snapshot, inbound.prefix)
    return counter.request(MessagesRequest.parse(inbound.body))


# -- headers -----------------------------------------------------------------------------------------


def picked(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The headers with these names; a name may end in `*`."""
    exact = {name for name in names if not name.endswith("*")}
    starts = tuple(name[:-1] for name in names if name.endswith("*"))
    return {
        name: value
        for name, value in headers.items()
        if name in exact or (starts and name.startswith(starts))
    }


def header_text(text: str) -> str:
    """Text that can stand in a header: visible ASCII, bounded."""
    return quote(text[:LONGEST_HEADER], safe=" !\"#$&'()*+,-./:;<=>?@[]^_`{|}~")
