"""What is changed of a request before it is translated. No IO.

In this order: tags are taken out; the transforms that hold for everything, for the target and for the
rules; the parameters of the rules; and what the target cannot be shown becomes a note.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.config import Snapshot
from gateway.config.snapshot import Edits
from gateway.messages import MessagesRequest
from gateway.routing import Params, Route
from gateway.routing.tags import without_tags
from gateway.transforms import with_fields, without_media


def edited(
    snapshot: Snapshot, request: MessagesRequest, route: Route, found: Edits
) -> MessagesRequest:
    """The request as its route wants it for the target whose edits these are; the same object when
    nothing changes."""
    if snapshot.uses_tags:
        request = without_tags(request)
    for transform in found.transforms:
        request = transform(request)
    for params in route.params:
        request = with_params(request, params)
    return without_media(request, found.unseen) if found.unseen else request


def hidden(request: MessagesRequest, unseen: Iterable[str]) -> tuple[str, ...]:
    """The types of blocks of a request in whose place a target gets a note that cannot be shown them."""
    return tuple(kind for kind in sorted(unseen) if without_media(request, {kind}) is not request)


def applied(
    snapshot: Snapshot, request: MessagesRequest, names: tuple[str, ...]
) -> MessagesRequest:
    """The request after what every target's goes through, with these transforms of rules."""
    return transformed(snapshot, request, snapshot.transforms_for(None, names))


def transformed(
    snapshot: Snapshot, request: MessagesRequest, names: Iterable[str]
) -> MessagesRequest:
    """The request after the named transforms, in order."""
    for name in names:
        request = snapshot.transforms[name](request)
    return request


def with_params(request: MessagesRequest, params: Params) -> MessagesRequest:
    """The request with the fields that a rule sets; the same object when nothing changes."""
    return with_fields(
        request, set=params.set, default=params.default, cap=params.cap, drop=params.drop
    )
