"""Asks a target, through the exchange that serves clients. The only part with IO."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, replace
from time import perf_counter
from typing import Any

from gateway import json_text
from gateway.config import Snapshot
from gateway.conformance.case import OURS, Answer, Body, Case, Result, Subject
from gateway.conformance.judge import BUSY, judge
from gateway.errors import GatewayError
from gateway.messages import Message, accumulate
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.routing import Target
from gateway.sse import Splitter
from gateway.tokens import TokenCounter
from gateway.upstream import Reply, Upstream

AT_ONCE = 2
"""Cases under way at one time: small enough for one graphics card and for free tiers."""

HOPELESS = frozenset({401, 402, 403, 404})
"""Statuses of a first request after which no other one can go better."""

LONGEST_PAUSE = 30.0
"""Seconds that the kit waits at most for a provider that asks for patience."""

VERSION = {"anthropic-version": "2023-06-01"}


def subject_of(snapshot: Snapshot, target: Target) -> Subject:
    """What a config knows of a target. Raises `KeyError` for a provider that nobody knows."""
    dialect = snapshot.endpoints[target.provider].dialect
    quirks: dict[str, Any] = asdict(getattr(dialect, "quirks"))  # noqa: B009 - each dialect's own type
    facts = snapshot.facts_of(target)
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in quirks.items()}
    return Subject(target, dialect.name, plain, facts.context)


class Runner:
    """Runs cases against one target."""

    def __init__(
        self,
        snapshot: Snapshot,
        target: Target,
        *,
        upstream: Upstream,
        counter: TokenCounter,
        timeout: float = 60.0,
        pause: float = 5.0,
    ) -> None:
        """`timeout`: seconds for one request. `pause`: seconds before a busy provider is asked again,
        where it does not say how long."""
        self.subject = subject_of(snapshot, target)
        self._snapshot = snapshot
        self._upstream = upstream
        self._counter = counter
        self._timeout = timeout
        self._pause = pause
        self._vault = Vault(secrets.token_bytes(32))

    async def run(self, cases: Sequence[Case], told: Callable[[Result], None]) -> list[Result]:
        """The results in the order of the cases; `told` hears each as soon as it is its turn."""
        results: list[Result] = []

        def tell(result: Result) -> None:
            results.append(result)
            told(result)

        rest = list(cases)
        if rest:
            result, answers = await self._examined(rest.pop(0))
            tell(result)
            if _is_hopeless(result, answers):
                for case in rest:
                    tell(Result(case, "not tried", "the first request failed already"))
                return results
        gate = asyncio.Semaphore(AT_ONCE)

        async def examined(case: Case) -> Result:
            async with gate:
                return (await self._examined(case))[0]

        async with asyncio.TaskGroup() as group:
            for task in [group.create_task(examined(case)) for case in rest]:
                tell(await task)
        return results

    async def _examined(self, case: Case) -> tuple[Result, list[Answer]]:
        """A case, tried again when the model did not do as it was told."""
        started = perf_counter()
        answers = await self._answers(case)
        result = judge(case, answers, self.subject)
        if result.outcome == "model did not":
            spent = result.tokens
            answers = await self._answers(case)
            result = judge(case, answers, self.subject)
            result = replace(result, tokens=result.tokens + spent)
        return replace(result, seconds=round(perf_counter() - started, 3)), answers

    async def _answers(self, case: Case) -> list[Answer]:
        """The answers to its requests, up to the first that failed."""
        answers: list[Answer] = []
        for turn in case.turns:
            body = turn(self.subject, answers)
            if body is None:
                break
            answers.append(await self._patiently(body))
            if answers[-1].status != 200:
                break
        return answers

    async def _patiently(self, body: Body) -> Answer:
        """The answer; a provider that has too much to do is asked up to three times."""
        answer = await self.ask(body)
        for _ in range(2):
            if answer.status not in BUSY:
                break
            wait = answer.retry_after if answer.retry_after is not None else self._pause
            await asyncio.sleep(min(wait, LONGEST_PAUSE))
            answer = await self.ask(body)
        return answer

    async def ask(self, body: Body) -> Answer:
        """One request. Whatever goes wrong is an answer too."""
        said = {"model": str(self.subject.target), **body}
        inbound = Inbound(json_text.encode(said), VERSION)
        exchange = Exchange(self._snapshot, inbound, self._counter, self._vault)
        reached = _Reached()
        try:
            async with asyncio.timeout(self._timeout):
                pieces = await self._converse(exchange, reached)
        except GatewayError as error:
            return _failed(body, error, reached.yes)
        except TimeoutError:
            words = f"no complete answer within {self._timeout:g} s"
            return Answer(body, status=504, error=words, error_type="timeout_error", reached=False)
        except Exception as error:  # one case must not end the others
            words = f"the gateway itself failed, which is a bug of it: {error!r}"
            return Answer(body, status=500, error=words, error_type=OURS)
        return self._told(body, exchange, pieces)

    async def _converse(self, exchange: Exchange, reached: _Reached) -> list[bytes]:
        request = exchange.upstream_request()
        async with self._upstream.send(request) as reply:
            reached.yes = True
            if reply.status >= 400:
                raise exchange.refuse(reply.status, reply.headers, await reply.error_body())
            exchange.accept(reply.headers)
            pieces = await _received(exchange, reply)
        if (failure := exchange.attempt.answer.failure) is not None:
            raise failure
        return pieces

    def _told(self, body: Body, exchange: Exchange, pieces: Sequence[bytes]) -> Answer:
        events: tuple[dict[str, Any], ...] = ()
        out = b"".join(pieces)
        try:
            if body.get("stream"):
                events = events_of(out)
                message: Message = accumulate(events)
            else:
                message = json_text.decode(out)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            words = f"the answer makes no sense: {error!r}"
            return Answer(body, status=502, error=words, error_type="api_error", events=events)
        return Answer(
            body,
            message=message,
            events=events,
            dropped=exchange.attempt.dropped,
            corrections=tuple(exchange.corrections),
            pieces=len(pieces),
            usage=exchange.usage,
            counted=self._counter.request(exchange.request),
        )


class _Reached:
    """Whether a provider has answered at all: only the way there knows."""

    yes = False


async def _received(exchange: Exchange, reply: Reply) -> list[bytes]:
    """What the client gets, as it gets it."""
    out: list[bytes] = []
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            out.append(exchange.receive(chunk))
            if exchange.ended:
                break
    if not (exchange.ended and exchange.request.stream):
        out.append(exchange.finish())
    return [piece for piece in out if piece]


def events_of(stream: bytes) -> tuple[dict[str, Any], ...]:
    """The events that a client reads. Raises `ValueError` where one is not JSON."""
    splitter = Splitter()
    records = [*splitter.feed(stream), *splitter.finish()]
    values = [json_text.decode(record.data) for record in records if record.data]
    return tuple(value for value in values if isinstance(value, dict))


def _failed(body: Body, error: GatewayError, reached: bool) -> Answer:
    after = error.headers.get("retry-after", "")
    return Answer(
        body,
        status=error.status,
        error=error.message,
        error_type=error.type,
        reached=reached,
        retry_after=float(after) if after.isdecimal() else None,
    )


def _is_hopeless(result: Result, answers: Sequence[Answer]) -> bool:
    """Every other request would fail in the same way."""
    if result.outcome != "failed" or result.case.expects_error or not answers:
        return False
    last = answers[-1]
    refused_at_once = last.status in HOPELESS
    return refused_at_once or (not last.reached and last.status != 504)
