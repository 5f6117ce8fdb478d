"""Headers that are passed on. No IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote_plus

from gateway.redaction import redactor

_PLAIN = re.compile(r"[ !-$&-~]*").fullmatch
"""Text that stands in a header as it is: visible ASCII, but for the sign that escapes."""

LONGEST_HEADER = 1_000
"""Characters of a header that lists things."""


def picked(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The headers with these names; a name may end in `*`."""
    if not (wanted := tuple(names)):
        return {}
    return {name: headers[name] for name in filter(_one_of(wanted), headers)}


@lru_cache(maxsize=256)
def _one_of(names: tuple[str, ...]) -> Callable[[str], object]:
    """Whether a header has one of these names, or begins as one that ends in `*`. Most headers do not,
    so they are passed over without a step of ours."""
    exact = [re.escape(name) for name in names if not name.endswith("*")]
    starts = [re.escape(name[:-1]) + ".*" for name in names if name.endswith("*")]
    return re.compile("|".join([*exact, *starts]), re.DOTALL).fullmatch


_OWN = re.compile(
    r"(?i)auth|key|token|secret|passw|sig|credential|api.?version|\A(?:alt|\$.*|code)\Z"
)
"""Parameters that show who asks, or that choose what the provider's address means."""

_QUERY = "!$&'()*+,;=:@/?-._~%"
"""What stands in a query as it is (RFC 3986)."""


@lru_cache(maxsize=256)
def forwarded_query(query: str) -> str:
    """What of a client's query its provider gets: no credential, and nothing that the address says."""
    parts = (part for part in query.split("&") if part)
    kept = (part for part in parts if not _OWN.search(unquote_plus(part.partition("=")[0])))
    return quote("&".join(kept), safe=_QUERY, errors="replace")


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def shown(headers: dict[str, str]) -> dict[str, str]:
    """The headers of an answer: none holds a secret, and none ends before its value does."""
    text = " ".join(headers.values())
    if text.isprintable() and redactor.is_clean(text):
        return headers
    return {name: _CONTROL.sub(" ", redactor.redact(value)) for name, value in headers.items()}


@lru_cache(maxsize=256)
def decision(target: str, reason: str, rule: str, trace: str, _lessons: int) -> Mapping[str, str]:
    """The headers that tell of a decision, as they are shown: there are few of them, which come again and
    again until the redactor has a lesson more."""
    return shown(
        {
            "x-gateway-target": header_text(target),
            "x-gateway-reason": header_text(reason),
            "x-gateway-rule": header_text(rule),
            "x-gateway-trace": header_text(trace),
        }
    )


def header_text(text: str) -> str:
    """Text that can stand in a header: visible ASCII, bounded."""
    if len(text) <= LONGEST_HEADER and _PLAIN(text) is not None:
        return text
    safe = " !\"#$&'()*+,-./:;<=>?@[]^_`{|}~"
    return quote(text[:LONGEST_HEADER], safe=safe, errors="replace")
