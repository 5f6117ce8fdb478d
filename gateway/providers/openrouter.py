"""OpenRouter: chat completions in front of many providers; takes effort as an object."""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="openrouter",
    dialect=OpenAIChat(
        ChatQuirks(
            reasoning="object",
            efforts=("minimal", "low", "medium", "high", "xhigh"),
            can_disable_reasoning=True,
            documents=True,
            top_k=True,
        )
    ),
    base_url="https://openrouter.ai/api/v1",
    key_env="OPENROUTER_API_KEY",
)
