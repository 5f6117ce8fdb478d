"""Provider errors in the client's terms: status, type, and wording that the client acts on. No IO.

Claude Code and the SDKs decide by status, by `x-should-retry` and, on a 400, by the words: an
overflow must be a 400 that says so in terms they know, or the client never compacts. A provider's own
sentence is kept in any case, but where the client reads numbers out of it.
"""

from __future__ import annotations

import math
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
    408: (504, "timeout_error"),
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

DECIDING: Mapping[str, int] = {
    "insufficient_quota": 402,
    "exceeded_current_quota_error": 402,
    "billing_hard_limit_reached": 402,
    "billing_not_active": 402,
    "payment_required": 402,
    "content_filter": 400,
    "content_policy_violation": 400,
    "responsibleaipolicyviolation": 400,
}
"""Codes, in lower case, that say more than the status they come with: money, and what may be said."""

CODES: Mapping[str, int] = {
    **DECIDING,
    **STATUS_OF,
    "context_length_exceeded": 400,
    "token_limit_exceeded": 400,
    "max_tokens_exceeded": 400,
    "string_too_long": 400,
    "invalid_request": 400,
    "invalid_prompt": 400,
    "invalid_image": 400,
    "invalid_value": 400,
    "invalid_argument": 400,
    "unprocessable": 400,
    "unsupported_parameter": 400,
    "tool_use_failed": 400,
    "json_validate_failed": 400,
    "refusal": 400,
    "invalid_api_key": 401,
    "authentication": 401,
    "unauthenticated": 401,
    "permission_denied": 403,
    "model_not_found": 404,
    "not_found": 404,
    "payload_too_large": 413,
    "rate_limit_exceeded": 429,
    "rate_limit_reached": 429,
    "too_many_requests": 429,
    "resource_exhausted": 429,
    "server_error": 500,
    "internal_server_error": 500,
    "server": 500,
    "internal": 500,
    "provider_unavailable": 503,
    "service_unavailable": 503,
    "unavailable": 503,
    "provider_overloaded": 529,
    "overloaded": 529,
    "engine_overloaded_error": 529,
    "timeout": 504,
    "deadline_exceeded": 504,
}
"""Error codes and types, in lower case, that stand in a body without a status of their own."""

EMPTY_ACCOUNT = re.compile(r"insufficient (?:account )?(?:balance|credit|fund)", re.IGNORECASE)
"""Words of providers that have no code for it. "Exceeded your quota" is none: some mean a minute's."""

MODERATED = re.compile(r"moderation|flagged|content[ _-]policy|content[ _-]filter", re.IGNORECASE)
"""Why a 403 is about this request and not about the account."""

_KNOWN_TO_CLIENTS = (
    r"prompt is too long|input is too long for requested model|maximum context length"
    r"|context_length_exceeded|contextwindowexceedederror|exceeds the context window"
    r"|longer than the model's context length|longer than the maximum model length"
    r"|exceeds the available context size|exceeds the maximum number of tokens allowed"
    r"|exceeded model token limit|input tokens exceed the configured limit"
    r"|input token length too long|maximum context limit|maximum prompt length"
    r"|prompt exceeds max length|tokens in request more than max tokens allowed"
    r"|range of input length should be|context window exceeds limit"
    r"|but model only supports up to|reduce the length of the messages"
    r"|context exceeds your deployment|`inputs` tokens \+ `max_new_tokens` must be"
    r"|input length and `max_tokens` exceed context limit"
)
UNDERSTOOD = re.compile(_KNOWN_TO_CLIENTS, re.IGNORECASE)
"""Words on which Claude Code compacts the conversation, or asks for a shorter answer."""

OVERFLOW = re.compile(
    _KNOWN_TO_CLIENTS + r"|exceed(?:s|ed)? (?:the |your )?(?:model's )?(?:maximum )?context"
    r"|(?:prompt|context|input|messages|conversation)\b[^.\n]{0,30}\btoo (?:long|large)"
    r"|max(?:imum)? (?:context|input|prompt) (?:length|size|tokens)|too[ _]many[ _](?:input|prompt)[ _]tokens"
    r"|exceed model maximum|reduce (?:the length of )?(?:your|the) (?:prompt|input|messages|context)"
    r"|token_limit_exceeded|exceed_context_size_error|current length is \d+ while limit is",
    re.IGNORECASE,
)
"""Words for "the prompt does not fit", seen from providers."""

