"""vLLM: a server of one's own behind the chat format; tools need `--enable-auto-tool-choice`.

Thinking is switched by the variables of the model's template and comes back as `reasoning` in tool turns.
Without `--reasoning-parser` it stands in the text between tags, and is told apart here. A model whose
template opens the tag itself needs `quirks: {think_tags: opened}` then.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="vllm",
    dialect=OpenAIChat(
        ChatQuirks(
            path="/v1/chat/completions",
            count_path="/v1/messages/count_tokens",
            top_k=True,
            reasoning="template",
            template_switches=("enable_thinking", "thinking"),
            echo_reasoning="reasoning",
            think_tags="split",
            merge_turns=True,
            prefill="continue_final_message",
        )
    ),
    base_url="http://localhost:8000/v1",
    needs_key=False,
    text_calls=("text",),
)
