"""What a chunk of a chat answer says, wherever its server puts it. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert

from gateway import json_text
from gateway.messages import Usage

THINKING = ("reasoning_content", "reasoning", "reasoning_text")
"""Fields of thinking. Servers that fill several of them say the same in each."""
THINKS = frozenset({*THINKING, "reasoning_details"})

FAILS = frozenset({"error", "x_groq"})
"""Fields of a chunk in which an error can stand."""


def thinking_of(delta: Mapping[str, Any]) -> str:
    """The reasoning text of a delta."""
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
    if chunk.get("object") == "error":
        return chunk.get("error") or chunk
    if FAILS.isdisjoint(chunk):
        return None
    if chunk.get("error"):
        return chunk["error"]
    extra = chunk.get("x_groq")
    return extra.get("error") if isinstance(extra, dict) else None


def glued_error(data: bytes) -> Any:
    """The error at the end of a chunk that broke off before it; None if there is none."""
    at = data.rfind(b'{"error"')
    try:
        return json_text.decode(data[at:]) if at > 0 else None
    except json_text.NotJSON:
        return None


# -- usage -----------------------------------------------------------------------------------------

Count = Annotated[int, Meta(ge=0)]


class _Prompt(Struct):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None


class _Completion(Struct):
    reasoning_tokens: Count | None = None


class _Searches(Struct):
    web_search_requests: Count | None = None

    def __bool__(self) -> bool:
        return self.web_search_requests is not None


class _Counts(Struct):
    """What servers report, under all their names: what is not there costs no step of its own."""

    prompt_tokens: int
    completion_tokens: Count | None = None
    total_tokens: Any = None
    prompt_cache_hit_tokens: Count | None = None
    cached_tokens: Count | None = None
    prompt_tokens_details: _Prompt | None = None
    completion_tokens_details: _Completion | None = None
    server_tool_use_details: _Searches | None = None
    server_tool_use: _Searches | None = None


_HOLDERS = frozenset(
    {
        *("prompt_tokens_details", "completion_tokens_details"),
        *("server_tool_use_details", "server_tool_use"),
    }
)


def usage_of(chunk: Mapping[str, Any]) -> Usage | None:
    """The usage that a chunk reports, counted the Anthropic way."""
    told = chunk.get("usage")
    if not told or not isinstance(told, dict):
        told = _usage_elsewhere(chunk)
    counts = _counts_of(told) if told is not None else None
    if counts is None:
        return None
    prompt, output, cached, written = (
        counts.prompt_tokens,
        counts.completion_tokens or 0,
        None,
        None,
    )
    if (details := counts.prompt_tokens_details) is not None:
        cached, written = details.cached_tokens, details.cache_write_tokens
    if cached is None:
        cached = counts.prompt_cache_hit_tokens
    if cached is None:
        cached = counts.cached_tokens
    completion = counts.completion_tokens_details
    thinking = completion.reasoning_tokens if completion is not None else None
    if thinking and counts.total_tokens == prompt + output + thinking:
        output += thinking  # a server that counts thinking beside the completion, not in it
    searches = counts.server_tool_use_details or counts.server_tool_use
    return Usage(
        input=max(0, prompt - (cached or 0) - (written or 0)),
        output=output,
        cache_read=cached,
        cache_creation=written,
        thinking=thinking,
        web_searches=searches.web_search_requests if searches is not None else None,
    )


def _usage_elsewhere(chunk: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage of a chunk that has none in its own field."""
    choices = chunk.get("choices")
    holders = choices[:1] if isinstance(choices, list) else []
    if "x_groq" in chunk:
        holders.insert(0, chunk["x_groq"])
    for holder in holders:
        if isinstance(holder, dict) and isinstance(usage := holder.get("usage"), dict):
            return usage
    return None


def _counts_of(told: dict[str, Any]) -> _Counts | None:
    try:
        return convert(told, _Counts)
    except ValidationError:
        return _counts_among(told)


def _counts_among(told: Mapping[str, Any]) -> _Counts | None:
    """Of a usage in which something is no count: what is one. None without a size of the prompt."""
    if not isinstance(prompt := told.get("prompt_tokens"), int):
        return None
    held = {name: _counted(told[name]) for name in _HOLDERS if isinstance(told.get(name), dict)}
    own = {name: value for name, value in told.items() if name not in _HOLDERS}
    return convert({**_counted(own), **held, "prompt_tokens": int(prompt)}, _Counts)


def _counted(told: Mapping[str, Any]) -> dict[str, int]:
    return {
        name: int(value) for name, value in told.items() if isinstance(value, int) and value >= 0
    }
