"""The size of a prompt in the tokens of a target. No IO."""

from __future__ import annotations

from math import ceil

from msgspec import Struct

from gateway.config import Snapshot
from gateway.estimates import Estimates
from gateway.routing import Target
from gateway.tokens import Size

BYTES = 4
"""To a token, where nobody has counted."""


class Sizing(Struct, frozen=True):
    """What the config sets, otherwise what was learned."""

    _snapshot: Snapshot
    _estimates: Estimates

    def safe(self, target: Target, size: Size) -> int:
        """Tokens that the target will hardly count more of."""
        scale = self._snapshot.scale_of(target)
        if scale is not None:
            return ceil(size.total * scale)
        return self._estimates.safe(target.provider, target.model, size)

    def expected(self, target: Target, size: Size) -> int:
        """Tokens that the target will about count; our own count before anything was learned."""
        scale = self._snapshot.scale_of(target)
        if scale is not None:
            return ceil(size.total * scale)
        return self._estimates.expected(target.provider, target.model, size)


def roughly(body: bytes, tools: bytes | None) -> Size:
    """A size by the bytes of a request, without counting: a tenth more than it is in English and code."""
    of_tools = len(tools or b"") // BYTES
    return Size(max(0, len(body) // BYTES - of_tools), of_tools)
