"""What is changed of a request before it is translated. No IO.

In this order: tags are taken out; the transforms that hold for everything, for the target and for the
rules; the parameters of the rules; and what the target cannot be shown becomes a note.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.config import NO_FACTS, Snapshot
from gateway.messages import MessagesRequest
from gateway.routing import Params, Route, Target
from gateway.routing.tags import without_tags
from gateway.transforms import with_fields, without_media


def edited(
    snapshot: Snapshot, request: MessagesRequest, route: Route, target: Target
) -> MessagesRequest:
    """The request as its route wants it for this target; the same object when nothing changes."""
    if snapshot.uses_tags:
        request = without_tags(request)
    names = snapshot.transforms_for(target, route.transforms)
    request = transformed(snapshot, request, names)
    for params in route.params:
        request = with_params(request, params)
    return without_media(request, _unseen(snapshot, target))


def hidden(snapshot: Snapshot, request: MessagesRequest, target: Target) -> tuple[str, ...]:
    """The types of blocks of a request in whose place the target gets a note."""
    kinds = sorted(_unseen(snapshot, target))
    return tuple(kind for kind in kinds if without_media(request, {kind}) is not request)


def _unseen(snapshot: Snapshot, target: Target) -> frozenset[str]:
    """The types of blocks that the config says the target cannot be shown."""
    facts = snapshot.facts_of(target)
    if facts is NO_FACTS:
        return frozenset()
    able = {"image": facts.images, "document": facts.documents}
    return frozenset(kind for kind, is_able in able.items() if is_able is False)


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
