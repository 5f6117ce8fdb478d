"""The table of cases. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gateway import json_text
from gateway.conformance.case import Case, Subject
from gateway.conformance.cases import (
    calls,
    contract,
    conversation,
    limits,
    media,
    results,
    schemas,
    streaming,
    thoughts,
)
from gateway.patterns import compile_glob

CASES: tuple[Case, ...] = (
    *conversation.CASES,
    *streaming.CASES,
    *calls.CASES,
    *schemas.CASES,
    *results.CASES,
    *thoughts.CASES,
    *limits.CASES,
    *media.CASES,
    *contract.CASES,
)
"""In the order in which they run: what everything else rests on comes first."""

ANSWER = 120
"""Tokens that an answer costs, thinking of the usual length included."""
IMAGE = 300
"""Tokens of an image or of a page."""


def chosen(names: Sequence[str], *, large: bool) -> list[Case]:
    """The cases with these names or groups, globs allowed; all when none is named.

    What costs many tokens is among them only if `large`. Raises `LookupError` with the name that
    fits nothing.
    """
    found: set[str] = set()
    for name in names:
        glob = compile_glob(name)
        hits = {c.name for c in CASES if glob.search(c.name) or glob.search(c.group)}
        if not hits:
            raise LookupError(name)
        found |= hits
    return [c for c in CASES if (not names or c.name in found) and (large or not c.large)]


def cost(cases: Iterable[Case], subject: Subject) -> tuple[int, int]:
    """About how many requests and tokens these cases take, when every one goes well."""
    requests = tokens = 0
    for case in cases:
        first = case.turns[0](subject, ())
        if first is not None:
            requests += len(case.turns)
            tokens += len(case.turns) * (_size(first) + ANSWER)
    return requests, tokens


def _size(body: Any) -> int:
    """Tokens of a prompt, at four bytes each; data counts as what it shows."""
    if isinstance(body, dict) and body.get("type") == "base64":
        return IMAGE
    if isinstance(body, dict):
        return sum(map(_size, body.values())) + len(body)
    if isinstance(body, list):
        return sum(map(_size, body))
    return len(json_text.encode(body)) // 4 + 1
