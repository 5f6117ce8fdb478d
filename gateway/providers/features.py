"""What each provider can do, in words: derived from its dialect and quirks, so that it cannot drift. No IO.

`document` makes docs/providers.md of it. To add a feature: an entry in `HEADINGS` and one in each
dialect's table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.dialects.anthropic import AnthropicQuirks
from gateway.dialects.anthropic.quirks import knows
from gateway.dialects.gemini import GeminiQuirks
from gateway.dialects.openai_chat import ChatQuirks
from gateway.dialects.openai_responses import ResponsesQuirks
from gateway.providers import Provider

Words = Mapping[str, Callable[[Any], str]]
"""Feature -> what the quirks of one dialect say of it."""

HEADINGS: Mapping[str, Mapping[str, str]] = {
    "Thinking and cache": {
        "thinking": "thinking is asked for by",
        "kept": "kept between turns",
        "cache": "prompt cache",
    },
    "Tools": {
        "parallel": "one call at a time",
        "choice": "some call · this tool",
        "search": "web search",
        "structured": "structured output",
    },
    "Content": {
        "images": "images",
        "documents": "PDF documents",
        "stops": "stop sequences",
        "prefill": "an answer that the client began",
    },
    "Counting": {
        "count": "the size of a prompt (`count_tokens`)",
    },
}
"""Section -> feature -> heading of its column."""

FEATURES = tuple(feature for columns in HEADINGS.values() for feature in columns)

YES = "yes"
TOLD = "told of"
DROPPED = "dropped"
GATEWAY = "all kept by the gateway"
AS_IT_IS = "sent as it is"
BY_ITSELF = "the server's own"
ESTIMATED = "estimated by the gateway"


def features_of(provider: Provider) -> Mapping[str, str]:
    """Feature -> what holds for this provider."""
    dialect: Any = provider.dialect
    words = WORDS[dialect.name]
    return {feature: words[feature](dialect.quirks) for feature in FEATURES}


# -- pieces of words ---------------------------------------------------------------------------------


def code(*names: str) -> str:
    """Names as they are written, in a list."""
    return ", ".join(f"`{name}`" for name in names)


def among(models: Sequence[str], words: str) -> str:
    """Words that hold for some models only."""
    return words if "*" in models else f"{words} ({code(*models)})"


def joined(*words: str) -> str:
    """Words that all hold; `no` when there are none."""
    return "; ".join(filter(None, words)) or "no"


def _efforts(quirks: Any) -> str:
    """The efforts of a server, and `none` where it is one."""
    return code(*(("none",) if quirks.can_disable_reasoning else ()), *quirks.efforts)


def _stops(limit: int) -> str:
    """Who keeps the stop sequences, where a server takes so many."""
    return f"{limit} natively, more by the gateway" if limit else GATEWAY


def _counted(path: str) -> str:
    """Who counts the tokens of a prompt, where servers are asked at a path or not at all."""
    return code(path) if path else ESTIMATED


# -- openai-chat -------------------------------------------------------------------------------------

_CHAT_WAYS: Words = {
    "none": lambda q: "nothing: the model's default",
    "effort": lambda q: f"`reasoning_effort`: {_efforts(q)}",
    "object": lambda q: (
        f"`reasoning`: {_efforts(q)}" + (", or a budget" if q.reasoning_budget else "")
    ),
    "switch": lambda q: "`thinking`: on, off" + (f"; {code(*q.efforts)}" if q.efforts else ""),
    "template": lambda q: f"the template's {code(*q.template_switches)}",
    "enable_thinking": lambda q: (
        "`enable_thinking`" + (", `thinking_budget`" if q.reasoning_budget else "")
    ),
    "prompt": lambda q: f"words in the prompt: {code(*q.thinking_words)}",
}
_CHAT_PREFILL: Mapping[str, str] = {
    "refuse": "refused",
    "continue": AS_IT_IS,
    "prefix": "`prefix: true`",
    "partial": "`partial: true`",
    "continue_final_message": "`continue_final_message`",
}
_CHAT_CACHE: Mapping[str, str] = {
    "parts": "`cache_control`",
    "breakpoints": "`prompt_cache_breakpoint`",
}
_CHAT_SEARCH: Mapping[str, str] = {
    "none": "no",
    "plugin": "plugin, at each request",
    "tool": "the model decides",
}


def _chat_thinking(quirks: ChatQuirks) -> str:
    way = _CHAT_WAYS[quirks.reasoning](quirks)
    return way if quirks.reasoning == "none" else among(quirks.reasoning_models, way)


def _chat_kept(quirks: ChatQuirks) -> str:
    if not quirks.echo_reasoning:
        return "only `reasoning_details`"
    parts = quirks.echo_reasoning == "parts"
    place = "parts of the content" if parts else code(quirks.echo_reasoning)
    return f"{place} of {'all turns' if quirks.echo_turns == 'all' else 'turns with calls'}"


def _chat_cache(quirks: ChatQuirks) -> str:
    marks = _CHAT_CACHE.get(quirks.cache, "")
    session = f"by session: {code(quirks.session_field)}" if quirks.session_field else ""
    return joined(BY_ITSELF, marks and among(quirks.cache_models, marks), session)


def _chat_choice(quirks: ChatQuirks) -> str:
    some = YES if "required" in quirks.tool_choices else "no"
    named = YES if "function" in quirks.tool_choices else "by offering no other"
    return f"{some} · {named}"


def _chat_images(quirks: ChatQuirks) -> str:
    return among(quirks.image_models, YES) if quirks.image_models else TOLD


def _chat_stops(quirks: ChatQuirks) -> str:
    refuses = quirks.reasoning != "none" and not quirks.stop_with_reasoning
    return _stops(quirks.stop_limit) + (", none natively by reasoning models" if refuses else "")


CHAT: Words = {
    "thinking": _chat_thinking,
    "kept": _chat_kept,
    "cache": _chat_cache,
    "parallel": lambda q: YES if q.parallel_tool_calls else "no",
    "choice": _chat_choice,
    "search": lambda q: _CHAT_SEARCH[q.web_search],
    "structured": lambda q: YES if q.structured_output else DROPPED,
    "images": _chat_images,
    "documents": lambda q: YES if q.documents else TOLD,
    "stops": _chat_stops,
    "prefill": lambda q: _CHAT_PREFILL[q.prefill],
    "count": lambda q: _counted(q.count_path),
}

# -- openai-responses --------------------------------------------------------------------------------

_RESENT: Mapping[str, str] = {
    "encrypted": "encrypted reasoning",
    "all": "all reasoning",
    "none": "no",
}


def _responses_thinking(quirks: ResponsesQuirks) -> str:
    return among(quirks.reasoning_models, f"`reasoning`: {_efforts(quirks)}")


def _responses_cache(quirks: ResponsesQuirks) -> str:
    return joined(BY_ITSELF, "by session: `prompt_cache_key`" if quirks.prompt_cache_key else "")


RESPONSES: Words = {
    "thinking": _responses_thinking,
    "kept": lambda q: _RESENT[q.resent_reasoning],
    "cache": _responses_cache,
    "parallel": lambda q: YES if q.parallel_tool_calls else "no",
    "choice": lambda q: f"{YES} · {YES}",
    "search": lambda q: "the model decides" if q.web_search else "no",
    "structured": lambda q: YES if q.structured_output else DROPPED,
    "images": lambda q: YES,
    "documents": lambda q: YES,
    "stops": lambda q: GATEWAY,
    "prefill": lambda q: AS_IT_IS,
    "count": lambda q: _counted(q.count_path),
}

# -- gemini ------------------------------------------------------------------------------------------


def _gemini_thinking(quirks: GeminiQuirks) -> str:
    return joined(
        among(quirks.level_models, "`thinkingLevel`") if quirks.level_models else "",
        among(quirks.budget_models, "`thinkingBudget`") if quirks.budget_models else "",
    )


def _gemini_structured(quirks: GeminiQuirks) -> str:
    return f"{YES}; {among(quirks.format_with_functions, 'beside functions')}"


GEMINI: Words = {
    "thinking": _gemini_thinking,
    "kept": lambda q: "thought signatures",
    "cache": lambda q: BY_ITSELF,
    "parallel": lambda q: "no",
    "choice": lambda q: f"{YES} · {YES}",
    "search": lambda q: "the model decides" + ("" if q.search_with_functions else "; alone"),
    "structured": _gemini_structured,
    "images": lambda q: YES if q.fetches_urls else f"{YES}; addresses are {TOLD}",
    "documents": lambda q: YES if q.fetches_urls else f"{YES}; addresses are {TOLD}",
    "stops": lambda q: _stops(q.stop_limit),
    "prefill": lambda q: AS_IT_IS,
    "count": lambda q: ESTIMATED if q.count == "none" else "`countTokens`",
}

# -- ollama ------------------------------------------------------------------------------------------

_OLLAMA_WAYS: Words = {
    "auto": lambda q: "`think`: off only; else the model's default",
    "switch": lambda q: "`think`: on, off",
    "level": lambda q: f"`think`: off, {code(*q.efforts)}",
}

OLLAMA: Words = {
    "thinking": lambda q: among(q.thinking_models, _OLLAMA_WAYS[q.think](q)),
    "kept": lambda q: "`thinking` of all turns",
    "cache": lambda q: BY_ITSELF,
    "parallel": lambda q: "no",
    "choice": lambda q: "no · no",
    "search": lambda q: "no",
    "structured": lambda q: YES,
    "images": lambda q: f"{YES}; addresses are {TOLD}",
    "documents": lambda q: TOLD,
    "stops": lambda q: "all natively",
    "prefill": lambda q: AS_IT_IS,
    "count": lambda q: ESTIMATED,
}

# -- anthropic ---------------------------------------------------------------------------------------

_ADAPTIVE: Mapping[str, str] = {
    "keep": "`thinking`, as the client says it",
    "enabled": "`thinking`; adaptive becomes a budget",
    "disabled": "`thinking`; adaptive becomes disabled",
    "drop": "`thinking`; adaptive is dropped",
}


def _anthropic_thinking(quirks: AnthropicQuirks) -> str:
    known = knows(quirks.fields, "thinking")
    return _ADAPTIVE[quirks.adaptive_thinking] if known else "nothing: the model's default"


def _anthropic_cache(quirks: AnthropicQuirks) -> str:
    return joined(BY_ITSELF, "`cache_control`" if quirks.cache_control else "")


def _anthropic_structured(quirks: AnthropicQuirks) -> str:
    known = knows(quirks.fields, "output_config") and knows(quirks.output_config, "format")
    return YES if known else DROPPED


def _anthropic_shown(quirks: AnthropicQuirks, block: str) -> str:
    if not knows(quirks.blocks, block):
        return TOLD
    return YES if knows(quirks.sources, "url") else f"{YES}; addresses are {TOLD}"


ANTHROPIC: Words = {
    "thinking": _anthropic_thinking,
    "kept": lambda q: "signed thinking",
    "cache": _anthropic_cache,
    "parallel": lambda q: YES if q.tool_choice else "no",
    "choice": lambda q: f"{YES} · {YES}" if q.tool_choice else "no · no",
    "search": lambda q: "the model decides" if knows(q.server_tools, "web_search") else "no",
    "structured": _anthropic_structured,
    "images": lambda q: _anthropic_shown(q, "image"),
    "documents": lambda q: _anthropic_shown(q, "document"),
    "stops": lambda q: "all natively" if knows(q.fields, "stop_sequences") else DROPPED,
    "prefill": lambda q: AS_IT_IS,
    "count": lambda q: _counted(q.count_path),
}

WORDS: Mapping[str, Words] = {
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "ollama": OLLAMA,
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
}
"""Dialect -> how its quirks are told."""
