"""What becomes of an error that nobody foresaw."""

from __future__ import annotations

from gateway import observe
from gateway.errors import GatewayError


def reported_bug(error: Exception, path: str) -> GatewayError:
    """What the client is told: only that it happened. The log gets it in full."""
    observe.logger().error("bug", path=path, exc_info=error)
    return GatewayError("The gateway has failed on this request; its log says how.")
