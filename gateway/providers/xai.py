"""xAI: chat completions. Grok's reasoning models refuse stop sequences, so the gateway keeps them all.

Only the small reasoning models take an effort. The Responses endpoint (`dialect: openai-responses`) keeps
reasoning between turns and can search the web.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="xai",
    dialect=OpenAIChat(
        ChatQuirks(
            stop_limit=0,
            reasoning="effort",
            reasoning_models=("grok-3-mini*",),
            efforts=("low", "high"),
            user_field="user",
            refused_keywords=("strict",),
        )
    ),
    base_url="https://api.x.ai/v1",
    key_env="XAI_API_KEY",
)
