"""From an exchange to its record. No IO."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import asdict

from gateway.config import Snapshot
from gateway.dialects.offers import function_of
from gateway.errors import GatewayError
from gateway.messages import Usage
from gateway.pipeline import Exchange
from gateway.recording.facts import asks_more, is_secret, signature
from gateway.recording.record import Recorded
from gateway.routing import Facts, Route

LONGEST = 200
"""Characters of a text that is kept."""
LONGEST_PROMPT = 64 * 1024
"""Characters of a system prompt, and of what a user said, that is kept in memory."""
MOST_TOOLS = 512

PLAIN = (
    *("stream", "max_tokens", "thinking_type", "thinking_budget", "effort", "tool_count"),
    *("tool_is_forced", "repeated_calls", "continues_turn", "request_class", "lot"),
)
"""Facts that are kept as they are."""
TEXTS = ("model", "path_prefix", "key", "tag", "agent_type")
"""Facts that are kept unless they are too long."""


class Making:
    """Makes records; knows the rules of the snapshot that was asked for last."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._signatures: Mapping[str, str] = {}

    def record(
        self, exchange: Exchange, *, at: float, status: int, seconds: float
    ) -> Recorded | None:
        """The record of an exchange that ended; None when its request cannot be read."""
        try:
            facts = _facts(exchange)
        except GatewayError:
            return None
        usage = exchange.usage
        route = exchange.decided
        decided = self._decided(route, exchange.snapshot) if route is not None else {}
        return Recorded(
            at=round(at, 3),
            id=exchange.id,
            config=exchange.snapshot.id,
            status=status,
            seconds=round(seconds, 3),
            usage=_used(usage) if usage is not None else None,
            **decided,
            **facts,
        )

    def _decided(self, route: Route, snapshot: Snapshot) -> dict[str, Any]:
        names = self._known(snapshot)
        verdicts = {names[s.rule]: False for s in route.skipped if s.rule in names}
        verdicts |= {names[name]: True for name in route.applied if name in names}
        if route.rule is not None and route.rule in names and not route.is_kept:
            verdicts[names[route.rule]] = True
        return {
            "rule": route.rule or route.origin,
            "target": "" if route.refuse is not None else str(route.target),
            "is_kept": route.is_kept,
            "verdicts": verdicts,
        }

    def _known(self, snapshot: Snapshot) -> Mapping[str, str]:
        """The rules that ask for what a record lacks, each with the digest of its conditions."""
        if snapshot is not self._snapshot:
            rules = (rule for rule in snapshot.rules if asks_more(rule))
            self._signatures = {rule.name: signature(rule) for rule in rules}
            self._snapshot = snapshot
        return self._signatures


def _facts(exchange: Exchange) -> dict[str, Any]:
    facts = exchange.facts
    counted = facts.tokens_if_known
    kept: dict[str, Any] = {name: getattr(facts, name) for name in PLAIN}
    lacks = []
    for name in TEXTS:
        value = getattr(facts, name)
        if value is not None and len(value) > LONGEST:
            lacks.append(name)
            value = value[:LONGEST]
        kept[name] = value
    if len(facts.tools) > MOST_TOOLS or any(len(name) > LONGEST for name in facts.tools):
        lacks.append("tools")
    else:
        kept["tools"] = _in_order(facts.tools)
    return {
        **kept,
        "headers": {name: text for name, text in facts.headers.items() if not is_secret(name)},
        "system": _shared(_short(facts.system)),
        "last_user": _short(facts.last_user),
        "tokens": len(exchange.inbound.body) // 4 if counted is None else counted,
        "is_counted": counted is not None,
        "server_tools": _server_tools(exchange),
        "contents": _in_order(facts.contents),
        "session": digest(facts.session),
        "agent": digest(facts.agent),
        "outgoing": {",".join(edits): count for edits, count in _outgoing(facts).items()},
        "lacks": tuple(lacks),
    }


def _outgoing(facts: Facts) -> Mapping[tuple[str, ...], int]:
    return {edits: count for edits, count in facts.outgoing_if_known.items() if edits}


def _server_tools(exchange: Exchange) -> tuple[str, ...]:
    if "server_tool" not in exchange.facts.contents:
        return ()
    tools = exchange.request.tools
    types = (str(tool.get("type"))[:LONGEST] for tool in tools if function_of(tool) is None)
    return tuple(dict.fromkeys(types))[:MOST_TOOLS]


@lru_cache(maxsize=256)
def _in_order(names: frozenset[str]) -> tuple[str, ...]:
    """A client offers the same tools turn by turn, so that most records share one tuple."""
    return tuple(sorted(names))


def _short(text: str) -> str | None:
    return text if len(text) <= LONGEST_PROMPT else None


@lru_cache(maxsize=64)
def _shared(text: str | None) -> str | None:
    """Conversations begin with the same long prompt, turn by turn: one copy is kept."""
    return text


def digest(name: str | None) -> str | None:
    """What stands for a name that is nobody's business."""
    if name is None:
        return None
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _used(usage: Usage) -> dict[str, int]:
    return {name: count for name, count in asdict(usage).items() if count is not None}
