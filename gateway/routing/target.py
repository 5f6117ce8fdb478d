"""`provider:model`, written the same way in the config, the URL and the request. No IO."""

from __future__ import annotations

from msgspec import Struct

from gateway.once import once


class BadTarget(ValueError):
    """A text that names no target."""


class Target(Struct, frozen=True, dict=True):
    """A model at a provider. Split at the first colon: model ids may hold colons and slashes."""

    provider: str
    model: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Raises `BadTarget`."""
        provider, colon, model = text.partition(":")
        if not (provider and colon and model):
            raise BadTarget(f"expected provider:model, such as openai:gpt-5, got {text!r}")
        return cls(provider, model)

    @once
    def name(self) -> str:
        """As it is written: the targets of a config are told of with every request."""
        return f"{self.provider}:{self.model}"

    def __str__(self) -> str:
        return self.name