NO_OVERFLOW = re.compile(r"string_above_max_length|string too long", re.IGNORECASE)
"""Words for a single field that is too long: compacting would not help."""

_N = r"(?P<{}>\d[\d,]*)"
PROMPT_AND_ANSWER = tuple(
    re.compile(form.replace("{}", ""), re.IGNORECASE | re.DOTALL)
    for form in (
        rf"context length is {_N.format('limit')} tokens.*?requested (?:about )?{_N.format('all')}"
        rf" tokens \([^)]*?{_N.format('answer')} (?:in|for) the (?:completion|output)",
        rf"too large: {_N.format('answer')}\..*?context length is {_N.format('limit')} tokens"
        rf" and your request has {_N.format('prompt')} input tokens",
        rf"`max_new_tokens` must be <= {_N.format('limit')}\. Given: {_N.format('prompt')}"
        rf" `inputs` tokens and {_N.format('answer')} `max_new_tokens`",
    )
)
"""Sentences that count prompt and answer: together they may not fit although the prompt does."""

FORWARDED_HEADERS = ("retry-after", "x-should-retry")
FINAL_STATUSES = frozenset({401, 402})
"""A wrong key and an empty account stay so: asking again will not help."""
FINAL_CODES = frozenset({"invalid_api_key"})
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
    if (wait := retry_after(status, headers, value)) is not None:
        forwarded["retry-after"] = wait
    if not message:
        message = f"The provider answered with HTTP {status} and no explanation."
    elif isinstance(value, str) and status == 404:
        message += " (Is the provider's base_url right? Most servers want it to end in /v1.)"
    return _failure(status, code, message, forwarded)


def failure_in_stream(error: Any) -> UpstreamFailure:
    """The error that stands in a body or stream which began as a success."""
    code, message = words_of({"error": error})
    number = error.get("code") if isinstance(error, dict) else None
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    if not isinstance(number, int) or number not in STATUSES:
        number = CODES.get((code or "").lower(), 500)
    return _failure(number, code, message or "The provider broke off with an error.", {})


# -- where the words stand ----------------------------------------------------------------------------

WORDS = ("message", "detail", "error_msg", "msg", "error", "errors")
"""Fields that hold the message, or an object that does."""


def words_of(value: Any) -> tuple[str | None, str]:
    """The code and the message of an error body, in the many shapes there are."""
    if isinstance(value, list):
        value = value[0] if value else {}
    if not isinstance(value, dict):
        return None, str(value)
    error = value.get("error", value)
    if not isinstance(error, dict):
        error = {**value, "message": error or value.get("message")}
    found = next((error[name] for name in WORDS if error.get(name)), None) or value.get("message")
    return _code_of(error), _with_cause(_sentence(found or error), error)


def _sentence(words: Any) -> str:
    """The words, whatever holds them; lists are those of servers that check field by field."""
    if isinstance(words, str):
        return words
    if isinstance(words, list) and words and all(isinstance(item, dict) for item in words):
        sentences = [_complaint(item) for item in words]
        if all(sentences):
            return "; ".join(sentences)
    if isinstance(words, dict):
        inner = next((words[name] for name in WORDS if isinstance(words.get(name), str)), "")
        if inner:
            return str(inner)
    return json_text.encode_text(words)


def _complaint(item: Mapping[str, Any]) -> str:
    """`{"loc": ["body", "messages"], "msg": "…"}` as "body.messages: …"."""
    message, place = item.get("msg") or item.get("message"), item.get("loc")
    if not isinstance(message, str):
        return ""
    return f"{'.'.join(map(str, place))}: {message}" if isinstance(place, list) else message


