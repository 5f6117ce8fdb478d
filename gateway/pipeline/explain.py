"""What would happen to a request, told by the objects that would do it. No IO.

An `Exchange` is taken through its first hops and asked what it decided; nothing is sent. So an
explanation cannot drift from what serves traffic.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from gateway import json_text
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest, Usage
from gateway.pipeline import edits
from gateway.pipeline.exchange import Exchange
from gateway.routing import Target
from gateway.routing.explain import considered, fact_sheet

CONTEXT_LINES = 1
LONGEST_LINE = 160


def explain(exchange: Exchange) -> dict[str, Any]:
    """`{rule, target, reason, facts, rules, route, transforms, outgoing, fit, cost, passed_over?}`.

    The last are targets before the one that is asked, whose circuits are open: known where there is
    traffic, never to a config by itself.
    When a hop fails, `error` says what the client would be told, and the hops after it are missing.
    """
    told: dict[str, Any] = {"rule": None, "target": None, "reason": None}
    try:
        route = exchange.route
        told |= {
            "rule": route.rule or (route.origin if route.origin == "default" else None),
            "target": None if route.refuse is not None else str(route.target),
            "reason": route.reason,
            "route": _route(exchange),
        }
    except GatewayError as error:
        told["error"] = _error(error)
    told["facts"] = {**fact_sheet(exchange.facts), "bytes": len(exchange.inbound.body)}
    told["measured"] = MEASURED
    told["rules"] = [rule.to_json() for rule in considered(exchange.snapshot.rules, exchange.facts)]
    if "error" not in told:
        told |= _hops(exchange)
    return told


MEASURED: Mapping[str, str] = {
    "tokens": "counted with o200k_base over system, tools and messages",
    "request_class": "the client's header, otherwise marks in the body",
    "session": "the client's header, otherwise metadata.user_id",
    "contents": "block types in messages and tool results, and the offered tools",
}
"""Facts that are not simply read off the request, and how they are made."""


def _route(exchange: Exchange) -> dict[str, Any]:
    route = exchange.route
    return {
        "origin": route.origin,
        "fallback": [str(target) for target in route.targets[1:]],
        "transforms": list(_named(exchange)),
        "applied": list(route.applied),
        "unfit": [{"target": str(one.target), "reason": one.reason} for one in route.unfit],
        "refuse": route.refuse,
        "correction": _correction(exchange),
        "shadow": str(route.shadow) if route.shadow is not None else None,
    }


def _correction(exchange: Exchange) -> dict[str, Any] | None:
    """What becomes of the tool calls of the target's answer."""
    route, snapshot = exchange.route, exchange.snapshot
    endpoint = snapshot.endpoints.get(route.target.provider)
    if endpoint is None:
        return None
    return snapshot.correction_of(route.target, endpoint, route.corrections).to_json()


def _hops(exchange: Exchange) -> dict[str, Any]:
    """What follows the decision: the edits, the request in the target's format, its size and price."""
    told: dict[str, Any] = {}
    try:
        told["transforms"] = _transforms(exchange)
        request = exchange.upstream_request()
    except GatewayError as error:
        return {**told, "error": _error(error)}
    attempt = exchange.attempt
    if exchange.chain.passed_over:
        told["passed_over"] = exchange.chain.passed_over
    told["outgoing"] = {
        "dialect": attempt.endpoint.dialect.name,
        "url": request.url,
        "bytes": len(request.body),
        "dropped": list(attempt.dropped),
        "answered_by": attempt.stand_in,
    }
    told["fit"] = _fit(exchange, attempt.target)
    told["cost"] = _cost(exchange, attempt.target)
    return told


def _transforms(exchange: Exchange) -> list[dict[str, Any]]:
    """Each named transform with what it changed, and what the parameters changed."""
    steps: list[dict[str, Any]] = []
    before = exchange.request
    for name in _named(exchange):
        after = edits.transformed(exchange.snapshot, before, [name])
        tokens = [exchange.facts.tokens_of(one) for one in (before, after)]
        steps.append({"transform": name, **changes(before, after), "tokens": tokens})
        before = after
    if exchange.transformed is not exchange.request:
        rest = changes(before, exchange.transformed)
        if rest["changed"]:
            steps.append({"transform": "params and tags", **rest})
    return steps


def _named(exchange: Exchange) -> tuple[str, ...]:
    """The transforms for the target, in order."""
    snapshot, route = exchange.snapshot, exchange.route
    return snapshot.transforms_for(route.targets[0], route.transforms)


def changes(before: MessagesRequest, after: MessagesRequest) -> dict[str, Any]:
    """`{changed, bytes: [before, after], diff}`: the fields that differ, and how."""
    names = [
        name
        for name in dict.fromkeys([*before, *after])
        if before.raw_field(name) != after.raw_field(name)
    ]
    diff: list[str] = []
    for name in names:
        old, new = (_lines(name, one.get(name)) for one in (before, after))
        lines = difflib.unified_diff(old, new, lineterm="", n=CONTEXT_LINES)
        diff += [
            f"{name}:",
            *(line[:LONGEST_LINE] for line in lines if line[:3] not in ("---", "+++")),
        ]
    return {
        "changed": names,
        "bytes": [len(before.encode()), len(after.encode())],
        "diff": diff,
    }


def _lines(name: str, value: Any) -> list[str]:
    """A value as lines that a person can compare."""
    if value is None:
        return []
    if name == "tools" and isinstance(value, list):
        return [f"{tool.get('name')}: {tool.get('description') or ''}" for tool in value]
    if name == "system" and isinstance(value, list):
        return [line for block in value for line in str(block.get("text") or "").splitlines()]
    if isinstance(value, str):
        return value.splitlines()
    return [json_text.encode_text(value)]


def _fit(exchange: Exchange, target: Target) -> dict[str, Any]:
    """The prompt and the answer against what the target holds, in tokens."""
    facts = exchange.snapshot.facts_of(target)
    tokens = exchange.facts.outgoing_tokens(_named(exchange))
    limits = [limit for limit in (exchange.facts.max_tokens, facts.max_output) if limit is not None]
    answer = min(limits, default=None)
    fits = None if facts.context is None else tokens + (answer or 0) <= facts.context
    return {"tokens": tokens, "answer": answer, "context": facts.context, "fits": fits}


def _cost(exchange: Exchange, target: Target) -> dict[str, float] | None:
    """What the request costs: the prompt without any cache, and the longest answer."""
    price = exchange.snapshot.facts_of(target).price
    if price is None:
        return None
    tokens = exchange.facts.outgoing_tokens(_named(exchange))
    longest = _fit(exchange, target)["answer"] or 0
    return {
        "prompt": round(price.of(Usage(input=tokens)), 6),
        "longest_answer": round(price.of(Usage(output=longest)), 6),
    }


def _error(error: GatewayError) -> dict[str, Any]:
    return {"status": error.status, "type": error.type, "message": error.message}
