"""Cerebras: open models on its own hardware, text only. Only gpt-oss takes efforts."""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="cerebras",
    dialect=OpenAIChat(
        ChatQuirks(
            output_cap="max_completion_tokens",
            reasoning="effort",
            reasoning_models=("gpt-oss*",),
            think_tags="split",
            image_models=(),
            user_field="user",
        )
    ),
    base_url="https://api.cerebras.ai/v1",
    key_env="CEREBRAS_API_KEY",
)
