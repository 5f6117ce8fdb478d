"""Alibaba's DashScope: Qwen models. Thinking is a switch with a budget in tokens.

No call can be demanded while a model thinks, so none is. The address is the international one; in China
`base_url: https://dashscope.aliyuncs.com/compatible-mode/v1`.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="dashscope",
    dialect=OpenAIChat(
        ChatQuirks(
            top_k=True,
            structured_output=False,
            reasoning="enable_thinking",
            reasoning_models=("qwen-plus*", "qwen-flash*", "qwen-turbo*", "qwen3-max*", "qwen3.*"),
            reasoning_budget=True,
            image_models=("*-vl*", "*omni*", "qvq*", "qwen3.*"),
            prefill="partial",
            tool_choices=("auto", "none"),
        )
    ),
    base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    key_env="DASHSCOPE_API_KEY",
)
