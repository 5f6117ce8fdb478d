"""One routing test against a config. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from gateway import json_text
from gateway.cases.suite import Case
from gateway.config import Snapshot
from gateway.errors import GatewayError
from gateway.pipeline import Exchange, Inbound
from gateway.pipeline.recorded import at_path
from gateway.reasoning import Vault
from gateway.routing import Route
from gateway.routing.conditions import parse_count
from gateway.tokens import TokenCounter

Load = Callable[[str], bytes]
"""A file that a test names -> its bytes. Raises `OSError`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test."""

    case: Case
    problems: tuple[str, ...]
    """Sentences; none when the test passed."""
    rules: tuple[str, ...] = ()
    """The rules that decided or were applied: for the coverage."""

    @property
    def passed(self) -> bool:
        """Everything was as expected."""
        return not self.problems


def run_case(case: Case, snapshot: Snapshot, counter: TokenCounter, load: Load) -> Outcome:
    """Runs a test. That a file which it names cannot be read is a problem of the test."""
    found: dict[str, Any] = {}
    rules: tuple[str, ...] = ()
    try:
        exchange = exchange_of(case.given, snapshot, counter, load)
        route = exchange.route
        rules = (*route.applied, route.rule or route.origin)
        found = decided(route)
        if asks_for_the_request(case.expect) and route.refuse is None:
            found |= outgoing(exchange)
            if "tokens" in case.expect:
                edits = snapshot.transforms_for(route.target, route.transforms)
                found["tokens"] = exchange.facts.outgoing_tokens(edits)
    except GatewayError as error:
        found["error"] = error.message
    except OSError as error:
        return Outcome(case, (f"request: {error.filename} cannot be read: {error.strerror}",))
    return Outcome(case, tuple(_problems(case.expect, found)), rules)


def exchange_of(
    given: Mapping[str, Any], snapshot: Snapshot, counter: TokenCounter, load: Load
) -> Exchange:
    """The exchange of a request that a test describes. Raises `GatewayError` and `OSError`."""
    body = given.get("request", {})
    raw = load(body) if isinstance(body, str) else json_text.encode(_complete(body))
    headers = {name.lower(): value for name, value in given.get("headers", {}).items()}
    inbound = at_path(Inbound(raw, headers, client=given.get("key")), given.get("path"))
    if "path_prefix" in given:
        inbound = replace(inbound, prefix=given["path_prefix"])
    readings = Stated(given)
    exchange = Exchange(snapshot, inbound, counter, Vault(b"tests only"), readings=readings)
    exchange.facts.state(stated(given))
    return exchange


class Stated:
    """What went before, as a test states it; satisfies `Readings`."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def spent(self, scope: str | None, seconds: float) -> float:
        return float(self._given.get("spent", 0))

    def requests(self, provider: str, seconds: float) -> int:
        return int(self._given.get("requests", 0))

    def cooling(self, target: str) -> bool:
        return target in self._given.get("cooling", ())

    def cache_hit_rate(self, target: str) -> float | None:
        return self._given.get("cache_hit_rate")

    def repair_rate(self, target: str) -> float | None:
        return self._given.get("repair_rate")


def _complete(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request with what every request has."""
    return {"model": "claude", "max_tokens": 1024, "messages": [], **body}


def stated(given: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that a test states, as `Facts` holds them."""
    facts: dict[str, Any] = {}
    for name, (attribute, read) in STATED.items():
        if name in given:
            facts[attribute] = read(given[name])
    return facts


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone()


STATED: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "tokens": ("tokens", parse_count),
    "model": ("model", str),
    "stream": ("stream", bool),
    "max_tokens": ("max_tokens", parse_count),
    "thinking": ("thinking_type", lambda value: value or None),
    "budget": ("thinking_budget", parse_count),
    "effort": ("effort", str),
    "tools": ("tools", frozenset),
    "tool_count": ("tool_count", int),
    "forced": ("tool_is_forced", bool),
    "has": ("contents", frozenset),
    "repeated_calls": ("repeated_calls", int),
    "system": ("system", str),
    "last_user": ("last_user", str),
    "tag": ("tag", str),
    "session": ("session", str),
    "agent": ("agent", str),
    "agent_type": ("agent_type", str),
    "request_class": ("request_class", str),
    "now": ("now", _moment),
    "lot": ("lot", float),
}
"""Name under `given` -> the attribute of the facts, and how it is read."""


def asks_for_the_request(expect: Mapping[str, Any]) -> bool:
    """Something is expected of the request after its edits, so they have to be made."""
    return not expect.keys().isdisjoint({"tools", "dropped", "tokens", "params", "error"})


def decided(route: Route) -> dict[str, Any]:
    """What is decided without touching the request."""
    return {
        "rule": route.rule or route.origin,
        "target": None if route.refuse is not None else str(route.target),
        "fallback": [str(target) for target in route.targets[1:]],
        "transforms": list(route.transforms),
        "applied": list(route.applied),
        "refuse": route.refuse or "",
    }


def outgoing(exchange: Exchange) -> dict[str, Any]:
    """What becomes of the request."""
    request = exchange.transformed
    exchange.upstream_request()
    return {
        "tools": [str(tool.get("name")) for tool in request.tools],
        "dropped": list(exchange.attempt.dropped),
        "params": {name: request.get(name) for name in request},
    }


def _problems(expect: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    problems = []
    if "error" in found and "error" not in expect:
        return [f"error: {found['error']}"]
    for name, wanted in expect.items():
        if (problem := JUDGES.get(name, _equal)(name, wanted, found.get(name))) is not None:
            problems.append(problem)
    return problems


def _equal(name: str, wanted: Any, got: Any) -> str | None:
    return None if wanted == got else f"{name}: expected {wanted!r}, got {got!r}"


def _contains(name: str, wanted: str, got: str | None) -> str | None:
    return None if got and wanted in got else f"{name}: expected {wanted!r} in {got!r}"


def _tools(name: str, wanted: Mapping[str, Any], got: list[str] | None) -> str | None:
    offered = got or []
    missing = [tool for tool in wanted.get("include", ()) if tool not in offered]
    present = [tool for tool in wanted.get("exclude", ()) if tool in offered]
    words = [f"{', '.join(missing)} missing"] if missing else []
    words += [f"{', '.join(present)} offered"] if present else []
    return f"{name}: {'; '.join(words)}" if words else None


def _range(name: str, wanted: Mapping[str, Any], got: float | None) -> str | None:
    above = parse_count(wanted["above"]) if "above" in wanted else -1
    below = parse_count(wanted["below"]) if "below" in wanted else float("inf")
    return None if got is not None and above < got < below else f"{name}: {got} is not in {wanted}"


def _fields(name: str, wanted: Mapping[str, Any], got: Mapping[str, Any] | None) -> str | None:
    wrong = [key for key, value in wanted.items() if (got or {}).get(key) != value]
    words = (f"{key}: expected {wanted[key]!r}, got {(got or {}).get(key)!r}" for key in wrong)
    return f"{name}: {'; '.join(words)}" if wrong else None


def _every(name: str, wanted: list[str], got: list[str] | None) -> str | None:
    missing = [item for item in wanted if item not in (got or [])]
    return f"{name}: expected {missing!r} too, got {got!r}" if missing else None


JUDGES: Mapping[str, Callable[[str, Any, Any], str | None]] = {
    "refuse": _contains,
    "error": _contains,
    "tools": _tools,
    "tokens": _range,
    "params": _fields,
    "dropped": _every,
}
"""Key of `expect` -> how it is judged; others have to be equal."""
