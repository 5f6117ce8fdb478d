"""Groq: open models on its own hardware. Only gpt-oss takes efforts; others would refuse them.

Thinking comes as `reasoning`, or between tags from models that write it into their text. The server
checks tool calls itself and refuses its own model's answer when one does not fit.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="groq",
    dialect=OpenAIChat(
        ChatQuirks(
            output_cap="max_completion_tokens",
            reasoning="effort",
            reasoning_models=("*gpt-oss*",),
            think_tags="split",
            user_field="user",
        )
    ),
    base_url="https://api.groq.com/openai/v1",
    key_env="GROQ_API_KEY",
)
