"""What becomes of claude-code-router's transformers. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.importers.draft import Draft, Outcome
from gateway.importers.values import count, header_text


@dataclass(frozen=True, slots=True)
class Fate:
    """What a transformer is in the gateway."""

    outcome: Outcome
    says: str
    dialect: str | None = None
    """The format that it stands for."""
    quirks: Mapping[str, Any] = field(default_factory=dict)
    """Quirks of chat providers that do the same."""


_BUILT_IN = "the provider's dialect and quirks do that"
_UNOFFICIAL = (
    "it borrows the login of another program; nearest: the provider `{}` with a key of its own"
)

TRANSFORMERS: Mapping[str, Fate] = {
    "anthropic": Fate("carried", "providers: `dialect: anthropic`", "anthropic"),
    "openai": Fate("carried", "providers: `dialect: openai-chat`", "openai-chat"),
    "openai-responses": Fate(
        "carried", "providers: `dialect: openai-responses`", "openai-responses"
    ),
    "gemini": Fate("carried", "providers: `dialect: gemini`", "gemini"),
    "deepseek": Fate("carried", _BUILT_IN),
    "openrouter": Fate("carried", _BUILT_IN),
    "groq": Fate("carried", _BUILT_IN),
    "cerebras": Fate("carried", _BUILT_IN),
    "vercel": Fate("carried", _BUILT_IN),
    "streamoptions": Fate("carried", "the usage of streams is asked for anyway"),
    "maxtoken": Fate("carried", "`max_output` under `models`, to which `max_tokens` is lowered"),
    "maxcompletiontokens": Fate(
        "carried",
        "quirks: `output_cap: max_completion_tokens`",
        quirks={"output_cap": "max_completion_tokens"},
    ),
    "reasoning": Fate("carried", "thinking in answers is read in every form that servers send"),
    "extrathinktag": Fate("carried", "quirks: `think_tags: split`", quirks={"think_tags": "split"}),
    "sampling": Fate(
        "carried", "temperature, top_p and top_k are passed on wherever they are known"
    ),
    "enhancetool": Fate("carried", "tool_correction: `mode: repair`, call by call"),
    "cleancache": Fate("carried", "quirks: `cache: none`", quirks={"cache": "none"}),
    "customparams": Fate("carried", "quirks.extra: fields laid over each request"),
    "forcereasoning": Fate(
        "dropped",
        "thinking is asked for when the client asks for it; nearest: `params.set.thinking` of a rule",
    ),
    "tooluse": Fate(
        "dropped",
        "no call is forced upon a model that means to answer in words; nearest: `tool_correction`, "
        "which is on",
    ),
    "vertex-gemini": Fate(
        "dropped",
        "the key is an access token here; nearest: the provider `vertex` with VERTEX_ACCESS_TOKEN, "
        "VERTEX_PROJECT and VERTEX_LOCATION",
        "gemini",
    ),
    "vertex-claude": Fate("dropped", "there is no Vertex for Claude; nearest: `anthropic`"),
    "gemini-cli": Fate("dropped", _UNOFFICIAL.format("gemini")),
    "qwen-cli": Fate("dropped", _UNOFFICIAL.format("dashscope")),
    "rovo-cli": Fate("dropped", _UNOFFICIAL.format("openai")),
}
"""Name in small letters -> what it becomes."""

HEADERS: Mapping[str, str] = {"referer": "http-referer", "title": "x-title"}
"""Options of `openrouter` that are headers."""


def used(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The transformers of a `use` list: names, or pairs of a name and options."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, str):
            yield one, {}
        elif isinstance(one, list) and one and isinstance(one[0], str):
            yield one[0], one[1] if len(one) > 1 and isinstance(one[1], dict) else {}


@dataclass(slots=True)
class Adapted:
    """What the transformers of a provider come to."""

    dialect: str | None = None
    quirks: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    max_output: int | None = None
    repairs: bool = False


def adapt(draft: Draft, place: str, value: Any, *, whole: bool = True) -> Adapted:
    """Reads a `use` list and notes each entry; `whole` when it is for all models of the provider."""
    adapted = Adapted()
    for name, options in used(value):
        fate = TRANSFORMERS.get(name.lower())
        where = f"{place}.{name}"
        if fate is None:
            says = "it is a program of your own; nearest: quirks, transforms or rules"
            draft.note(where, "dropped", says)
            continue
        draft.note(where, fate.outcome, fate.says)
        if not whole and (fate.dialect or fate.quirks):
            says = (
                "quirks hold for all models of a provider; nearest: the server under a second name"
            )
            draft.note(where, "dropped", says)
            continue
        adapted.dialect = fate.dialect or adapted.dialect
        adapted.quirks |= fate.quirks
        _options(draft, where, name.lower(), options, adapted, whole=whole)
    return adapted


def _options(
    draft: Draft,
    where: str,
    name: str,
    options: Mapping[str, Any],
    adapted: Adapted,
    *,
    whole: bool,
) -> None:
    if name == "maxtoken":
        adapted.max_output = count(options.get("max_tokens"))
    adapted.repairs = adapted.repairs or name == "enhancetool"
    if name == "customparams" and whole:
        adapted.quirks["extra"] = {**adapted.quirks.get("extra", {}), **options}
    if name != "openrouter":
        return
    for option, text in options.items():
        inner = f"{where}.{option}"
        if option in HEADERS and header_text(text):
            adapted.headers[HEADERS[option]] = text
            draft.note(inner, "carried", f"the provider's header {HEADERS[option]}")
        elif option in ("provider", "providerOrder") and whole and text:
            choice = text if option == "provider" else {"order": text}
            adapted.quirks["extra"] = {**adapted.quirks.get("extra", {}), "provider": choice}
            draft.note(inner, "carried", "quirks.extra.provider")
        elif text:
            says = "it holds for all models of a provider, or not at all; nearest: `quirks.extra` of a "
            draft.note(inner, "dropped", says + "second provider for that model")
