"""OpenAI's chat completions. Its reasoning models name the output cap anew and refuse sampling and stops.

They forget their reasoning between turns here; `openai-responses` is the same service and keeps it.
The efforts are those that every reasoning model takes; newer ones also know `none`, `xhigh` and `max`:
`quirks: {efforts: [low, medium, high, xhigh], can_disable_reasoning: true}`.
"""

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
            sampling_with_reasoning=False,
            stop_with_reasoning=False,
            documents=True,
            service_tier=True,
            fast_tier="priority",
            user_field="safety_identifier",
            session_field="prompt_cache_key",
            cache="breakpoints",
            cache_models=("gpt-5.6*", "gpt-5.7*", "gpt-5.8*", "gpt-5.9*", "gpt-6*"),
            prefill="refuse",
        )
    ),
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
)
