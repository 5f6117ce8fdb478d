"""DeepSeek: chat completions; wants the thinking of tool turns back, and switches it by a field."""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="deepseek",
    dialect=OpenAIChat(
        ChatQuirks(
            reasoning="switch",
            efforts=("low", "high", "max"),
            can_disable_reasoning=True,
            echo_reasoning="reasoning_content",
            parallel_tool_calls=False,
            structured_output=False,
        )
    ),
    base_url="https://api.deepseek.com",
    key_env="DEEPSEEK_API_KEY",
)
