"""What the tries of an exchange know of it, and what their answers may ask. No IO."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from gateway.config import ClientKey, Endpoint, Snapshot
from gateway.messages import MessagesRequest
from gateway.pipeline.corrections import Corrections
from gateway.pipeline.inbound import Inbound
from gateway.pipeline.sizing import Sizing, roughly
from gateway.reasoning import Vault
from gateway.routing import Facts, Route, Target
from gateway.routing.said import said_in


class Asked(Struct, frozen=True):
    """What every try of one exchange has in common.

    Its functions know nothing of the exchange: a circle would keep the body until a full collection.
    """

    snapshot: Snapshot
    inbound: Inbound
    route: Route
    request: MessagesRequest
    """As it came."""
    model: str
    """The model that the client asked for; answers carry its name."""
    vault: Vault
    prompt_estimate: Callable[[Target], int]
    id_is_taken: Callable[[str], bool]
    corrections: Callable[[Target, Endpoint], Corrections] | None
    """What becomes of the tool calls of this target's answer; None for an answer of the gateway's own."""
    key: ClientKey | None = None
    """The key that the client showed."""


def estimating(facts: Facts, sizing: Sizing, request: MessagesRequest) -> Callable[[Target], int]:
    """In a target's tokens: from the count if a rule has asked for it, otherwise from the bytes."""

    def estimate(target: Target) -> int:
        size = facts.size_if_known
        if size is None:
            size = roughly(request.raw or b"", request.raw_field("tools"))
        return sizing.safe(target, size)

    return estimate


def has_call(request: MessagesRequest, id: str) -> bool:
    """A tool call of the conversation has this id already."""
    return any(id in said.ids for said in said_in(request))


def correcting(
    snapshot: Snapshot, route: Route, request: MessagesRequest, consults: bool
) -> Callable[[Target, Endpoint], Corrections]:
    """For the answer of a target, which another endpoint may give in its place."""

    def corrections(target: Target, endpoint: Endpoint) -> Corrections:
        return Corrections(
            request,
            snapshot.correction_of(target, endpoint, route.corrections),
            relays=endpoint.dialect.relays,
            consults=consults,
        )

    return corrections
