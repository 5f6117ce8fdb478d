"""What the tries of an exchange know of it, and what their answers may ask. No IO."""

from __future__ import annotations

from msgspec import Struct

from gateway.config import ClientKey, Endpoint, Snapshot
from gateway.messages import MessagesRequest
from gateway.pipeline.corrections import Corrections
from gateway.pipeline.inbound import Inbound
from gateway.pipeline.sizing import BYTES, Sizing, roughly
from gateway.reasoning import Vault
from gateway.routing import Facts, Route, Target
from gateway.routing.said import said_in


class Asked(Struct, frozen=True, eq=False):
    """What every try has in common at which the gateway asks something of its own.

    It knows nothing of the tries: a circle would keep the body until a full collection.
    """

    snapshot: Snapshot
    inbound: Inbound
    request: MessagesRequest
    """As it came."""
    vault: Vault
    key: ClientKey | None = None
    """The key that the client showed."""

    __repr__ = object.__repr__
    """What it holds is nobody's business."""

    def prompt_estimate(self, target: Target) -> int:
        """The size of the prompt in a target's tokens, by its bytes."""
        return len(self.inbound.body) // BYTES

    def id_is_taken(self, id: str) -> bool:
        """A tool call of the conversation has this id already."""
        return any(id in said.ids for said in said_in(self.request))

    def corrections(self, route: Route, target: Target, endpoint: Endpoint) -> Corrections | None:
        """What becomes of the tool calls of a target's answer, which another endpoint may give in its
        place; None where nobody is to be told of them."""
        return None


class AskedByClient(Asked, frozen=True, eq=False, kw_only=True):
    """What every try of one exchange has in common."""

    facts: Facts
    sizing: Sizing
    """Our own counts in the tokens of targets."""
    consults: bool
    """Whoever feeds the answer takes care of `Exchange.question`."""

    def prompt_estimate(self, target: Target) -> int:
        """From the count if a rule has asked for it, otherwise from the bytes."""
        size = self.facts.size_if_known
        if size is None:
            request = self.request
            size = roughly(request.raw or b"", request.raw_field("tools"))
        return self.sizing.safe(target, size)

    def corrections(self, route: Route, target: Target, endpoint: Endpoint) -> Corrections:
        """By what the config says of all, of the target and of the rules."""
        settings = self.snapshot.correction_of(target, endpoint, route.corrections)
        return Corrections(
            self.request, settings, relays=endpoint.dialect.relays, consults=self.consults
        )
