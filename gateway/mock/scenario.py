"""One thing that goes wrong, and what a client of the gateway gets then. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.mock import said
from gateway.mock.plays import Play
from gateway.mock.said import Saying

Gets = str
"""`answer`: a complete one. `STATUS TYPE`: that error, or the answer of a fallback where one is named and
may help. `error event`: a stream that ends in one. `cut`: a stream that breaks off, so that the client
asks again."""

BROKEN = "502 api_error"
SILENT = "504 timeout_error"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that goes wrong."""

    name: str
    phase: str
    """When, or where, it goes wrong."""
    sentence: str
    play: Play
    whole: Gets = "answer"
    stream: Gets = "answer"
    says: Saying = said.answer


CALM, BEFORE, WITHIN = "in a calm moment", "before the answer", "within it"
AT_END, CONTENT = "at its end", "in what it says"

TOLD: Mapping[int, Gets] = {
    400: "400 invalid_request_error",
    401: "401 authentication_error",
    402: "402 billing_error",
    403: "403 permission_error",
    404: "404 not_found_error",
    408: "504 timeout_error",
    409: "400 invalid_request_error",
    413: "413 request_too_large",
    422: "400 invalid_request_error",
    429: "429 rate_limit_error",
    500: "500 api_error",
    502: "502 api_error",
    503: "529 overloaded_error",
    504: "504 timeout_error",
    529: "529 overloaded_error",
}
"""A provider's status -> what a client is told."""
