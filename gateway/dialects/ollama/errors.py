"""Ollama's refusals: what they say, and what to do about the common ones. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway import json_text
from gateway.dialects.failures import OVERFLOW, failure
from gateway.errors import NO_RETRY, UpstreamFailure

ADVICE: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"model \S+ not found"),
        "Pull it where the server runs, with `ollama pull` and its name.",
    ),
    (re.compile(r"does not support tools"), "Clients with tools need a model that has them."),
    (
        re.compile(r"does not support thinking|think value .* not supported"),
        "Leave the model out of the quirk `thinking_models`, or set `think: auto`.",
    ),
    (
        re.compile(r"requires more system memory"),
        "Choose a smaller model, or a smaller `num_ctx`.",
    ),
    (
        re.compile(r"404 page not found"),
        "Is the provider's base_url right? It ends without a path.",
    ),
    (OVERFLOW, "The window has the size of the quirk `num_ctx`, or else the server's default."),
)
"""Words of the server -> what a person does about them. None of them goes away by itself."""


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFailure:
    """The error that a refused request ends with."""
    if not body.lstrip().startswith((b"{", b"[")):
        body = json_text.encode({"error": body.decode("utf-8", "replace").strip()})
    error = failure(status, headers, body)
    for words, advice in ADVICE:
        if words.search(error.message):
            error.message += f" ({advice})"
            error.headers = {**error.headers, **NO_RETRY} if error.status >= 500 else error.headers
            break
    return error
