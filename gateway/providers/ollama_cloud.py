"""Ollama's cloud: the format of `ollama`, at its makers' servers, with a key.

Windows are those of the models there, so none is asked for unless `context` says so.
"""

from __future__ import annotations

from gateway.dialects.ollama import Ollama
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="ollama-cloud",
    dialect=Ollama(),
    base_url="https://ollama.com",
    key_env="OLLAMA_API_KEY",
)
