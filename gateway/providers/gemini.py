"""Gemini through its endpoint for chat clients."""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="gemini",
    dialect=OpenAIChat(ChatQuirks(reasoning="effort", parallel_tool_calls=False)),
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_env="GEMINI_API_KEY",
)
