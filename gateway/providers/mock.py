"""The built-in provider: answers what was routed where and why. Needs no key and no network."""

from __future__ import annotations

from gateway.dialects.anthropic import Anthropic, AnthropicQuirks
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="mock",
    dialect=Anthropic(AnthropicQuirks(count_path="")),
    base_url="mock://answers",
    auth="none",
    needs_key=False,
)
