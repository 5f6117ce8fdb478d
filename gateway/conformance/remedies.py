"""What helps: keys of the config, and what they put right. No IO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from gateway import json_text
from gateway.conformance.case import OURS, Answer, Subject


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to change, and why."""

    why: str
    config: str = ""
    """YAML to put into the config: `$provider` and `$target` stand for the subject's."""
    quirk: str = ""
    """In place of `config`: the quirk to set to `value`, where the dialect has it."""
    value: Any = None
    dialect: str = ""
    """The only dialect whose quirk takes the value; empty for every one that has the quirk."""

    def fits(self, subject: Subject) -> bool:
        """It can be said of this target, and does not say what its config says already."""
        if not self.quirk:
            return True
        if self.dialect not in ("", subject.dialect):
            return False
        return self.quirk in subject.quirks and subject.quirks[self.quirk] != self.value

    def text(self, subject: Subject) -> str:
        """The change, as a line of YAML where a key helps, and the reason."""
        config = self.config
        if self.quirk:
            value = json_text.encode_text(self.value)
            config = f"providers: {{$provider: {{quirks: {{{self.quirk}: {value}}}}}}}"
        if not config:
            return self.why
        target = json_text.encode_text(str(subject.target))
        filled = Template(config).substitute(provider=subject.target.provider, target=target)
        return f"{filled}  # {self.why}"


def _quirk(name: str, value: Any, why: str, *, dialect: str = "") -> Remedy:
    return Remedy(why, quirk=name, value=value, dialect=dialect)


