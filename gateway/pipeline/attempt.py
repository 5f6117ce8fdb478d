"""One try at one target: the request in its format, and its answer on the way back. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from msgspec import Struct

from gateway.config import MOCK, Endpoint
from gateway.config.snapshot import Edits
from gateway.correction import Correction
from gateway.dialects import Answer, AnswerContext, Destination, Outgoing
from gateway.dialects.unfit import hint, no_answer
from gateway.errors import GatewayError, MissingKey, UpstreamBroken
from gateway.messages import MessagesRequest, encode_event
from gateway.once import once
from gateway.pipeline.asked import Asked
from gateway.pipeline.corrections import Corrections
from gateway.pipeline.edits import edited, hidden
from gateway.pipeline.granted import forbidden
from gateway.pipeline.headers import forwarded_query, header_text, picked
from gateway.pipeline.inbound import UpstreamRequest
from gateway.providers import join_url
from gateway.redaction import redactor
from gateway.routing import Route, Target

PING = encode_event("ping", {"type": "ping"})
"""The one event that may come before the message starts."""


class Attempt(Struct, dict=True, eq=False):
    """See the module. Methods are called in the order in which they stand here."""

    asked: Asked
    route: Route
    target: Target
    edits: Edits
    """What is changed of every request that the route leads to the target."""
    _key: int = 0
    """A place in the provider's pool."""
    stand_in: str | None = None
    """The provider that answers in place of the chosen one, if one does."""
    dropped: tuple[str, ...] = ()
    """What the target was not sent."""
    returned: Mapping[str, str] = {}
    """Headers of the provider that the client gets to see."""
    corrections: Corrections | None = None
    """What became of the tool calls; None before there is an answer."""
    answered: Answer | None = None
    """The answer under way, if there is one."""
    _headers: Mapping[str, str] = {}
    """Those of the answer, which may say why it makes no sense."""

    __repr__ = object.__repr__
    """What it holds is nobody's business."""

    @once
    def request(self) -> MessagesRequest:
        """The request after the edits for this target."""
        asked = self.asked
        return edited(asked.snapshot, asked.request, self.route, self.edits)

    @once
    def endpoint(self) -> Endpoint:
        """The provider, or the mock in its place when its key is missing. Raises `MissingKey`, and
        `Forbidden` for a target that the client's key does not open."""
        asked, target = self.asked, self.target
        if asked.key is not None and not asked.key.may_use(target):
            raise forbidden(asked.key, target)
        endpoint = asked.snapshot.endpoints[target.provider]
        if endpoint.pool:
            endpoint = endpoint.pool[self._key]
        if endpoint.missing_key is None:
            timeouts = self.route.timeouts
            if not timeouts:
                return endpoint
            return replace(endpoint, timeouts=replace(endpoint.timeouts, **timeouts))
        if asked.snapshot.when_key_is_missing == "mock":
            self.stand_in = MOCK.name if MOCK.name != target.provider else None
            return MOCK
        raise MissingKey(
            f"The gateway has no access to {endpoint.name}: set {endpoint.missing_key} in its "
            f"environment or in the .env file beside its config. ({target} was chosen "
            f"by {self.route.reason}.)"
        )

    @once
    def outgoing(self) -> Outgoing:
        """The request in the target's format. Raises `InvalidRequest`."""
        made = self.endpoint.dialect.outgoing(self.request, self._destination)
        if made.dropped or self.edits.unseen:
            unseen = hidden(self.asked.request, self.edits.unseen)
            self.dropped = tuple(dict.fromkeys((*made.dropped, *unseen)))
        return made

    @property
    def _destination(self) -> Destination:
        asked, target, limits = self.asked, self.target, self.edits.limits
        policy = self.route.server_tools or asked.snapshot.server_tools
        return Destination(
            model=target.model,
            seal=asked.vault.seal_for(target.name),
            max_output=limits.max_output,
            context=limits.context,
            server_tools=policy if isinstance(policy, str) else "auto",
        )

    @property
    def account(self) -> dict[str, str]:
        """Headers that tell the client what was done beside what it asked for."""
        told: dict[str, str] = {}
        if self.stand_in is not None:
            told["x-gateway-answered-by"] = self.stand_in
        corrections = self.corrections
        if corrections is not None and corrections.found and (repairs := corrections.repairs):
            receipts = ",".join(f"{tool}:{rule}" for tool, rule in repairs)
            told["x-gateway-repairs"] = header_text(receipts)
        if self.dropped:
            told["x-gateway-dropped"] = header_text(", ".join(self.dropped))
        return told

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
        dialect, path, query = endpoint.dialect, outgoing.path, inbound.query
        if query and dialect.forwards_query and (query := forwarded_query(query)):
            path = f"{path}{'&' if '?' in path else '?'}{query}"
        headers = {"accept": accepts, **outgoing.headers}
        if names := dialect.forwarded_headers:
            headers |= picked(inbound.headers, names)
        headers |= endpoint.headers
        return UpstreamRequest(endpoint, join_url(endpoint.base_url, path), headers, outgoing.body)

    # -- the answer -----------------------------------------------------------------------------

    def accept(self, headers: Mapping[str, str]) -> None:
        """The provider answers with success; its bytes follow. Header names in lower case."""
        asked, target, endpoint, outgoing = self.asked, self.target, self.endpoint, self.outgoing
        dialect, stream = endpoint.dialect, asked.request.stream
        self._headers = headers
        if names := dialect.returned_headers:
            self.returned = picked(headers, names)
        self.corrections = corrections = asked.corrections(self.route, target, endpoint)
        if corrections is None:
            correct, holds, waits = None, False, _never
        else:
            policy, waits = corrections.settings.policy, corrections.waits
            correct, holds = corrections.stages if policy.looks else None, policy.holds
        tool_names = self.request.tool_names
        if outgoing.tool_names:
            tool_names = _as_clients_know(outgoing.tool_names, tool_names)
        # What the provider says it sends; a provider that says neither sends what was asked for.
        sent = headers.get("content-type", "")
        self.answered = dialect.answer(
            AnswerContext(
                stream=stream,
                upstream_streams="event-stream" in sent or (stream and "json" not in sent),
                model=asked.request.model,
                tool_names=tool_names,
                prompt_estimate=partial(asked.prompt_estimate, target),
                id_is_taken=asked.id_is_taken,
                correct=correct,
                holds_tool_calls=holds,
                waits=waits,
                seal=asked.vault.seal_for(target.name),
                stops=outgoing.stops,
            )
        )

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
        if self.answered is None:
            raise UpstreamBroken("The provider has not answered.")
        return self.answered

    def receive(self, chunk: bytes) -> bytes:
        """Bytes of the provider in, bytes for the client out. Raises what is a status still."""
        answer = self.answered or self.answer
        try:
            out = answer.receive(chunk)
            return out if (failure := answer.failure) is None else self._failed(failure, out)
        except UpstreamBroken as error:
            raise self._hinted(error) from None

    def finish(self) -> bytes:
        """The provider's bytes have ended. Raises `UpstreamBroken` if the answer has not."""
        answer = self.answer
        try:
            out = answer.finish()
            return out if (failure := answer.failure) is None else self._failed(failure, out)
        except UpstreamBroken as error:
            raise self._hinted(error) from None

    def _hinted(self, error: UpstreamBroken) -> UpstreamBroken:
        """The error, with what the headers of the answer say of its cause."""
        if (cause := hint(self._headers)) and not self.answer.started:
            error.message = f"{error.message} {cause}"
        return error

    def resume(self, verdict: Correction | None) -> bytes:
        """Answers the open question about a call; gives what can be said now."""
        if self.corrections is not None:
            self.corrections.settle(verdict)
        answer = self.answer
        out = answer.take()
        return out if (failure := answer.failure) is None else self._failed(failure, out)

    def _failed(self, failure: GatewayError, out: bytes) -> bytes:
        """What was said before the provider failed; raises a failure that is a status still."""
        failure.message = redactor.redact(failure.message)
        if self.answer.started and self.asked.request.stream:
            return _without_secrets(out)
        raise failure

    def begin(self) -> bytes:
        """Opens the stream although the provider is silent still, to keep the client waiting."""
        return self.answered.begin() if self.answered is not None else PING

    def heartbeat(self) -> bytes:
        """Something to send to a client that has waited for long."""
        return self.answered.heartbeat() if self.answered is not None else PING


_ERROR = re.compile(rb"(?:\A|[\r\n])event: ?error[\r\n]")


def _without_secrets(out: bytes) -> bytes:
    """The end of a stream that broke off: what the model said as it is, the provider's error without
    the keys that some repeat."""
    found = _ERROR.search(out)
    at = found.start() if found is not None else 0
    return out[:at] + redactor.redact_bytes(out[at:])


def _as_clients_know(sent: Mapping[str, str], given: Mapping[str, str]) -> Mapping[str, str]:
    """Names of tools as the provider was sent them -> as the client knows them."""
    return {**given, **{name: given.get(meant, meant) for name, meant in sent.items()}}


def _never() -> bool:
    return False
