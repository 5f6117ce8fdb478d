"""The HTTP side: endpoints, client keys, and the one place that renders errors."""

from gateway.server.app import Services, build_app

__all__ = ["Services", "build_app"]
