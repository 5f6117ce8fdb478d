"""One request from its arrival to its last byte. No IO."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from gateway import json_text
from gateway.availability import Availability, Live
from gateway.cache_guard import Guard, Turn, Verdict
from gateway.config import MOCK, Snapshot
from gateway.correction import Correction, Question
from gateway.dialects import Answer
from gateway.errors import GatewayError, PolicyBlocked
from gateway.estimates import Estimates
from gateway.messages import Memory, MessagesRequest, Usage, random_id
from gateway.once import once
from gateway.pipeline.asked import AskedByClient
from gateway.pipeline.attempt import PING, Attempt
from gateway.pipeline.chain import Chain
from gateway.pipeline.choosing import choose
from gateway.pipeline.consultation import Consultation
from gateway.pipeline.corrections import Consulted, Corrections
from gateway.pipeline.edits import applied
from gateway.pipeline.headers import decision, shown
from gateway.pipeline.inbound import Inbound, UpstreamRequest
from gateway.pipeline.sizing import Sizing
from gateway.reasoning import Vault
from gateway.redaction import redactor
from gateway.routing import NO_PINS, NOTHING, Facts, Pins, Readings, Route, Target
from gateway.routing.clients import system_texts
from gateway.routing.pins import compacted, pin_of
from gateway.tokens import Size, TokenCounter


class Exchange:
    """See the module. Methods are called in the order in which they stand here."""

    waited = 0.0
    """Seconds for which it waited for room at providers."""
    decided: Route | None = None
    """The route, if the exchange came so far."""
    begun: Attempt | None = None
    """The try under way, if the exchange came so far: asking for it begins none."""
    prefix: Verdict | None = None
    """What the prompt kept of the turn before; None where there was none, or nobody looked."""
    _turn: Turn | None = None
    """At the guard, once that has looked."""

    def __init__(
        self,
        snapshot: Snapshot,
        inbound: Inbound,
        counter: TokenCounter,
        vault: Vault,
        *,
        pins: Pins = NO_PINS,
        readings: Readings = NOTHING,
        consults: bool = False,
        guard: Guard | None = None,
        memory: Memory | None = None,
        estimates: Estimates | None = None,
        availability: Live | None = None,
        has_to_fit: bool = True,
    ) -> None:
        """`consults`: whoever feeds the answer takes care of `question`; `guard` looks at prompts;
        `estimates` know the tokens of targets, `availability` who has failed; a prompt that fits no
        target is refused if it `has_to_fit`.
        """
        self.snapshot = snapshot
        self.inbound = inbound
        self.id = random_id("req")
        self.request = request = MessagesRequest.parse(inbound.body, memory)
        client, headers = inbound.client, inbound.headers
        self.facts = facts = Facts(
            request,
            counter,
            path_prefix=inbound.prefix,
            headers=headers,
            key=client,
            readings=readings,
            edited=partial(applied, snapshot),
        )
        self.chain = Chain(snapshot, facts, headers, availability or Availability())
        """Whom it asks in turn, and what became of that."""
        self.sizing = Sizing(snapshot, estimates or Estimates())
        """Our own counts in the tokens of targets."""
        self._asked = AskedByClient(
            snapshot,
            inbound,
            request,
            vault,
            snapshot.server.key_named(client) if client is not None else None,
            facts=facts,
            sizing=self.sizing,
            consults=consults,
        )
        self._pins = pins
        self._guard = guard
        self._has_to_fit = has_to_fit

    # -- the request ----------------------------------------------------------------------------

    @once
    def route(self) -> Route:
        """Where the request goes and why. Raises `GatewayError`."""
        self.decided = chosen = choose(
            self.snapshot,
            self.request,
            self.facts,
            self._pins,
            sizing=self.sizing,
            has_to_fit=self._has_to_fit,
        )
        return chosen

    @property
    def transformed(self) -> MessagesRequest:
        """The request after its edits for the target of the try under way. Raises `PolicyBlocked`."""
        return self.attempt.request

    @property
    def looks_for_patterns(self) -> bool:
        """An edit of the route looks for patterns, which can take long on a long text."""
        if not self.snapshot.has_patterns:
            return False
        try:
            return self.attempt.edits.has_patterns
        except GatewayError:
            return False  # whoever asks for the request is told

    @once
    def attempt(self) -> Attempt:
        """The try under way. Raises `PolicyBlocked` for a request that a rule refuses, and
        `UpstreamFailure` where all targets have asked to be left alone."""
        route, chain = self.route, self.chain
        if route.refuse is not None:
            raise PolicyBlocked(route.refuse)
        target = chain.enter(route)
        edits = self.snapshot.edits_for(target, route.transforms)
        self.begun = begun = Attempt(self._asked, route, target, edits, chain.place)
        return begun

    def upstream_request(self) -> UpstreamRequest:
        """What to send. Raises `GatewayError` when there is nothing to send."""
        request = self.attempt.upstream_request()
        if self._guard is not None and self.facts.session is not None:
            self.prefix = self._noted(self._guard)
        if request.endpoint.base_url != MOCK.base_url:
            return request
        account = quote(json_text.encode(redactor.redact_value(self._account())))
        headers = {**request.headers, "x-gateway-route": account}
        return UpstreamRequest(request.endpoint, request.url, headers, request.body)

    def _noted(self, guard: Guard) -> Verdict | None:
        """Has the guard look at a prompt. A compaction makes the conversation another one."""
        turn = self._turn = self._turn or Turn(guard)
        if self.facts.request_class == "compaction":
            turn.forget(compacted(self.facts))
        attempt = self.attempt
        return turn.note(pin_of(self.facts), attempt.target.name, attempt.outgoing.outline)

    @property
    def system_sent(self) -> str | None:
        """The system prompt after its edits, if it came so far."""
        attempt = self.begun
        if attempt is None or "request" not in attempt.__dict__:
            return None
        return "\n\n".join(system_texts(attempt.request))

    def _account(self) -> dict[str, object]:
        """What the mock tells: the decision and its reasons."""
        target = self.attempt.target
        return {
            "target": str(target),
            "reason": self.route.reason,
            "skipped": [[skipped.rule, skipped.condition] for skipped in self.route.skipped],
            "transforms": list(self.snapshot.transforms_for(target, self.route.transforms)),
            "missing_key": self.snapshot.endpoints[target.provider].missing_key,
        }

    def request_for(self, target: Target) -> UpstreamRequest:
        """A copy for a target that is tried out. Raises `GatewayError`."""
        route = self.route
        if route.refuse is not None:
            raise PolicyBlocked(route.refuse)
        edits, place = self.snapshot.edits_for(target, route.transforms), self.chain.key_for(target)
        return Attempt(self._asked, route, target, edits, place).upstream_request()

    def next_try(self, error: GatewayError) -> float | None:
        """A try failed before the client was told anything: seconds until the next one, None for none.

        See `Chain`. A prompt that is too long for one target may fit another; any other fault of the
        request itself stays one.
        """
        wait = self.chain.after(error)
        if wait is not None:
            self.begun = None
            self.__dict__.pop("attempt", None)
        return wait

    @property
    def _answer(self) -> Answer | None:
        """Of the try under way, if its provider has answered."""
        return self.begun.answered if self.begun is not None else None

    @property
    def _corrections(self) -> Corrections | None:
        """What becomes of its tool calls."""
        return self.begun.corrections if self.begun is not None else None

    @property
    def has_spoken(self) -> bool:
        """The client was told something of an answer, so nobody else may be asked: tools would run
        twice. Signs of life are nothing of an answer."""
        answer = self._answer
        return answer is not None and answer.started

    def ended_well(self) -> None:
        """The answer went through to its end, which may be a failure that the provider named in it."""
        answer = self._answer
        if answer is not None and (failure := answer.failure) is not None:
            self.chain.note(failure)
        else:
            self.chain.succeeded()

    # -- the answer -----------------------------------------------------------------------------

    def accept(self, headers: Mapping[str, str]) -> None:
        """The provider answers with success; its bytes follow. Header names in lower case."""
        self.attempt.accept(headers)

    def refuse(self, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
        """The provider answers with an error; this is what to tell the client."""
        return self.attempt.refuse(status, headers, body)

    @property
    def ended(self) -> bool:
        """Nothing more will be said."""
        answer = self._answer
        return answer is not None and answer.ended

    def receive(self, chunk: bytes) -> bytes:
        """Bytes of the provider in, bytes for the client out. Raises what is a status still."""
        return self.attempt.receive(chunk)

    def finish(self) -> bytes:
        """The provider's bytes have ended. Raises `UpstreamBroken` if the answer has not."""
        return self.attempt.finish()

    @property
    def waiting(self) -> Collection[Any]:
        """Not empty as long as there is a question: the same object for the whole of an answer."""
        corrections = self._corrections
        return corrections.questions if corrections is not None else ()

    @property
    def question(self) -> Question | None:
        """A call that a model is to be asked about; until it is answered by `resume`, nothing goes on.

        Looked for after `receive` and `finish`, by whoever `consults`.
        """
        corrections = self._corrections
        return corrections.question if corrections is not None and corrections.questions else None

    def consultation(self) -> Consultation | None:
        """How the model is asked about the open question; None when there is nothing to ask."""
        corrections = self._corrections
        if corrections is None or corrections.question is None:
            return None
        target = corrections.settings.model
        asked = self._asked
        if target is None or (asked.key is not None and not asked.key.may_use(target)):
            return None
        return Consultation(
            self.snapshot,
            asked.vault,
            target,
            question=corrections.question,
            corrections=corrections,
            tools=self.request.tools,
            key=self.chain.key_for(target),
        )

    def resume(self, verdict: Correction | None) -> bytes:
        """The answer to the question, None for none; gives what can be said of a stream now.

        An answer whose bytes have ended is asked to `finish` once more after its last question.
        """
        return self.attempt.resume(verdict)

    def begin(self) -> bytes:
        """Opens the stream although the provider is silent still, to keep the client waiting."""
        return self.begun.begin() if self.begun is not None else PING

    def heartbeat(self) -> bytes:
        """Something to send to a client that has waited for long."""
        return self.begun.heartbeat() if self.begun is not None else PING

    @property
    def response_headers(self) -> dict[str, str]:
        """The headers of the answer, whatever it is."""
        attempt, route, prefix = self.begun, self.decided, self.prefix
        headers, more = {"request-id": self.id}, {}
        if attempt is not None:
            more = attempt.account
            if attempt.returned:
                headers.update(shown(dict(attempt.returned)))
        if route is not None:
            target = attempt.target if attempt is not None else route.target
            rule, lessons = route.rule or route.origin, redactor.lessons
            headers.update(decision(target.name, route.reason, rule, route.trace, lessons))
        if prefix is not None and prefix.broke_at is not None:
            more["x-gateway-cache-break"] = prefix.broke_at
        return headers | shown(more) if more else headers

    @property
    def corrections(self) -> Sequence[Correction]:
        """Every tool call of the answer that was not valid, with what was done about it."""
        corrections = self._corrections
        return corrections.found if corrections is not None else ()

    @property
    def consulted(self) -> list[Consulted]:
        """What came of asking a model about calls; whoever asks writes it down here."""
        corrections = self._corrections
        return corrections.consulted if corrections is not None else []

    @property
    def target(self) -> str | None:
        """The target that was asked last; None before the decision."""
        route = self.decided
        return (self.chain.target or route.target).name if route is not None else None

    @property
    def usage(self) -> Usage | None:
        """What the answer cost, as far as the provider said."""
        answer = self._answer
        return answer.usage if answer is not None else None

    @property
    def unsaid(self) -> int:
        """The estimated tokens of a prompt that was taken, where the provider has named no number: it
        does at the end of an answer, and the client may leave before."""
        attempt = self.begun
        if attempt is None or attempt.answered is None:
            return 0
        usage = attempt.answered.usage
        if usage is not None and usage.prompt:
            return 0
        return attempt.asked.prompt_estimate(attempt.target)

    @property
    def size_sent(self) -> Size | None:
        """The size of the prompt as the target was sent it, if somebody has counted that."""
        size, attempt = self.facts.size_if_known, self.begun
        if size is None or attempt is None or "request" not in attempt.__dict__:
            return None
        return size if attempt.request is self.request else None
