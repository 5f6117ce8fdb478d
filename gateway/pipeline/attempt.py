"""One try at one target: the request in its format, and its answer on the way back. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from gateway.config import MOCK, Endpoint
from gateway.correction import Correction
from gateway.dialects import Answer, AnswerContext, Destination, Outgoing
from gateway.dialects.unfit import hint, no_answer
from gateway.errors import GatewayError, MissingKey, UpstreamBroken
from gateway.messages import MessagesRequest, encode_event
from gateway.once import once
from gateway.pipeline import edits
from gateway.pipeline.asked import Asked
from gateway.pipeline.corrections import Corrections
from gateway.pipeline.granted import forbidden
from gateway.pipeline.headers import forwarded_query, picked
from gateway.pipeline.inbound import UpstreamRequest
from gateway.providers import join_url
from gateway.reasoning import Seal
from gateway.redaction import redactor
from gateway.routing import Target

PING = encode_event("ping", {"type": "ping"})
"""The one event that may come before the message starts."""


class Attempt:
    """See the module. Methods are called in the order in which they stand here."""

    def __init__(self, asked: Asked, target: Target, key: int = 0) -> None:
        """`key` is a place in the provider's pool."""
        self.asked = asked
        self.target = target
        self._key = key
        self.returned: Mapping[str, str] = {}
        """Headers of the provider that the client gets to see."""
        self.corrections: Corrections | None = None
        """What became of the tool calls; None before there is an answer."""
        self._answer: Answer | None = None
        self._hint = ""

    @once
    def request(self) -> MessagesRequest:
        """The request after the edits for this target."""
        return edits.edited(self.asked.snapshot, self.asked.request, self.asked.route, self.target)

    @once
    def seal(self) -> Seal:
        """Opens and closes the reasoning state of the target."""
        return self.asked.vault.seal_for(str(self.target))

    @once
    def endpoint(self) -> Endpoint:
        """The provider, or the mock in its place when its key is missing. Raises `MissingKey`, and
        `Forbidden` for a target that the client's key does not open."""
        key = self.asked.key
        if key is not None and not key.may_use(self.target):
            raise forbidden(key, self.target)
        snapshot, route = self.asked.snapshot, self.asked.route
        endpoint = snapshot.endpoints[self.target.provider].with_key(self._key)
        if endpoint.missing_key is None:
            if not route.timeouts:
                return endpoint
            return replace(endpoint, timeouts=replace(endpoint.timeouts, **route.timeouts))
        if snapshot.when_key_is_missing == "mock":
            return MOCK
        raise MissingKey(
            f"The gateway has no access to {endpoint.name}: set {endpoint.missing_key} in its "
            f"environment or in the .env file beside its config. ({self.target} was chosen "
            f"by {route.reason}.)"
        )

    @property
    def stand_in(self) -> str | None:
        """The provider that answers in place of the chosen one, if one does."""
        if "endpoint" not in self.__dict__ or self.endpoint.name == self.target.provider:
            return None
        return self.endpoint.name

    @once
    def outgoing(self) -> Outgoing:
        """The request in the target's format. Raises `InvalidRequest`."""
        return self.endpoint.dialect.outgoing(self.request, self._destination)

    @property
    def _destination(self) -> Destination:
        snapshot, route = self.asked.snapshot, self.asked.route
        limits = snapshot.facts_of(self.target)
        policy = route.server_tools or snapshot.server_tools
        return Destination(
            model=self.target.model,
            seal=self.seal,
            max_output=limits.max_output,
            context=limits.context,
            server_tools=policy if isinstance(policy, str) else "auto",
        )

    @property
    def dropped(self) -> tuple[str, ...]:
        """What the target was not sent."""
        if "outgoing" not in self.__dict__:
            return ()
        hidden = edits.hidden(self.asked.snapshot, self.asked.request, self.target)
        return tuple(dict.fromkeys((*self.outgoing.dropped, *hidden)))

    @property
    def _client_names(self) -> Mapping[str, str]:
        """Names of tools as the provider was sent them -> as the client knows them."""
        given, sent = self.request.tool_names, self.outgoing.tool_names
        if not sent:
            return given
        return {**given, **{name: given.get(meant, meant) for name, meant in sent.items()}}

    def upstream_request(self) -> UpstreamRequest:
        """What to send. Raises `GatewayError` when there is nothing to send."""
        accepts = "text/event-stream" if self.asked.request.stream else "application/json"
        return self._addressed(self.outgoing, accepts)

    def count_request(self) -> UpstreamRequest | None:
        """How the provider is asked for the size of the prompt; None where it cannot be.

        Raises `GatewayError` when it has no words for the request.
        """
        counting = self.endpoint.dialect.counting(self.request, self._destination)
        return self._addressed(counting, "application/json") if counting is not None else None

    def _addressed(self, outgoing: Outgoing, accepts: str) -> UpstreamRequest:
        endpoint, inbound = self.endpoint, self.asked.inbound
        path = outgoing.path
        if endpoint.dialect.forwards_query and (query := forwarded_query(inbound.query)):
            path = f"{path}{'&' if '?' in path else '?'}{query}"
        headers = {
            "accept": accepts,
            **outgoing.headers,
            **picked(inbound.headers, endpoint.dialect.forwarded_headers),
            **endpoint.headers,
        }
        return UpstreamRequest(endpoint, join_url(endpoint.base_url, path), headers, outgoing.body)

    # -- the answer -----------------------------------------------------------------------------

    def accept(self, headers: Mapping[str, str]) -> None:
        """The provider answers with success; its bytes follow. Header names in lower case."""
        asked, dialect = self.asked, self.endpoint.dialect
        self.returned = picked(headers, dialect.returned_headers)
        self._hint = hint(headers)
        if asked.corrections is not None:
            self.corrections = asked.corrections(self.target, self.endpoint)
        corrections = self.corrections
        self._answer = dialect.answer(
            AnswerContext(
                stream=asked.request.stream,
                upstream_streams=self._is_stream(headers.get("content-type", "")),
                model=asked.model,
                tool_names=self._client_names,
                prompt_estimate=partial(asked.prompt_estimate, self.target),
                id_is_taken=asked.id_is_taken,
                correct=corrections.stages if corrections and corrections.looks else None,
                holds_tool_calls=corrections is not None and corrections.holds,
                waits=corrections.waits if corrections else _never,
                seal=self.seal,
                stops=self.outgoing.stops,
            )
        )

    def _is_stream(self, content_type: str) -> bool:
        """What the provider says it sends; a provider that says neither sends what was asked for."""
        if "event-stream" in content_type or "json" in content_type:
            return "event-stream" in content_type
        return self.asked.request.stream

    def refuse(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """The provider answers with anything but an answer; this is what to tell the client."""
        if status < 400:
            return no_answer(status, headers)
        dialect = self.endpoint.dialect
        self.returned = picked(headers, dialect.returned_headers)
        return dialect.error(status, headers, redactor.redact_bytes(body))

    @property
    def answer(self) -> Answer:
        """The answer under way. Raises `UpstreamBroken` when there is none."""
        if self._answer is None:
            raise UpstreamBroken("The provider has not answered.")
        return self._answer

    @property
    def answered(self) -> Answer | None:
        """The answer under way, if there is one."""
        return self._answer

    def receive(self, chunk: bytes) -> bytes:
        """Bytes of the provider in, bytes for the client out. Raises what is a status still."""
        try:
            return self._checked(self.answer.receive(chunk))
        except UpstreamBroken as error:
            raise self._hinted(error) from None

    def finish(self) -> bytes:
        """The provider's bytes have ended. Raises `UpstreamBroken` if the answer has not."""
        try:
            return self._checked(self.answer.finish())
        except UpstreamBroken as error:
            raise self._hinted(error) from None

    def _hinted(self, error: UpstreamBroken) -> UpstreamBroken:
        """The error, with what the headers of the answer say of its cause."""
        if self._hint and not self.answer.started:
            error.message = f"{error.message} {self._hint}"
        return error

    def resume(self, verdict: Correction | None) -> bytes:
        """Answers the open question about a call; gives what can be said now."""
        if self.corrections is not None:
            self.corrections.settle(verdict)
        return self._checked(self.answer.take())

    def _checked(self, out: bytes) -> bytes:
        """What was said, if the provider did not fail; raises a failure that is a status still."""
        failure = self.answer.failure
        if failure is None:
            return out
        failure.message = redactor.redact(failure.message)
        if self.answer.started and self.asked.request.stream:
            return _without_secrets(out)
        raise failure

    def begin(self) -> bytes:
        """Opens the stream although the provider is silent still, to keep the client waiting."""
        return self._answer.begin() if self._answer is not None else PING

    def heartbeat(self) -> bytes:
        """Something to send to a client that has waited for long."""
        return self._answer.heartbeat() if self._answer is not None else PING


_ERROR = re.compile(rb"(?:\A|[\r\n])event: ?error[\r\n]")


def _without_secrets(out: bytes) -> bytes:
    """The end of a stream that broke off: what the model said as it is, the provider's error without
    the keys that some repeat."""
    found = _ERROR.search(out)
    at = found.start() if found is not None else 0
    return out[:at] + redactor.redact_bytes(out[at:])


def _never() -> bool:
    return False
