"""MiniMax: its models always think; older ones write it between tags, newer ones beside the text.

Both are told apart from the text here, and go back with the turns that call tools.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="minimax",
    dialect=OpenAIChat(
        ChatQuirks(
            structured_output=False,
            echo_reasoning="reasoning_content",
            think_tags="split",
            image_models=(),
            parallel_tool_calls=False,
            refused_keywords=("strict",),
        )
    ),
    base_url="https://api.minimax.io/v1",
    key_env="MINIMAX_API_KEY",
)
