"""Whose request it is, as far as a provider may know. No IO.

`metadata.user_id` is the client's own account of its user and session (Claude Code sends a JSON text
with a device id). Providers get a digest: enough to route a session to its cache or to tell users
apart, and no more than that.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from gateway import json_text
from gateway.messages import MessagesRequest

KNOWN = 256
"""User ids whose digests are remembered: each comes again with every turn of its session."""
LONGEST = 4096
"""Characters of a user id that is remembered."""


def user_digest(request: MessagesRequest) -> str | None:
    """A name for the user that stays the same over sessions; 32 characters."""
    user = _user_id(request)
    return _digests_of(user)[0] if user is not None else None


def session_digest(request: MessagesRequest) -> str | None:
    """A name for the conversation that stays the same over its turns; 32 characters."""
    user = _user_id(request)
    return _digests_of(user)[1] if user is not None else None


def put_digests(
    body: dict[str, Any], request: MessagesRequest, dropped: list[str], *, user: str, session: str
) -> None:
    """Puts the digests into these fields of a body; an empty name is no field."""
    if "metadata" not in request:
        return
    metadata = request.object_field("metadata")
    is_said = False
    for field, digest in ((user, user_digest), (session, session_digest)):
        if field and (found := digest(request)) is not None:
            body[field] = found
            is_said = True
    if metadata and not is_said:
        dropped.append("metadata")
    else:
        dropped += [f"metadata.{name}" for name in metadata if name != "user_id"]


def _user_id(request: MessagesRequest) -> str | None:
    user = request.object_field("metadata").get("user_id")
    return user if isinstance(user, str) and user else None


def _digests_of(user: str) -> tuple[str, str]:
    """Of the user, and of the session."""
    return _remembered(user) if len(user) <= LONGEST else _digests(user)


def _digests(user: str) -> tuple[str, str]:
    account = _account(user)
    device = {key: value for key, value in account.items() if key != "session_id"}
    session = account.get("session_id")
    return (
        _digest(json_text.encode_text(device) if device else user),
        _digest(session if isinstance(session, str) and session else user),
    )


_remembered = lru_cache(maxsize=KNOWN)(_digests)


def _account(user: str) -> dict[str, Any]:
    try:
        account = json_text.decode(user)
    except json_text.NotJSON:
        return {}
    return account if isinstance(account, dict) else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
