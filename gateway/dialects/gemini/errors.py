"""Refusals of Google's servers in the client's terms. No IO.

Reference: https://ai.google.dev/gemini-api/docs/troubleshooting
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.dialects.failures import failure
from gateway.errors import UpstreamFailure

FORGET_THINKING = "capability_rejected: thinking_signature"
"""The words on which Claude Code sends its request again without any thinking."""

_BAD_SIGNATURE = re.compile(
    r"(?:corrupted|invalid|malformed) thought[ _]?signature"
    r"|thought[ _]?signature is (?:not valid|invalid|corrupted)",
    re.IGNORECASE,
)
_BAD_KEY = b'"API_KEY_INVALID"'
"""Stands among the details of what is a 400 for Google, like any other fault of the request."""


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFailure:
    """The error of a refused request: `{error: {code, status, message, details}}`, or a list of it."""
    if status == 400 and _BAD_KEY in body:
        status = 401
    return with_signatures_understood(failure(status, headers, body))


def with_signatures_understood(error: UpstreamFailure) -> UpstreamFailure:
    """The error, or the one that makes the client forget its thinking if a signature was refused."""
    if error.status == 400 and _BAD_SIGNATURE.search(error.message):
        return signature_refused()
    return error


def signature_refused() -> UpstreamFailure:
    """A thought signature is missing, or comes from another place than where it belongs."""
    return UpstreamFailure(FORGET_THINKING, status=400, type="invalid_request_error")
