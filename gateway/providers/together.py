"""Together: many open models behind one chat endpoint. Only gpt-oss takes efforts.

Models that write their thinking into the text do so between tags, and are told apart here.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="together",
    dialect=OpenAIChat(
        ChatQuirks(
            top_k=True,
            reasoning="effort",
            reasoning_models=("*gpt-oss*",),
            think_tags="split",
            parallel_tool_calls=False,
        )
    ),
    base_url="https://api.together.xyz/v1",
    key_env="TOGETHER_API_KEY",
)
