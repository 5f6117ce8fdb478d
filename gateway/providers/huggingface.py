"""Hugging Face's router: open models at whichever of its partners serves them.

A model's name may end in the partner's, such as `openai/gpt-oss-120b:groq`. Partners differ, so no more is
asked of them than all can do.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="huggingface",
    dialect=OpenAIChat(
        ChatQuirks(
            reasoning="effort",
            reasoning_models=("*gpt-oss*",),
            think_tags="split",
            parallel_tool_calls=False,
            refused_keywords=("strict",),
        )
    ),
    base_url="https://router.huggingface.co/v1",
    key_env="HF_TOKEN",
)
