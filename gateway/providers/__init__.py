"""Providers that are known by name: declarations, no code. No IO.

To add one: write `gateway/providers/NAME.py` with a `PROVIDER` and name it here (a dash in the name is an
underscore in the file's). A server that is used by few needs no declaration: `dialect:` and `base_url:`
in the config are enough. What each can do is told by `features`, from the declarations.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.providers import (
    anthropic,
    azure,
    cerebras,
    dashscope,
    deepseek,
    fireworks,
    gemini,
    google,
    groq,
    huggingface,
    llamacpp,
    lmstudio,
    minimax,
    mistral,
    mock,
    moonshot,
    nvidia,
    ollama,
    ollama_cloud,
    openai,
    openai_responses,
    openrouter,
    together,
    vertex,
    vllm,
    volcengine,
    xai,
    zai,
)
from gateway.providers.base import AuthScheme, Provider, auth_header, join_url

__all__ = ["PROVIDERS", "AuthScheme", "Provider", "auth_header", "join_url"]

PROVIDERS: Mapping[str, Provider] = {
    module.PROVIDER.name: module.PROVIDER
    for module in (
        *(anthropic, azure, cerebras, dashscope, deepseek, fireworks, gemini, google, groq),
        *(huggingface, llamacpp, lmstudio, minimax, mistral, mock, moonshot, nvidia, ollama),
        *(ollama_cloud, openai, openai_responses, openrouter, together, vertex, vllm),
        *(volcengine, xai, zai),
    )
}
"""Name -> declaration."""
