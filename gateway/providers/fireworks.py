"""Fireworks: many open models behind one chat endpoint, named `accounts/fireworks/models/…`.

Only gpt-oss is sure to take efforts. A user's requests stay with one replica, and so with its cache.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="fireworks",
    dialect=OpenAIChat(
        ChatQuirks(
            top_k=True,
            reasoning="effort",
            reasoning_models=("*gpt-oss*",),
            think_tags="split",
            user_field="user",
            parallel_tool_calls=False,
        )
    ),
    base_url="https://api.fireworks.ai/inference/v1",
    key_env="FIREWORKS_API_KEY",
)
