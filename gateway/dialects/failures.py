"""Provider errors in the client's terms: status, type, and wording that the client acts on. No IO.

Claude Code and the SDKs decide by status, by `x-should-retry` and, on a 400, by the words: an
overflow must be a 400 that says so in terms they know, or the client never compacts. A provider's own
sentence is kept whenever it says that already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway import json_text
from gateway.errors import NO_RETRY, UpstreamFailure

STATUSES: Mapping[int, tuple[int, str]] = {
    400: (400, "invalid_request_error"),
    401: (401, "authentication_error"),
    402: (402, "billing_error"),
    403: (403, "permission_error"),
    404: (404, "not_found_error"),
    405: (400, "invalid_request_error"),
    406: (400, "invalid_request_error"),
    408: (408, "timeout_error"),
    409: (400, "invalid_request_error"),
    413: (413, "request_too_large"),
    415: (400, "invalid_request_error"),
    422: (400, "invalid_request_error"),
    424: (400, "invalid_request_error"),
    429: (429, "rate_limit_error"),
    500: (500, "api_error"),
    502: (502, "api_error"),
    503: (529, "overloaded_error"),
    504: (504, "timeout_error"),
    529: (529, "overloaded_error"),
}
"""Provider status -> Anthropic status and error type; others go by their hundreds."""

STATUS_OF: Mapping[str, int] = {
    **{kind: status for status, kind in STATUSES.values()},
    "api_error": 500,
}
"""The status that an Anthropic error type has when it comes without one."""

CODES: Mapping[str, int] = {
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "content_filter": 400,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "insufficient_quota": 429,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "server_error": 500,
    "overloaded_error": 529,
    "provider_overloaded": 529,
    "timeout": 504,
}
"""Error codes and types that stand in a body without a status of their own."""

# Words for "the prompt does not fit", seen from providers.
OVERFLOW = re.compile(
    r"context_length_exceeded|maximum context length|exceed(?:s|ed)? (?:the )?(?:model's )?context"
    r"|model's maximum context limit|longer than the model's context length"
    r"|exceeds the available context size|exceeds the maximum number of tokens allowed"
    r"|input tokens exceed the configured limit|prompt is too long|input is too long"
    r"|too many input tokens|maximum input length|exceed model maximum"
    r"|`inputs` tokens \+ `max_new_tokens` must be|current length is \d+ while limit is",
    re.IGNORECASE,
)

# Words on which Claude Code compacts the conversation.
UNDERSTOOD = re.compile(
    r"prompt is too long|maximum context length|context_length_exceeded"
    r"|exceeds the context window|longer than the model's context length"
    r"|exceeds the available context size|exceeds the maximum number of tokens allowed"
    r"|input tokens exceed the configured limit|`inputs` tokens \+ `max_new_tokens` must be",
    re.IGNORECASE,
)

FORWARDED_HEADERS = ("retry-after", "x-should-retry")
FINAL_CODES = frozenset({"insufficient_quota", "invalid_api_key"})
MESSAGE_LIMIT = 4_000
"""Characters of a provider's message that reach the client: some answer with a web page."""


def failure(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFailure:
    """The error that a refused request ends with."""
    try:
        value = json_text.decode(body)
    except json_text.NotJSON:
        value = body.decode("utf-8", "replace").strip()
    code, message = words_of(value)
    forwarded = {name: headers[name] for name in FORWARDED_HEADERS if name in headers}
    if not message:
        message = f"The provider answered with HTTP {status} and no explanation."
    elif isinstance(value, str) and status == 404:
        message += " (Is the provider's base_url right? Most servers want it to end in /v1.)"
    return _failure(status, code, message, forwarded)


def failure_in_stream(error: Any) -> UpstreamFailure:
    """The error that stands in a body or stream which began as a success."""
    code, message = words_of({"error": error})
    number = error.get("code") if isinstance(error, dict) else None
    status = (
        number if isinstance(number, int) and number in STATUSES else CODES.get(code or "", 500)
    )
    return _failure(status, code, message or "The provider broke off with an error.", {})


def words_of(value: Any) -> tuple[str | None, str]:
    """The code and the message of an error body, in the many shapes there are."""
    if isinstance(value, list):
        value = value[0] if value else {}
    if not isinstance(value, dict):
        return None, str(value)
    error = value.get("error", value)
    if isinstance(error, str):
        return None, error
    if not isinstance(error, dict):
        return None, json_text.encode_text(value)
    message = error.get("message") or error.get("detail") or value.get("message") or error
    if not isinstance(message, str):
        message = json_text.encode_text(message)
    code = next((c for c in (error.get("code"), error.get("type")) if isinstance(c, str)), None)
    return code, _with_cause(message, error)


def _with_cause(message: str, error: Mapping[str, Any]) -> str:
    """Routers say "Provider returned error" and put the provider's own words beside it."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f"{message}: {raw}" if isinstance(raw, str) and raw not in message else message


def _failure(
    status: int, code: str | None, message: str, headers: dict[str, str]
) -> UpstreamFailure:
    message = message[:MESSAGE_LIMIT]
    if OVERFLOW.search(message) or code == "context_length_exceeded":
        if not UNDERSTOOD.search(message):
            message = f"prompt is too long: {message}"
        return UpstreamFailure(message, status=400, type="invalid_request_error", headers=headers)
    fallback = (400, "invalid_request_error") if 400 <= status < 500 else (500, "api_error")
    answered, type = STATUSES.get(status, fallback)
    if answered == 401 or code in FINAL_CODES:
        headers = {**headers, **NO_RETRY}  # the gateway's key is wrong; asking again will not help
    return UpstreamFailure(message, status=answered, type=type, headers=headers)
