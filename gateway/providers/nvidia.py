"""NVIDIA NIM: chat completions; how a model thinks is switched per model, so nothing is sent."""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="nvidia",
    dialect=OpenAIChat(ChatQuirks(reasoning="none")),
    base_url="https://integrate.api.nvidia.com/v1",
    key_env="NVIDIA_API_KEY",
)
