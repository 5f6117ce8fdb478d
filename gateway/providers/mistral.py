"""Mistral: a strict chat format. Ids of calls have nine letters and digits, unknown fields are refused.

Thinking comes and goes back as parts of the content. Small models of 2026 switch it by an effort that is
`high` or `none`; Magistral models always think.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="mistral",
    dialect=OpenAIChat(
        ChatQuirks(
            stream_usage=False,
            reasoning="effort",
            reasoning_models=("mistral-small-latest", "mistral-small-26*"),
            efforts=("high",),
            can_disable_reasoning=True,
            echo_reasoning="parts",
            echo_turns="all",
            merge_turns=True,
            empty_content="empty",
            prefill="prefix",
            required_word="any",
            tool_ids="alnum9",
            refused_keywords=("$id", "$schema", "additionalProperties", "strict"),
        )
    ),
    base_url="https://api.mistral.ai/v1",
    key_env="MISTRAL_API_KEY",
)
