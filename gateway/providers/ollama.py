"""Ollama: local models behind its chat endpoint; no key."""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="ollama",
    dialect=OpenAIChat(
        ChatQuirks(path="/v1/chat/completions", reasoning="none", parallel_tool_calls=False)
    ),
    base_url="http://localhost:11434",
    auth="bearer",
    needs_key=False,
)
