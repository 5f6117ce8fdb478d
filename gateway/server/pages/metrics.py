"""`GET /metrics`: the tally in the text format of Prometheus.

The counts are kept in plain dictionaries and written out when somebody asks: a request pays for an
increment, not for a metric's lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from gateway.server.accounts.tally import Spread
from gateway.server.pages.standings import told
from gateway.server.services import Services

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def render(services: Services, *, tasks: int) -> bytes:
    """The whole page; `tasks` are those of the event loop."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counts(services, tasks))
    return generate_latest(registry)


class _Counts(Collector):
    def __init__(self, services: Services, tasks: int) -> None:
        self._tasks = tasks
        self._tally = services.tally
        self._config = services.config
        self._availability = services.availability
        self._limited = services.rooms.state()
        self._life = services.life

    def collect(self) -> Iterator[Metric]:
        yield from self._reloads()
        yield self._circuits()
        yield from self._now()
        yield from self._requests()
        yield from self._limits()

    def _now(self) -> Iterator[Metric]:
        says = "Answers that have begun and not ended."
        yield GaugeMetricFamily("gateway_under_way", says, value=self._life.under_way)
        says = "Tasks of the event loop, those that look after the gateway itself among them."
        yield GaugeMetricFamily("gateway_tasks", says, value=self._tasks)

    def _reloads(self) -> Iterator[Metric]:
        says = "Looks at the config: loaded, refused, unreadable, held or unchanged."
        family = CounterMetricFamily("gateway_config_reloads", says, labels=["outcome"])
        for outcome, count in self._config.outcomes.items():
            family.add_metric([outcome], count)
        yield family
        says = "When the config that serves was loaded, in seconds since the epoch."
        yield GaugeMetricFamily(
            "gateway_config_loaded_timestamp_seconds", says, value=self._config.loaded_at
        )

    def _circuits(self) -> Metric:
        says = "Circuits that are not closed: 1 for the state that each is in."
        family = GaugeMetricFamily("gateway_circuit", says, labels=["target", "key", "state"])
        for one in told(self._availability, self._config.snapshot):
            family.add_metric([one.target, one.key or "", one.state], 1.0)
        return family

    def _limits(self) -> Iterator[Metric]:
        says = "Requests of now at providers that have limits, under way or waiting for room."
        family = GaugeMetricFamily("gateway_limited_requests", says, labels=["provider", "state"])
        for provider, states in self._limited.items():
            for state, count in states.items():
                family.add_metric([provider, state], count)
        yield family

    def _requests(self) -> Iterator[Metric]:
        for attribute, name, help, labels in _COUNTERS:
            family = CounterMetricFamily(name, help, labels=labels)
            for values, count in list(getattr(self._tally, attribute).items()):
                family.add_metric(values, count)
            yield family
        for attribute, name, help, label in _SPREADS:
            histogram = HistogramMetricFamily(name, help, labels=[label])
            for value, spread in list(getattr(self._tally, attribute).items()):
                histogram.add_metric([value], _buckets(spread), spread.total)
            yield histogram


def _buckets(spread: Spread) -> list[tuple[str, float]]:
    """Each upper end with how many were at most as large."""
    ends = [*(f"{bound:g}" for bound in spread.bounds), "+Inf"]
    return list(zip(ends, map(float, accumulate(spread.counts)), strict=True))


_SPREADS = (
    (
        "seconds",
        "gateway_request_seconds",
        "Seconds from the arrival of a request to the end of its answer.",
        "target",
    ),
    (
        "estimates",
        "gateway_token_estimate_ratio",
        "The estimated size of a prompt by the size that the provider reports.",
        "family",
    ),
    (
        "waited",
        "gateway_room_wait_seconds",
        "Seconds for which requests waited for room within the limits of a provider.",
        "provider",
    ),
)
"""Attribute of the tally, name, help, label."""

_COUNTERS = (
    (
        "requests",
        "gateway_requests",
        "Requests for messages, by the status of the answer.",
        ("target", "status"),
    ),
    (
        "refused",
        "gateway_refused",
        "What was refused, or given up, because it reached a bound.",
        ("bound",),
    ),
    (
        "foreign",
        "gateway_foreign_requests",
        "Requests that were sent to another host, or by a web page that may not.",
        ("reason",),
    ),
    ("tokens", "gateway_tokens", "Tokens, as far as providers said.", ("target", "kind")),
    ("calls", "gateway_tool_calls", "Tool calls that were checked.", ("target", "tool", "outcome")),
    (
        "repairs",
        "gateway_tool_repairs",
        "Tool calls with a mistake of the class.",
        ("target", "tool", "class"),
    ),
    (
        "retries",
        "gateway_retries",
        "Failed tries after which another one was made: at the same target, with another key of it, at a "
        "fallback, or at all of them once more.",
        ("target", "then"),
    ),
    (
        "withheld",
        "gateway_retries_withheld",
        "Repetitions that were not made: the client asks again itself, the provider "
        "asks for too long a wait, its circuit is open, or the budget is spent.",
        ("target", "because"),
    ),
    (
        "passed_over",
        "gateway_targets_passed_over",
        "Requests for which a target was not asked because its circuit was open.",
        ("target",),
    ),
    (
        "prefixes",
        "gateway_prompt_prefixes",
        "Turns of a conversation, by the part at which their prompt ceased to be the one before.",
        ("target", "broke_at"),
    ),
    (
        "low_estimates",
        "gateway_token_estimates_low",
        "Estimates of a prompt's size that were more than 2 % too small, after 20 answers of the family.",
        ("family",),
    ),
    (
        "no_room",
        "gateway_no_room",
        "Requests that the limits of a provider left no room for: too many waited, or for too long.",
        ("provider", "why"),
    ),
    (
        "consulted",
        "gateway_correction_model_calls",
        "Tool calls about which a model was asked.",
        ("target", "outcome"),
    ),
)
"""Attribute of the tally, name, help, labels."""
