"""OpenAI: chat completions. Its reasoning models name the output cap anew and refuse sampling."""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="openai",
    dialect=OpenAIChat(
        ChatQuirks(
            output_cap="max_completion_tokens",
            reasoning="effort",
            reasoning_models=("gpt-5*", "gpt-6*", "o1*", "o3*", "o4*"),
            efforts=("minimal", "low", "medium", "high"),
            sampling_with_reasoning=False,
            documents=True,
        )
    ),
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
)
