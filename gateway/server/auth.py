"""Who may use the gateway."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from gateway.config import ClientKey, ServerSettings
from gateway.errors import Unauthenticated


def authorize(settings: ServerSettings, headers: Mapping[str, str]) -> ClientKey | None:
    """The key that the client showed; None when the gateway asks for none.

    Clients show it as `x-api-key` or as a bearer token, some as both. Every known key is compared, and
    in constant time, so that the time taken says nothing. Raises `Unauthenticated`.
    """
    if not settings.keys:
        return None
    shown = [headers.get("x-api-key", ""), _bearer(headers.get("authorization", ""))]
    found: ClientKey | None = None
    for known in settings.keys:
        for key in shown:
            if hmac.compare_digest(known.key.encode(), key.encode("utf-8", "replace")):
                found = known
    if found is None:
        raise Unauthenticated(
            "This gateway asks for a key: send one of those under server.auth.keys of its config as "
            "x-api-key or as a bearer token (ANTHROPIC_AUTH_TOKEN for Claude Code)."
        )
    return found


def _bearer(value: str) -> str:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
