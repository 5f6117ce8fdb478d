"""Asking: patience, time limits, order, and servers that are not there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
from conformance.lab import TARGET, Quarters, config, run, snapshot
from conformance.obedient import JSON, Obedient, Refusal, Said

from gateway.conformance import CASES, Result, Runner, chosen
from gateway.conformance.runner import AT_ONCE, events_of
from gateway.routing import Target
from gateway.tokens import TokenCounter
from gateway.upstream import Upstream

OVERLOADED = "The server is busy."


class Counting(Obedient):
    """Counts how many requests are under way at a time."""

    now = most = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        answer = await super().handle_async_request(request)
        self.now -= 1
        return answer


class Broken(httpx.AsyncBaseTransport):
    """A connection that fails in some way."""

    def __init__(self, fail: Callable[[], None]) -> None:
        self.fail, self.asked = fail, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.fail()
        await asyncio.sleep(60)
        raise AssertionError


def busy(times: int) -> Obedient:
    """A server that has no time for so many requests."""
    left = [times]

    def before(_body: JSON) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise Refusal(429, OVERLOADED)

    return Obedient(before=before)


def test_results_come_in_the_order_of_the_table() -> None:
    """Although two cases run at a time, and no more."""
    server = Counting()
    told: list[Result] = []
    runner = Runner(
        snapshot(config()),
        TARGET,
        upstream=Upstream({"http": server}),
        counter=TokenCounter(Quarters()),
    )
    results = asyncio.run(runner.run(chosen([], large=True), told.append))
    assert told == results
    assert [result.case for result in results] == list(CASES)
    assert server.most == AT_ONCE


def test_nothing_to_run_gives_nothing() -> None:
    """An empty choice asks nobody."""
    runner = Runner(
        snapshot(config()),
        TARGET,
        upstream=Upstream({"http": Obedient()}),
        counter=TokenCounter(Quarters()),
    )
    assert asyncio.run(runner.run([], lambda _: None)) == []


def test_a_busy_server_is_asked_again() -> None:
    """Its refusal says nothing about what it can do."""
    server = busy(2)
    (result,) = run(server, "reply")
    assert (result.outcome, len(server.asked)) == ("ok", 3)


def test_a_server_that_stays_busy_is_not_judged() -> None:
    """After three requests the case is not tried, which is not red."""
    server = busy(100)
    (result,) = run(server, "reply")
    assert result.outcome == "not tried"
    assert OVERLOADED in result.detail
    assert len(server.asked) == 3


def test_a_model_that_did_not_is_asked_once_more() -> None:
    """A second attempt that goes well is what counts; both are paid for."""
    answers = iter(["No.", "alpha bravo charlie"])

    def moody(_body: JSON, said: Said) -> None:
        said.text = next(answers)

    server = Obedient(after=moody)
    (result,) = run(server, "reply")
    assert (result.outcome, len(server.asked)) == ("ok", 2)
    (once,) = run(Obedient(), "reply")
    assert result.tokens > once.tokens


def test_what_is_broken_is_not_asked_again() -> None:
    """It would fail again."""
    server = Obedient(ignores_limits=True)
    (result,) = run(server, "max-tokens")
    assert (result.outcome, len(server.asked)) == ("failed", 1)


def refused() -> None:
    """Nobody listens."""
    raise httpx.ConnectError("refused")


def fine() -> None:
    """It connects, and stays silent."""


def bug() -> None:
    """The gateway's own code is wrong."""
    raise KeyError("no such thing")


def test_a_server_that_is_not_there_is_asked_once() -> None:
    """The remedy is its address, and nothing else is tried."""
    server = Broken(refused)
    first, *rest = run(server)
    assert (first.outcome, server.asked) == ("failed", 1)
    assert "base_url" in first.remedy
    assert {result.outcome for result in rest} == {"not tried"}


def test_silence_is_cut_off() -> None:
    """A model may be slow to load, so the other cases are tried all the same."""
    server = Broken(fine)
    first, second = run(server, "reply", "reply-whole", timeout=0.01)
    assert (first.outcome, second.outcome, server.asked) == ("failed", "failed", 2)
    assert "no complete answer within 0.01 s" in first.detail
    assert "timeouts" in first.remedy


def test_a_bug_of_the_gateway_ends_one_case() -> None:
    """It is said to be one, and no key is blamed."""
    first, second = run(Broken(bug), "reply", "reply-whole")
    assert (first.outcome, second.outcome) == ("failed", "failed")
    assert "a bug of it" in first.detail
    assert first.remedy == ""


def test_a_case_without_its_fact_is_not_tried() -> None:
    """How large a prompt has to be not to fit, only the config knows."""
    (result,) = run(Obedient(), "overflow", text=config(models={}))
    assert result.outcome == "not tried"
    assert "context" in result.remedy


def test_thinking_goes_back_with_what_it_carries() -> None:
    """The second turn holds the first answer as it came, so that state finds its way."""
    server = Obedient()
    quirks = {"reasoning": "effort", "echo_reasoning": "reasoning_content"}
    (result,) = run(server, "thinking-round-trip", text=config(quirks))
    assert result.outcome == "ok"
    (echoed,) = [m for m in server.asked[-1]["messages"] if m["role"] == "assistant"]
    assert echoed["reasoning_content"] == "I think of it step by step."


def test_another_format_is_examined_as_well() -> None:
    """The built-in mock speaks the client's own: it streams legally, and obeys in nothing."""
    runner = Runner(
        snapshot("default: mock:any"),
        Target("mock", "any"),
        upstream=Upstream(),
        counter=TokenCounter(Quarters()),
    )
    cases = chosen(["stream-order", "reply", "usage"], large=False)
    results = asyncio.run(runner.run(cases, lambda _: None))
    assert [(r.case.name, r.outcome) for r in results if r.case.name != "usage-grows"] == [
        ("reply", "model did not"),
        ("stream-order", "ok"),
        ("usage-stream", "ok"),
        ("usage-whole", "ok"),
        ("count-tokens", "ok"),
    ]


def test_a_stream_that_is_no_json_has_no_events() -> None:
    """The runner says that it makes no sense."""
    with pytest.raises(ValueError, match="property name"):
        events_of(b"event: ping\ndata: {\n\n")
