"""Who may use the gateway, and who runs it."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import localtime, strftime, time

from gateway.config import ClientKey, ServerSettings, is_loopback
from gateway.config.sections.access import LONGEST_KEY, digest_of
from gateway.errors import Forbidden, Unauthenticated
from gateway.server.paths import Scope

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers of a proxy: who asks is not who is connected."""


def authorize(settings: ServerSettings, headers: Mapping[str, str]) -> ClientKey | None:
    """The key that the client showed; None when the gateway asks for none. Raises `Unauthenticated`.

    Clients show it as `x-api-key` or as a bearer token, some as both: one that is known is enough, and
    of two the bearer token counts. What is shown is hashed and looked for by its hash. The time that
    takes tells of the length of what was shown and of nothing else: no guess can be made to have a hash
    that is near to that of a key, and how many keys there are plays no part.
    """
    if not settings.keys:
        return None
    expired: ClientKey | None = None
    for digest in _digests(headers):
        found = settings.by_digest.get(digest)
        if found is None:
            continue
        if found.expires is None or time() < found.expires:
            return found
        expired = expired or found
    if expired is not None:
        raise Unauthenticated(_expired(expired))
    raise Unauthenticated(
        "This gateway asks for a key: send one of those under server.auth.keys of its config as "
        "x-api-key or as a bearer token (ANTHROPIC_AUTH_TOKEN for Claude Code)."
    )


def _expired(key: ClientKey) -> str:
    when = strftime("%Y-%m-%d %H:%M %Z", localtime(key.expires))
    return (
        f"The key {key.name!r} expired at {when}. Ask whoever runs this gateway for another one, or for "
        "a later `expires` under server.auth.keys of its config."
    )


def shows_admin_key(settings: ServerSettings, headers: Mapping[str, str]) -> bool:
    """The request carries the key of whoever runs the gateway."""
    if settings.admin is None:
        return False
    known = settings.admin.digest
    return any(hmac.compare_digest(known, digest) for digest in _digests(headers))


def may_look_inside(settings: ServerSettings, headers: Mapping[str, str], scope: Scope) -> bool:
    """The admin key; where nobody needs any key, this machine itself."""
    if settings.admin is not None:
        return shows_admin_key(settings, headers)
    return not settings.keys and is_local(headers, scope)


def authorize_admin(settings: ServerSettings, headers: Mapping[str, str], scope: Scope) -> None:
    """For what is told to whoever runs the gateway alone: the traffic of others, the config.

    Raises `Unauthenticated`, and `Forbidden` for what no key of a client opens.
    """
    if may_look_inside(settings, headers, scope):
        return
    path = scope["path"]
    if settings.admin is None and not settings.keys:
        raise Forbidden(
            f"{path} is told to this machine alone. To ask from elsewhere, set server.admin.key in the "
            "gateway's config and send that key as a bearer token."
        )
    if _shows_client_key(settings, headers):
        how = "" if settings.admin else " The gateway's config sets none: say server.admin.key."
        raise Forbidden(f"{path} needs the admin key; keys of clients do not open it.{how}")
    raise Unauthenticated(
        f"{path} needs the admin key: send server.admin.key of the gateway's config as a bearer token "
        "or as x-api-key."
    )


def _shows_client_key(settings: ServerSettings, headers: Mapping[str, str]) -> bool:
    return any(digest in settings.by_digest for digest in _digests(headers))


def is_local(headers: Mapping[str, str], scope: Scope) -> bool:
    """The request comes from this machine, by loopback or by a unix socket, and through no proxy."""
    client = scope.get("client")
    if client and not is_loopback(client[0]):
        return False
    return not any(name in headers for name in FORWARDED)


def _digests(headers: Mapping[str, str]) -> Iterator[bytes]:
    """The hashes of what the client shows."""
    for shown in (_bearer(headers.get("authorization", "")), headers.get("x-api-key", "")):
        if not shown or len(shown) > LONGEST_KEY:
            continue
        if shown.isascii():
            yield digest_of(shown.encode("ascii"))
            continue
        # A header is bytes. Read as Latin-1, each character is one: a key beyond ASCII may be either.
        yield digest_of(shown.encode("utf-8", "surrogatepass"))
        with suppress(UnicodeEncodeError):
            yield digest_of(shown.encode("latin-1"))


def _bearer(value: str) -> str:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
