"""Providers that are known by name: declarations, no code. No IO.

To add one: write `gateway/providers/NAME.py` with a `PROVIDER` and name it here. A server that is
used by few needs no declaration: `dialect:` and `base_url:` in the config are enough.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.providers import (
    anthropic,
    deepseek,
    gemini,
    mock,
    nvidia,
    ollama,
    openai,
    openrouter,
)
from gateway.providers.base import AuthScheme, Provider, auth_header, join_url

__all__ = ["PROVIDERS", "AuthScheme", "Provider", "auth_header", "join_url"]

PROVIDERS: Mapping[str, Provider] = {
    module.PROVIDER.name: module.PROVIDER
    for module in (anthropic, deepseek, gemini, mock, nvidia, ollama, openai, openrouter)
}
"""Name -> declaration."""
