"""What presets are asked: requests as Claude Code sends them, of any model and of a size to the token."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from language import JSON, tool

from gateway.messages import MessagesRequest
from gateway.tokens import TokenCounter
from presets.shipped import first_turn


class Letters:
    """An encoder for which every character is a token."""

    def count(self, text: str) -> int:
        """The length."""
        return len(text)


NAMES = (
    *("claude-3-5-haiku-20241022", "claude-sonnet-4-20250514", "claude-opus-4-1-20250805"),
    *(
        "claude-instant-1",
        "claude",
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-5",
        "gpt4",
        "llama3.2",
        "mistral",
    ),
    *("gemini-2.5-pro", "gemini-2.0-flash", "deepseek-v3-250324", "deepseek-r1-250528", "grok"),
    *("stepfun/step-3.5-flash:free", "qwen/qwen3-coder-480b-a35b-instruct", "x-ai/grok-3-beta"),
    *("nvidia/nemotron-3-nano-30b-a3b", "ollama/gpt-oss:20b", "mistralai/devstral-2"),
)
STARTS = (
    *("", "claude-", "claude-3-", "gpt-", "my-", "openai/", "gemini/", "custom/", "anthropic/"),
    *("stepfun/", "qwen/", "mistralai/", "x-ai/", "nvidia/", "meta/", "ollama/", "google/"),
)
ENDS = ("haiku", "sonnet", "opus", "opus-4", "sonnet-haiku", "haiku-opus", "x", *NAMES)

models = st.one_of(
    st.sampled_from(NAMES),
    st.builds(str.__add__, st.sampled_from(STARTS), st.sampled_from(ENDS)),
)
thinking = st.sampled_from(
    [
        None,
        {"type": "adaptive"},
        {"type": "enabled", "budget_tokens": 31_999},
        {"type": "disabled"},
    ]
)
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


@st.composite
def bodies(draw: st.DrawFn) -> JSON:
    """Requests as Claude Code sends them, whole or in parts."""
    body = first_turn()
    body["model"] = draw(models)
    for name in ("system", "tools", "metadata", "context_management", "output_config", "stream"):
        if draw(st.booleans()):
            del body[name]
    del body["thinking"]
    if (wish := draw(thinking)) is not None:
        body["thinking"] = wish
    if draw(st.booleans()):
        body["tools"] = [tool(name) for name in ("Bash", "NotebookEdit", "mcp__jira__search")]
    if draw(st.booleans()):
        body["messages"][0]["content"].append(PICTURE)
    return body


def sized(body: JSON, tokens: int) -> bytes:
    """The body with so long a text in it that it has this many tokens, if it has not more already."""
    text: dict[str, Any] = {"type": "text", "text": "."}
    body["messages"][0]["content"].insert(0, text)
    text["text"] += "." * (tokens - count(json.dumps(body).encode()))
    return json.dumps(body).encode()


def count(body: bytes) -> int:
    """The tokens of a body."""
    return TokenCounter(Letters()).request(MessagesRequest.parse(body))
