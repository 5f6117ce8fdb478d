"""llama.cpp's `llama-server`: one local model behind the chat format; tools need its option `--jinja`.

The model's own template writes the prompt. Most templates want roles to alternate and no system message
in the middle, switch thinking by `enable_thinking`, and can use earlier thinking of tool turns.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="llamacpp",
    dialect=OpenAIChat(
        ChatQuirks(
            path="/v1/chat/completions",
            count_path="/v1/messages/count_tokens",
            top_k=True,
            reasoning="template",
            echo_reasoning="reasoning_content",
            think_tags="split",
            merge_turns=True,
            tool_choices=("auto", "required", "none"),
        )
    ),
    base_url="http://localhost:8080",
    needs_key=False,
    text_calls=("text",),
)
