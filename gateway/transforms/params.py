"""The fields of the request beside prompt and tools: set, filled in, capped, left out, translated. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.dialects.thinking import EFFORTS, wish_of
from gateway.messages import MessagesRequest
from gateway.transforms.base import Edit, Kind, Options

LEAST_BUDGET = 1024
"""Tokens: the smallest thinking budget that the API takes."""

_FIELDS: Mapping[str, Any] = {
    "type": "object",
    "x-expected": "fields of the request such as {temperature: 0}",
}

PROTECTED = frozenset({"model", "messages", "stream"})
"""Fields without which a request is none."""

PROPERTIES: Mapping[str, Any] = {
    "set": {
        **_FIELDS,
        "description": "Fields with the values that they get. A dot leads into a field: "
        "`thinking.budget_tokens`.",
        "examples": [{"temperature": 0, "output_config.effort": "high"}],
    },
    "default": {
        **_FIELDS,
        "description": "The same, where the client says nothing.",
        "examples": [{"temperature": 0}],
    },
    "cap": {
        "type": "object",
        "additionalProperties": {"type": "number", "x-expected": "a number"},
        "description": "Numbers that may be no greater.",
        "examples": [{"max_tokens": 8192, "thinking.budget_tokens": 4096}],
        "x-expected": "fields and limits such as {max_tokens: 8192}",
    },
    "drop": {
        "type": "array",
        "items": {"type": "string", "not": {"enum": sorted(PROTECTED)}, "x-expected": "a field"},
        "description": "Fields that are left out.",
        "examples": [["metadata", "thinking"]],
        "x-expected": "a list of fields such as [metadata]",
    },
}

_EFFORT = {"enum": list(EFFORTS), "x-expected": f"one of {', '.join(EFFORTS)}"}

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        **PROPERTIES,
        "effort": {
            "type": "object",
            "propertyNames": _EFFORT,
            "additionalProperties": _EFFORT,
            "description": "The efforts that the client may ask for -> what the target is asked for instead.",
            "examples": [{"max": "high", "xhigh": "high"}],
            "x-expected": "efforts and efforts such as {max: high}",
        },
        "budget": {
            "type": "object",
            "propertyNames": _EFFORT,
            "additionalProperties": {"type": "integer", "minimum": LEAST_BUDGET},
            "description": "Efforts -> thinking tokens, for targets that want a number. A budget stays below "
            "`max_tokens`.",
            "examples": [{"low": 2048, "medium": 8192, "high": 16384}],
            "x-expected": "efforts and tokens such as {high: 16384}",
        },
    },
    "x-expected": "set, default, cap, drop, effort or budget",
}


def build(options: Options) -> Edit:
    """The transform of checked options."""
    efforts: Mapping[str, str] = options.get("effort") or {}
    budgets: Mapping[str, int] = options.get("budget") or {}
    named = {name: options.get(name) or {} for name in ("set", "default", "cap")}
    drop = tuple(options.get("drop") or ())

    def apply(request: MessagesRequest) -> MessagesRequest:
        request = with_fields(request, **named, drop=drop)
        if efforts:
            request = _with_effort(request, efforts)
        return _with_budget(request, budgets) if budgets else request

    return apply


def with_fields(
    request: MessagesRequest,
    *,
    set: Mapping[str, Any],
    default: Mapping[str, Any],
    cap: Mapping[str, float],
    drop: Iterable[str] = (),
) -> MessagesRequest:
    """The request with its fields left out, set, filled in and capped; the same object if nothing changes."""
    for name in drop:
        request = _put(request, name, None)
    for name, value in set.items():
        request = _put(request, name, value)
    for name, value in default.items():
        if _at(request, name) is None:
            request = _put(request, name, value)
    for name, limit in cap.items():
        found = _at(request, name)
        if isinstance(found, int | float) and not isinstance(found, bool) and found > limit:
            request = _put(request, name, limit)
    return request


def _at(request: MessagesRequest, path: str) -> Any:
    field, *inner = path.split(".")
    value = request.get(field)
    for name in inner:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _put(request: MessagesRequest, path: str, value: Any) -> MessagesRequest:
    """The request with a value at a path, or with nothing there; the same object if it is so already."""
    field, *inner = path.split(".")
    if value is None and _at(request, path) is None:
        return request.without(field) if not inner and field in request else request
    if _at(request, path) == value:
        return request
    if not inner:
        return request.without(field) if value is None else request.replace(**{field: value})
    old = request.get(field)
    return request.replace(**{field: _laid(old if isinstance(old, dict) else {}, inner, value)})


def _laid(holder: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        kept = {key: old for key, old in holder.items() if key != name}
        return kept if value is None else {**holder, name: value}
    old = holder.get(name)
    return {**holder, name: _laid(old if isinstance(old, dict) else {}, rest, value)}


def _with_effort(request: MessagesRequest, efforts: Mapping[str, str]) -> MessagesRequest:
    asked = request.object_field("output_config").get("effort")
    wanted = efforts.get(asked) if isinstance(asked, str) else None
    return request if wanted is None else _put(request, "output_config.effort", wanted)


def _with_budget(request: MessagesRequest, budgets: Mapping[str, int]) -> MessagesRequest:
    """A client that grants a number itself knows what it wants; `cap` is for that."""
    wish = wish_of(request)
    limit, budget = request.get("max_tokens"), budgets.get(wish.effort or "", 0)
    if wish.is_off or wish.kind in (None, "enabled"):
        return request
    if isinstance(limit, int):
        budget = min(budget, limit - 1)
    if budget < LEAST_BUDGET:
        return request
    thinking = request.object_field("thinking")
    return request.replace(thinking={**thinking, "type": "enabled", "budget_tokens": budget})


KIND = Kind(
    "Sets, fills in, caps and leaves out fields of the request, and translates effort and budget.",
    SCHEMA,
    build,
    "params: {cap: {max_tokens: 8192}, effort: {max: high}, drop: [metadata]}",
)