REMEDIES: Mapping[str, Remedy] = {
    "parallel-parameter": _quirk(
        "parallel_tool_calls", True, "if the server knows the parameter after all"
    ),
    "no-stream-usage": _quirk("stream_usage", False, "the server does not know stream_options"),
    "stream-usage": _quirk("stream_usage", True, "asks the server to say it in streams"),
    "new-output-cap": _quirk(
        "output_cap", "max_completion_tokens", "the server has renamed max_tokens"
    ),
    "old-output-cap": _quirk("output_cap", "max_tokens", "the server knows the older name only"),
    "least-output": _quirk("least_output", 16, "the smallest limit that the server takes"),
    "max-output": Remedy(
        "the model's longest answer; the gateway lowers what clients ask for (write its own limit)",
        config="models: {$target: {max_output: 8192}}",
    ),
    "num-ctx": _quirk("num_ctx", 32_768, "the window that Ollama loads the model with"),
    "context": Remedy(
        "the model's window (write its own); give the server that much: Ollama cuts prompts at "
        "OLLAMA_CONTEXT_LENGTH, llama.cpp at --ctx-size",
        config="models: {$target: {context: 131072}}",
    ),
    "echo": _quirk(
        "echo_reasoning", "reasoning_content", "the server wants the thinking of tool turns back"
    ),
    "echo-all": _quirk("echo_turns", "all", "the server wants the thinking of every turn back"),
    "echo-after-all": _quirk(
        "echo_reasoning", "reasoning_content", "if the server takes the thinking of tool turns back"
    ),
    "think": _quirk("reasoning", "effort", "if this model thinks on request"),
    "think-tags": _quirk("think_tags", "split", "reads thinking out of the text"),
    "think-tag-opened": _quirk(
        "think_tags", "opened", "reads thinking out of the text, whose first tag is in the prompt"
    ),
    "think-parser": Remedy(
        "the server does not read thinking out of the text: give it the model's own parser (vLLM, "
        "SGLang: --reasoning-parser, llama.cpp: --reasoning-format)"
    ),
    "not-adaptive": _quirk(
        "adaptive_thinking", "enabled", "the server wants thinking to have a budget"
    ),
    "no-reasoning": _quirk("reasoning", "none", "the server does not know how to ask for thinking"),
    "efforts": _quirk("efforts", ["low", "medium", "high"], "write those that the server names"),
    "disable-thinking": _quirk(
        "can_disable_reasoning", True, "if the server knows how to do without"
    ),
    "other-model-thinks": Remedy(
        "sends requests that want much thinking to a model that thinks",
        config="rules: [{name: thinking, when: {thinking: {effort: [high, max]}}, "
        'use: "provider:model"}]',
    ),
    "no-structured-output": _quirk(
        "structured_output", False, "the server does not know response_format"
    ),
    "structured-output": _quirk(
        "structured_output", True, "if the server knows response_format after all"
    ),
    "keep-stops": _quirk("stop_limit", 0, "the gateway keeps stop sequences itself"),
    "top-k": _quirk("top_k", True, "if the server knows top_k after all"),
    "no-sampling": _quirk(
        "sampling_with_reasoning", False, "this model does not take temperature and top_p"
    ),
    "documents": _quirk("documents", True, "if the server takes PDF as file parts"),
    "no-documents": _quirk("documents", False, "the server does not take file parts"),
    "blind": _quirk("image_models", [], "models that see; the others are told of images in words"),
    "media-beside": _quirk(
        "media_in_results", False, "images of results follow as a message of the user"
    ),
    "no-images": Remedy(
        "this model is shown no images: choose one that sees for conversations with images"
    ),
    "no-fetch": Remedy(
        "the server fetches no images, or could not; Claude Code sends images as data"
    ),
    "no-tools": Remedy(
        "start the server with tool calls on (vLLM: --enable-auto-tool-choice and "
        "--tool-call-parser, llama.cpp: --jinja), or choose a model that has them"
    ),
    "tool-parser": Remedy(
        "the server does not read calls out of this model's text: give it the model's own parser "
        "(vLLM: --tool-call-parser, SGLang: --tool-call-parser, llama.cpp: --jinja)"
    ),
    "one-at-a-time": Remedy(
        "nothing to change: clients work, with more turns; some servers need a chat template with "
        "parallel calls"
    ),
    "repair": Remedy(
        "calls that miss their schema are repaired where that is safe",
        config="tool_correction: {mode: repair}",
    ),
    "tool-choices": _quirk(
        "tool_choices", ["auto", "none"], "the values that the server knows; others are emulated"
    ),
    "no-tool-choice": Remedy(
        "the server does not know this tool_choice; Claude Code uses auto, others use any and tool"
    ),
    "refused-keywords": _quirk(
        "refused_keywords", ["additionalProperties", "strict"], "write those that the server names"
    ),
    "openapi": _quirk("schema", "openapi", "writes schemas in the older subset"),
    "tool-ids": _quirk("tool_ids", "alnum9", "the server wants ids of nine letters and digits"),
    "schema": Remedy(
        "the server refuses this schema; a tool that has the like of it can be left out (write its "
        "name)",
        config="transforms: {plain: [{tools: {drop: [ToolName]}}]}",
    ),
    "empty-answer": Remedy(
        "a complete answer without a word is the server's or its chat template's; try another "
        "version of either"
    ),
    "no-stream": Remedy("something before the model collects the stream: a proxy with buffering"),
    "no-usage": Remedy(
        "the server does not count, or not rightly: clients compact by these numbers, so give them "
        "the window in CLAUDE_CODE_AUTO_COMPACT_WINDOW"
    ),
    "no-prefill": Remedy(
        "nothing to change: Claude Code never begins the answer; Anthropic's newest models refuse "
        "it too"
    ),
    "merge-turns": _quirk("merge_turns", True, "the server wants roles to alternate"),
    "empty-content": _quirk("empty_content", "empty", "the server wants each message to have text"),
    "developer": _quirk("system_role", "developer", "this model has another name for the role"),
    "reminder": _quirk(
        "mid_system",
        "reminder",
        "the server knows no system message inside a conversation",
        dialect="anthropic",
    ),
    "mid-user": _quirk(
        "mid_system",
        "user",
        "the server knows the role at the head only",
        dialect="openai-responses",
    ),
    "user-field": _quirk("user_field", "user", "if the server tells users apart"),
    "known-fields": _quirk(
        "fields",
        ["model", "messages", "system", "tools", "tool_choice", "max_tokens", "stream"],
        "the fields that the server knows",
    ),
    "history": Remedy(
        "the server or its chat template refuses this shape of conversation: try the model's newest "
        "template"
    ),
    "elsewhere": Remedy(
        "no key makes this target do it: a rule can send the like to another one, where a condition "
        "tells them apart"
    ),
    "wrong-status": Remedy(
        "nothing to change: the server answers with a status that makes clients ask again in vain"
    ),
    "key": Remedy(
        "the provider refuses the key",
        config='providers: {$provider: {api_key: "$${PROVIDER_API_KEY}"}}',
    ),
    "address": Remedy(
        "nothing answers there, or no such model: check the address and the model's name",
        config='providers: {$provider: {base_url: "http://127.0.0.1:8000/v1"}}',
    ),
    "another-dialect": Remedy(
        "the answer breaks off, or the server speaks another format than the provider's dialect "
        "(write its own)",
        config="providers: {$provider: {dialect: openai-chat}}",
    ),
    "server-log": Remedy("the server failed: its own log says why"),
    "slow": Remedy(
        "give the target longer: --timeout here; for serving, the provider's own limits",
        config="providers: {$provider: {timeouts: {first_byte: 30m, idle: 30m}}}",
    ),
}
"""By name. What a template fills in as a sample, its reason says so."""

