"""Servers of the client's own format, whose answers go through as they come, faults and all."""

from __future__ import annotations

import pytest
from conformance.lab import named, red, run
from conformance.native import OWN, Events, Native, Spoil
from conformance.obedient import JSON, Refusal

from gateway.conformance import Result
from gateway.routing import Target

SAID = ("stream-order", "stream-order-tools", "reply", "parallel-two", "usage-stream")


def examined(server: Native, *only: str) -> list[Result]:
    """The results for the provider `own`."""
    return run(server, *only, text=OWN, target=Target("own", "any"))


def gap(events: Events) -> Events:
    """Indexes that begin at one."""
    return [{**e, "index": e["index"] + 1} if "index" in e else e for e in events]


def opened(events: Events) -> Events:
    """An empty text block before everything else."""
    empty = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_stop", "index": 0},
    ]
    return [events[0], *empty, *gap(events[1:])]


def same_ids(events: Events) -> Events:
    """One id for every call."""
    return [
        {**e, "content_block": {**e["content_block"], "id": "toolu_same"}}
        if e.get("content_block", {}).get("type") == "tool_use"
        else e
        for e in events
    ]


def end_turn(events: Events) -> Events:
    """Calls that the end does not announce."""
    return [
        {**e, "delta": {**e["delta"], "stop_reason": "end_turn"}}
        if e["type"] == "message_delta"
        else e
        for e in events
    ]


def breaks_off(events: Events) -> Events:
    """An error in the middle of a stream."""
    error = {"type": "overloaded_error", "message": "Overloaded"}
    return [*events[:3], {"type": "error", "error": error}]


def without_usage(events: Events) -> Events:
    """Nothing says what it cost."""
    none = {"input_tokens": 0, "output_tokens": 0}
    started = {**events[0], "message": {**events[0]["message"], "usage": none}}
    return [started, *({**e, "usage": none} if "usage" in e else e for e in events[1:])]


ORDERS = {"stream-order", "stream-order-tools"}


@pytest.mark.parametrize(
    ("spoil", "cases", "detail"),
    [
        (gap, ORDERS, "not dense"),
        (opened, ORDERS, "an empty text block"),
        (same_ids, {"parallel-two"}, "the same"),
        (end_turn, {"stream-order-tools", "parallel-two"}, "although there are calls"),
        (without_usage, {"usage-stream"}, "0 tokens in and 0 out"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fault_of_a_stream_turns_its_cases_red(
    spoil: Spoil, cases: set[str], detail: str
) -> None:
    """Nobody repairs such a stream on its way, so the kit has to see it."""
    results = examined(Native(spoil), *SAID)
    assert set(red(results)) == cases
    assert all(detail in r.detail and r.remedy for r in results if r.case.name in cases)


def test_a_server_without_faults_is_green() -> None:
    """It does all, but thinking without a signature is not sent back."""
    results = examined(Native())
    assert red(results) == {}
    assert set(named(results, "degraded")) == {"thinking-round-trip"}


def test_a_server_that_is_overloaded_in_the_middle_is_not_judged() -> None:
    """Like one that is busy from the start."""
    (result,) = examined(Native(breaks_off), "reply")
    assert (result.outcome, "Overloaded" in result.detail) == ("not tried", True)


def test_what_the_origin_refuses_is_not_red_in_its_format() -> None:
    """The gateway changes nothing there, so the client gets what it would get anyway."""

    def strict(_body: JSON) -> None:
        raise Refusal(400, "messages: text content blocks must be non-empty")

    server = Native(before=strict)
    (result,) = examined(server, "empty-text")
    assert result.outcome == "degraded"
    assert "as Anthropic's own servers do" in result.detail
