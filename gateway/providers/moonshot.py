"""Moonshot's Kimi: fixes its sampling, and wants the thinking of every turn with tool calls back.

Thinking is switched on and off. Models that also take an effort are told it with
`quirks: {reasoning: effort, reasoning_models: ["kimi-k3*"], efforts: [low, high, max]}`. No call can be
demanded while a model thinks, so none is. In China: `base_url: https://api.moonshot.cn/v1`.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="moonshot",
    dialect=OpenAIChat(
        ChatQuirks(
            sampling_with_reasoning=False,
            structured_output=False,
            reasoning="switch",
            reasoning_models=("kimi-k2.*", "kimi-k3*"),
            efforts=(),
            can_disable_reasoning=True,
            echo_reasoning="reasoning_content",
            image_models=("kimi-k2.*", "kimi-k3*", "kimi-latest", "*vision*"),
            prefill="partial",
            parallel_tool_calls=False,
            tool_choices=("auto", "none"),
            refused_keywords=("strict",),
        )
    ),
    base_url="https://api.moonshot.ai/v1",
    key_env="MOONSHOT_API_KEY",
)
