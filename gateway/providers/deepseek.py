"""DeepSeek: chat completions. Thinks unless told not to, and wants the thinking of tool turns back.

It is given text only. An answer that the client began is continued by its beta address alone:
`base_url: https://api.deepseek.com/beta` with `quirks: {prefill: prefix}`.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="deepseek",
    dialect=OpenAIChat(
        ChatQuirks(
            stop_limit=16,
            structured_output=False,
            reasoning="switch",
            efforts=("low", "medium", "high", "max"),
            can_disable_reasoning=True,
            echo_reasoning="reasoning_content",
            image_models=(),
            prefill="refuse",
            parallel_tool_calls=False,
            refused_keywords=("strict",),
        )
    ),
    base_url="https://api.deepseek.com",
    key_env="DEEPSEEK_API_KEY",
)
