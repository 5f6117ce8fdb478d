"""How servers of the chat format differ, as data. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ChatQuirks:
    """Each field is a key that a provider's declaration sets and `quirks:` in the config overrides."""

    path: str = "/chat/completions"
    """Joined to the base URL."""
    output_cap: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The field that limits the answer: OpenAI's reasoning models refuse `max_tokens`."""
    reasoning: Literal["none", "effort", "object", "switch"] = "none"
    """How thinking is asked for: not at all, `reasoning_effort`, `reasoning: {effort}`, or
    `thinking: {type}` with `reasoning_effort`."""
    reasoning_models: tuple[str, ...] = ("*",)
    """Globs of the models that take it; the others refuse the parameter."""
    efforts: tuple[str, ...] = ("low", "medium", "high")
    """The efforts known here, least first; others become the nearest one."""
    can_disable_reasoning: bool = False
    """The effort `none` is known."""
    sampling_with_reasoning: bool = True
    """Reasoning models take `temperature` and `top_p`."""
    echo_reasoning: Literal["", "reasoning_content", "reasoning"] = ""
    """The field in which earlier thinking must come back, if the server wants it back."""
    stream_usage: bool = True
    """`stream_options.include_usage` is known."""
    documents: bool = False
    """PDF documents are taken as `file` parts."""
    top_k: bool = False
    """`top_k` is known."""
    parallel_tool_calls: bool = True
    """`parallel_tool_calls` is known."""
    structured_output: bool = True
    """`response_format` with a JSON schema is known."""
    stop_limit: int = 4
    """How many stop sequences are taken."""
