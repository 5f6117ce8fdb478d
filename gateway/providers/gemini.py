"""Gemini in its own format. The key is shown in a header, never in the address.

Thought signatures go back with the calls they came with. Google Search is offered where no function is.
"""

from __future__ import annotations

from gateway.dialects.gemini import Gemini
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="gemini",
    dialect=Gemini(),
    base_url="https://generativelanguage.googleapis.com/v1beta",
    auth="x-goog-api-key",
    key_env="GEMINI_API_KEY",
)