def _code_of(error: Mapping[str, Any]) -> str | None:
    """The word that names the error, the most telling first."""
    metadata = error.get("metadata")
    routed = metadata.get("error_type") if isinstance(metadata, dict) else None
    inner = error.get("innererror")
    filtered = inner.get("code") if isinstance(inner, dict) else None
    words = (filtered, error.get("code"), error.get("type"), routed, error.get("status"))
    named = [word for word in words if isinstance(word, str) and word]
    return next((word for word in named if word.lower() in CODES), named[0] if named else None)


def _with_cause(message: str, error: Mapping[str, Any]) -> str:
    """Routers say "Provider returned error" and put the provider's own words beside it."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    for cause in (raw, error.get("failed_generation")):
        if isinstance(cause, str) and cause and cause not in message:
            message = f"{message}: {cause}"
    return message


# -- when to ask again --------------------------------------------------------------------------------

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
LIMITED = frozenset({429, 503, 529})


def retry_after(status: int, headers: Mapping[str, str], value: Any) -> str | None:
    """Seconds to wait, from wherever the provider says it; None when it does not."""
    if "retry-after" in headers:
        return headers["retry-after"]
    try:
        return str(max(0, math.ceil(float(headers["retry-after-ms"]) / 1000)))
    except (KeyError, ValueError, OverflowError):
        pass
    if status not in LIMITED:
        return None
    waits = [
        _seconds(headers.get(f"x-ratelimit-reset-{kind}"))
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}") == "0"
    ]
    waits.append(_seconds(_retry_delay(value)))
    known = [wait for wait in waits if wait is not None]
    return str(math.ceil(max(known))) if known else None


def _retry_delay(value: Any) -> Any:
    """`retryDelay` of Google's `RetryInfo`, such as "37s"."""
    if isinstance(value, list):
        value = value[0] if value else None
    error = value.get("error") if isinstance(value, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    if not isinstance(details, list):
        return None
    delays = (detail.get("retryDelay") for detail in details if isinstance(detail, dict))
    return next(filter(None, delays), None)


def _seconds(text: Any) -> float | None:
    """ "1m30s", "120ms", "2.5" as seconds; None for anything else."""
    if not isinstance(text, str) or not text:
        return None
    if (match := _DURATION.fullmatch(text)) is not None:
        hours, minutes, seconds, thousandths = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text) else None


# -- what the client is told --------------------------------------------------------------------------


def _failure(
    status: int, code: str | None, message: str, headers: dict[str, str]
) -> UpstreamFailure:
    message, name = message[:MESSAGE_LIMIT], (code or "").lower()
    if _is_overflow(name, message):
        return UpstreamFailure(
            _overflow(message), status=400, type="invalid_request_error", headers=headers
        )
    status = DECIDING.get(name, status)
    if status == 403 and MODERATED.search(message):
        status = 400
    if EMPTY_ACCOUNT.search(message):
        status = 402
    fallback = (400, "invalid_request_error") if 400 <= status < 500 else (500, "api_error")
    answered, type = STATUSES.get(status, fallback)
    if answered in FINAL_STATUSES or name in FINAL_CODES:
        headers = {**headers, **NO_RETRY}
    return UpstreamFailure(message, status=answered, type=type, headers=headers)


def _is_overflow(code: str, message: str) -> bool:
    if NO_OVERFLOW.search(message) or NO_OVERFLOW.search(code):
        return False
    return OVERFLOW.search(message) is not None or OVERFLOW.search(code) is not None


def _overflow(message: str) -> str:
    """An overflow in words that the client acts on: it asks for less, or it compacts."""
    for form in PROMPT_AND_ANSWER:
        if (match := form.search(message)) is None:
            continue
        counts = {name: int(text.replace(",", "")) for name, text in match.groupdict().items()}
        answer, limit = counts["answer"], counts["limit"]
        prompt = counts["prompt"] if "prompt" in counts else counts["all"] - answer
        if 0 <= prompt < limit:
            return (
                f"input length and `max_tokens` exceed context limit: {prompt} + {answer} > {limit}, "
                "decrease input length or `max_tokens` and try again"
            )
        return f"prompt is too long: {prompt} tokens > {limit} maximum. {message}"
    return message if UNDERSTOOD.search(message) else f"prompt is too long: {message}"
