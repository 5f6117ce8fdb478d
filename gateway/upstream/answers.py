"""An answer under way, whoever carries it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gateway.pipeline import UpstreamRequest

Take = Callable[[bytes], bool]
"""Is handed a piece of a body; says whether it wants the next one."""


class Arriving(Protocol):
    """An answer whose status and headers are there. Its body is taken by `read`, by `feed`, or `whole`.

    The first two raise `TimeoutError` after so many seconds of silence while they wait, and httpx's
    transport errors for a body that broke off; a body that is cut never ends like a complete one.
    """

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    async def read(self, patience: float) -> bytes:
        """What has come, as soon as anything has; nothing at the end of the body."""

    async def feed(self, take: Take, idle: float) -> bool:
        """Hands each piece to `take` until it wants no more. True at the end of the body."""

    def whole(self) -> bytes | None:
        """What is left of the body, if all of it has come already; None where it has to be waited for."""

    def drain(self) -> None:
        """The rest of the body is not wanted, but may come, so that its connection serves again."""

    async def close(self) -> None:
        """Lets go of the connection; ends it if the body is not complete and nobody drains it."""


class Carrier(Protocol):
    """Sends requests."""

    async def ask(self, request: UpstreamRequest) -> Arriving:
        """Sends, and waits for status and headers. Raises httpx's transport errors, `TimeoutError`."""

    async def aclose(self) -> None:
        """Ends every connection."""
