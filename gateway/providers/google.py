"""Another name of `gemini`, for those whose key is in GOOGLE_API_KEY."""

from __future__ import annotations

from dataclasses import replace

from gateway.providers import gemini

PROVIDER = replace(gemini.PROVIDER, name="google", key_env="GOOGLE_API_KEY")
