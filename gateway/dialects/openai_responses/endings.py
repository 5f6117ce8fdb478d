"""How an answer ends: its reason, its usage, its errors. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.dialects.failures import CODES, STATUSES, failure_in_stream
from gateway.errors import UpstreamFailure
from gateway.messages import StopReason, Usage

INCOMPLETE: Mapping[str, StopReason] = {
    "max_output_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "length": "max_tokens",
    "content_filter": "refusal",
}
"""Reasons to be incomplete; after unknown ones what was said is all there is."""

REFUSED = ("image", "invalid_", "unsupported_", "empty_image", "failed_to_download_image")
"""How codes begin that blame the request."""
BLOCKED = frozenset({"bio_policy", "misalignment_policy_violation", "data_residency_mismatch"})


def incomplete_reason(response: Mapping[str, Any]) -> StopReason | None:
    """Why a response was cut short, in the client's words; None when it was not, or who knows why."""
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else details
    return INCOMPLETE.get(reason) if isinstance(reason, str) else None


def failure_of(error: Any) -> UpstreamFailure:
    """The failure that an error event tells of, flat or nested, or a response that failed."""
    if not isinstance(error, dict):
        return failure_in_stream(error or None)
    inner = error.get("error")
    if isinstance(inner, dict):
        error = {**_statuses(error), **inner}
    status = _status(error)
    return failure_in_stream(error if status is None else {**error, "code": status})


def _statuses(error: Mapping[str, Any]) -> dict[str, Any]:
    return {name: error[name] for name in ("status", "status_code") if name in error}


def _status(error: Mapping[str, Any]) -> int | None:
    """The HTTP status that an error has, where its code alone does not tell."""
    for name in ("status", "status_code"):
        if isinstance(error.get(name), int) and error[name] in STATUSES:
            return int(error[name])
    code, kind = error.get("code"), error.get("type")
    if isinstance(code, str):
        if code in CODES:
            return None
        if code in BLOCKED or code.startswith(REFUSED):
            return 400
        return CODES.get(str(kind))
    return None


def usage_of(response: Mapping[str, Any]) -> Usage | None:
    """The usage that a response reports, counted the Anthropic way: what is cached stands apart."""
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt = _count(usage.get("input_tokens", usage.get("prompt_tokens")))
    output = _count(usage.get("output_tokens", usage.get("completion_tokens")))
    if prompt is None:
        return None
    details = _object(usage.get("input_tokens_details") or usage.get("prompt_tokens_details"))
    cached = _count(details.get("cached_tokens"))
    written = _count(details.get("cache_write_tokens"))
    said = usage.get("output_tokens_details") or usage.get("completion_tokens_details")
    return Usage(
        input=max(0, prompt - (cached or 0) - (written or 0)),
        output=output or 0,
        cache_read=cached,
        cache_creation=written,
        thinking=_count(_object(said).get("reasoning_tokens")),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else None
