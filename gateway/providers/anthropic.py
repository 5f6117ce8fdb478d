"""Anthropic: the client's own format, passed through byte for byte."""

from __future__ import annotations

from gateway.dialects.anthropic import Anthropic
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="anthropic",
    dialect=Anthropic(),
    base_url="https://api.anthropic.com",
    auth="x-api-key",
    key_env="ANTHROPIC_API_KEY",
)
