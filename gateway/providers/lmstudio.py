"""LM Studio: local models behind the chat format; no key.

How a model thinks is set in its app. A choice of one tool by name is refused there, so only that tool is
offered instead. The window is the one that the model was loaded with.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="lmstudio",
    dialect=OpenAIChat(
        ChatQuirks(
            path="/v1/chat/completions",
            top_k=True,
            think_tags="split",
            merge_turns=True,
            parallel_tool_calls=False,
            tool_choices=("auto", "required", "none"),
        )
    ),
    base_url="http://localhost:1234/v1",
    needs_key=False,
    text_calls=("text",),
)
