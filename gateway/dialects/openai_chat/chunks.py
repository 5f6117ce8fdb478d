"""What a chunk of a chat answer says, wherever its server puts it. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import json_text
from gateway.messages import Usage

THINKING = ("reasoning_content", "reasoning", "reasoning_text")
"""Fields of thinking. Servers that fill several of them say the same in each."""
THINKS = frozenset({*THINKING, "reasoning_details"})


def thinking_of(delta: Mapping[str, Any]) -> str:
    """The reasoning text of a delta."""
    if THINKS.isdisjoint(delta):
        return ""
    for name in THINKING:
        value = delta.get(name)
        if isinstance(value, dict):
            value = value.get("content") or value.get("text")
        if isinstance(value, str) and value:
            return value
    details = delta.get("reasoning_details")
    return joined_text(details) if details else ""


def joined_text(value: Any) -> str:
    """The text of a string or of a list of parts."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    texts = (part.get("text") or part.get("summary") for part in value if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def error_of(chunk: Mapping[str, Any]) -> Any:
    """What stands for an error in a chunk, in the shapes that servers give it."""
    if chunk.get("error"):
        return chunk["error"]
    if chunk.get("object") == "error":
        return chunk
    extra = chunk.get("x_groq")
    return extra.get("error") if isinstance(extra, dict) else None


def glued_error(data: bytes) -> Any:
    """The error at the end of a chunk that broke off before it; None if there is none."""
    at = data.rfind(b'{"error"')
    try:
        return json_text.decode(data[at:]) if at > 0 else None
    except json_text.NotJSON:
        return None


def usage_of(chunk: Mapping[str, Any]) -> Usage | None:
    """The usage that a chunk reports, counted the Anthropic way."""
    extra = chunk.get("x_groq")
    usage = chunk.get("usage") or (extra.get("usage") if isinstance(extra, dict) else None)
    if not isinstance(usage, dict):
        choices = chunk.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        usage = first.get("usage") if isinstance(first, dict) else None
    if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int):
        return None
    prompt, output = usage["prompt_tokens"], _count(usage.get("completion_tokens"))
    details = _object(usage.get("prompt_tokens_details"))
    cached = _first_count(
        details.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("cached_tokens"),
    )
    written = _first_count(details.get("cache_write_tokens"))
    searches = _object(usage.get("server_tool_use_details") or usage.get("server_tool_use"))
    thinking = _first_count(_object(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    if thinking and usage.get("total_tokens") == prompt + output + thinking:
        output += thinking  # a server that counts thinking beside the completion, not in it
    return Usage(
        input=max(0, prompt - (cached or 0) - (written or 0)),
        output=output,
        cache_read=cached,
        cache_creation=written,
        thinking=thinking,
        web_searches=_first_count(searches.get("web_search_requests")),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _first_count(*values: Any) -> int | None:
    for value in values:
        if isinstance(value, int) and value >= 0:
            return value
    return None