WORDS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), names)
    for pattern, names in (
        (r"stream_options|include_usage", ("no-stream-usage",)),
        (r"max_completion_tokens", ("new-output-cap", "old-output-cap", "max-output")),
        (r"max_[a-z_]*tokens[^.]{0,60}(?:minimum|at least|>=)", ("least-output", "max-output")),
        (r"max_tokens|max(?:imum)? output|completion tokens", ("max-output",)),
        (r"reasoning_content[^.]{0,80}back|missing reasoning_content", ("echo", "echo-all")),
        (r"reasoning_effort[^.]{0,80}(?:supported|one of|expected)", ("efforts",)),
        (r"adaptive", ("not-adaptive",)),
        (r"reasoning|thinking", ("no-reasoning",)),
        (r"response_format|json_schema|structured output", ("no-structured-output",)),
        (r"temperature|top_p", ("no-sampling",)),
        (r"\bstops?\b|stop sequences?", ("keep-stops",)),
        (r"download|fetch", ("no-fetch",)),
        (r"image|vision|multimodal", ("blind", "no-images")),
        (r"\bfiles?\b|document|pdf", ("no-documents",)),
        (r"tool.?choice", ("tool-choices", "no-tool-choice")),
        (r"length of 9|tool.?call.?id", ("tool-ids", "history")),
        (r"not support tool|tool use|support function|auto-tool", ("no-tools",)),
        (r"schema|\$ref|keyword|additionalProperties", ("refused-keywords", "openapi", "schema")),
        (r"context|too long", ("num-ctx", "context")),
        (r"alternat", ("merge-turns", "history")),
        (r"content[^.]{0,40}(?:null|none|empty|string|required)", ("empty-content", "history")),
        (
            r"role[^.]{0,60}system|system[^.]{0,60}role",
            ("developer", "reminder", "mid-user", "history"),
        ),
        (r"extra inputs|not permitted|unknown field", ("known-fields",)),
    )
)
"""What stands in a provider's refusal -> what helps. The first line that fits speaks."""

STATUSES: Mapping[int, str] = {
    401: "key",
    403: "key",
    404: "address",
    502: "another-dialect",
    504: "slow",
}
"""Status -> what helps when the words say nothing."""

SPEAKING = frozenset({401, 403, 502, 504})
"""Statuses that say more than the words beside them."""

LAST = "elsewhere"
"""What is said where no key of the config helps."""

DROPPED: tuple[tuple[str, str], ...] = (
    ("tool_choice.disable_parallel_tool_use", "parallel-parameter"),
    ("thinking of earlier turns", "echo-after-all"),
    ("output_config.format", "structured-output"),
    ("document of type base64", "documents"),
    ("top_k", "top-k"),
    ("metadata", "user-field"),
)
"""What a dialect left out -> what makes it go out."""


def for_error(answer: Answer, subject: Subject, otherwise: Iterable[str]) -> str:
    """What helps against a refusal, by its words, then by its status, then by the case."""
    if answer.error_type == OURS:
        return ""
    if not answer.reached:
        return chosen(("slow" if answer.status == 504 else "address",), subject)
    if (unknown := _parameter_in(answer.error, subject)) is not None and answer.status == 400:
        return unknown.text(subject)
    named = (names for pattern, names in WORDS if pattern.search(answer.error))
    by_words = [name for names in named for name in names]
    by_status = [STATUSES[answer.status]] if answer.status in STATUSES else []
    order = [*by_status, *by_words] if answer.status in SPEAKING else [*by_words, *by_status]
    last = ["server-log"] if answer.status >= 500 else []
    return chosen([*order, *otherwise, *last, LAST], subject)


def _parameter_in(words: str, subject: Subject) -> Remedy | None:
    """The quirk that is named for the parameter which a refusal names, and that is on."""
    known = (name for name, value in subject.quirks.items() if value is True and len(name) > 4)
    named = next((name for name in known if name in words), None)
    return _quirk(named, False, "the server does not know the parameter") if named else None


def for_dropped(dropped: Iterable[str], subject: Subject) -> str:
    """What makes the first of these go out, if anything does."""
    left_out = frozenset(dropped)
    return chosen((name for what, name in DROPPED if what in left_out), subject)


def chosen(names: Iterable[str], subject: Subject) -> str:
    """The first of these remedies that fits the target; empty when none does."""
    fitting = (REMEDIES[name] for name in names if REMEDIES[name].fits(subject))
    return next((remedy.text(subject) for remedy in fitting), "")
