"""Volcengine's Ark: Doubao models. Thinking is switched for the models that are named after Doubao's seed.

An endpoint of one's own (`ep-…`) hides which model it is; say what it takes with
`quirks: {reasoning_models: ["ep-*"]}`.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="volcengine",
    dialect=OpenAIChat(
        ChatQuirks(
            structured_output=False,
            reasoning="switch",
            reasoning_models=("doubao-seed-*",),
            efforts=(),
            can_disable_reasoning=True,
            parallel_tool_calls=False,
            refused_keywords=("strict",),
        )
    ),
    base_url="https://ark.cn-beijing.volces.com/api/v3",
    key_env="ARK_API_KEY",
)
