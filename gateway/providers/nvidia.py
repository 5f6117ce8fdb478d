"""NVIDIA NIM: many models behind the chat format, each with its own way to switch thinking.

Models whose template knows `enable_thinking` are told by it, all others think as they do by themselves.
Models that are told in words need `quirks: {reasoning: prompt, reasoning_models: ["*nemotron*-v1*"],
thinking_words: [detailed thinking on, detailed thinking off]}`.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="nvidia",
    dialect=OpenAIChat(
        ChatQuirks(
            reasoning="template",
            reasoning_models=("*nemotron-3*", "*glm-5*", "*glm5*"),
            think_tags="split",
            parallel_tool_calls=False,
        )
    ),
    base_url="https://integrate.api.nvidia.com/v1",
    key_env="NVIDIA_API_KEY",
)
