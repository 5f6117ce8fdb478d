"""Fields of a request that several formats read alike. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.messages import MessagesRequest

TIERS: Mapping[Any, str] = {"auto": "auto", "standard_only": "default"}
"""The client's service tiers -> those of OpenAI's formats."""


def output_cap(request: MessagesRequest, limit: int | None, *, least: int = 1) -> int | None:
    """Tokens that the answer may have: what the client wants, within the target's bounds."""
    cap = request.get("max_tokens")
    if not isinstance(cap, int) or (limit is not None and limit < cap):
        cap = limit
    return None if cap is None else max(cap, least)


def answer_schema(request: MessagesRequest) -> dict[str, Any] | None:
    """The JSON Schema that the answer shall keep to; None when the client asks for no such thing."""
    wanted = request.object_field("output_config").get("format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    schema = wanted.get("schema")
    return schema if isinstance(schema, dict) else {}


def service_tier(
    request: MessagesRequest, dropped: list[str], *, known: bool, fast: str
) -> str | None:
    """How fast and how dear, as a tier of OpenAI's formats; None when there is nothing to say.

    `known`: the server takes tiers. `fast` is the one that `speed: fast` means, which goes before the
    tier that is asked for; empty if there is none.
    """
    speed, asked = request.get("speed"), request.get("service_tier")
    tier = TIERS.get(asked) if known and isinstance(asked, str) else None
    if asked is not None and tier is None:
        dropped.append("service_tier")
    if speed == "fast" and fast:
        return fast
    if speed is not None and speed != "standard":
        dropped.append("speed")
    return tier
