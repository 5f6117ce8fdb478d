"""How servers of the chat format differ, as data. No IO."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ChatQuirks:
    """Each field is a key that a provider's declaration sets and `quirks:` in the config overrides."""

    path: str = "/chat/completions"
    """Joined to the base URL."""
    count_path: str = ""
    """Where the servers count a prompt in Anthropic's format; empty where they cannot."""
    extra: dict[str, Any] | None = field(default=None, hash=False)
    """Fields laid over the body of each request, such as {reasoning_split: true}."""

    output_cap: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The field that limits the answer: OpenAI's reasoning models refuse `max_tokens`."""
    least_output: int = 1
    """The smallest output cap that is taken; lower ones are raised to it."""
    sampling_with_reasoning: bool = True
    """Reasoning models take `temperature` and `top_p`."""
    top_k: bool = False
    """`top_k` is known."""
    stop_limit: int = 4
    """How many stop sequences are taken; the gateway keeps the others itself."""
    stop_with_reasoning: bool = True
    """Reasoning models take stop sequences."""
    stream_usage: bool = True
    """`stream_options.include_usage` is known."""
    structured_output: bool = True
    """`response_format` with a JSON schema is known."""
    service_tier: bool = False
    """`service_tier` is known, with the values `auto` and `default`."""
    fast_tier: str = ""
    """The `service_tier` that `speed: fast` means; empty if there is none."""
    user_field: Literal["", "user", "safety_identifier"] = ""
    """The field that tells users apart, by a digest; empty sends nothing."""
    session_field: Literal["", "prompt_cache_key", "session_id"] = ""
    """The field that keeps a session at its cache, by a digest; empty sends nothing."""

    reasoning: Literal[
        "none", "effort", "object", "switch", "template", "enable_thinking", "prompt"
    ] = "none"
    """How thinking is asked for: not at all; `reasoning_effort`; `reasoning: {effort}`; `thinking:
    {type}` with `reasoning_effort`; switches of the chat template (`template_switches`);
    `enable_thinking` with `thinking_budget`; or words in the system prompt (`thinking_words`)."""
    reasoning_models: tuple[str, ...] = ("*",)
    """Globs of the models that take it; the others refuse the parameter."""
    efforts: tuple[str, ...] = ("low", "medium", "high")
    """The efforts known here, least first; others become the nearest one. Empty: none is sent."""
    can_disable_reasoning: bool = False
    """Thinking can be switched off: by the effort `none`, or by the switch that there is."""
    reasoning_budget: bool = False
    """A number of thinking tokens is taken: as `reasoning.max_tokens`, or as `thinking_budget`."""
    template_switches: tuple[str, ...] = ("enable_thinking",)
    """The names in `chat_template_kwargs` that switch thinking on and off."""
    thinking_words: tuple[str, str] = ("/think", "/no_think")
    """What at the head of the system prompt switches thinking on, and off."""
    echo_reasoning: Literal["", "reasoning_content", "reasoning", "parts"] = ""
    """Where the model's earlier thinking must come back, if the server wants it back: in a field of
    this name, or as `thinking` parts of the content."""
    echo_turns: Literal["tools", "all"] = "tools"
    """Which turns it comes back in: those with tool calls only, or all."""
    think_tags: Literal["none", "split", "opened"] = "none"
    """What `<think>…</think>` before the text is: text; thinking; or thinking of which the opening
    tag is missing, because the prompt ended with it."""

    system_role: Literal["system", "developer"] = "system"
    """The role of the system prompt."""
    reminders: Literal["user", "system", "hoist"] = "user"
    """Where system messages inside the conversation go: in their place as a user's reminder; in their
    place as they are; or to the system prompt, which changes the prompt's beginning."""
    merge_turns: bool = False
    """Messages of one role that follow each other become one: the server wants roles to alternate."""
    empty_content: Literal["null", "empty", "omit"] = "null"
    """The content of a message that only calls tools: null, an empty text, or no such field."""
    image_models: tuple[str, ...] = ("*",)
    """Globs of the models that are shown images; the others are told that there was one."""
    documents: bool = False
    """PDF documents are taken as `file` parts."""
    prefill: Literal["refuse", "continue", "prefix", "partial", "continue_final_message"] = (
        "continue"
    )
    """What becomes of an answer that the client began: the request is refused; the beginning is sent as
    it is; with `prefix: true`; with `partial: true`; or with `continue_final_message: true` beside."""
    cache: Literal["none", "parts", "breakpoints"] = "none"
    """How the client's cache marks are sent: not at all; as `cache_control` of parts; or as
    `prompt_cache_breakpoint` of parts."""
    cache_models: tuple[str, ...] = ("*",)
    """Globs of the models that take the marks."""

    parallel_tool_calls: bool = True
    """`parallel_tool_calls` is known."""
    tool_choices: tuple[Literal["auto", "required", "none", "function"], ...] = (
        *("auto", "required", "none", "function"),
    )
    """The values of `tool_choice` that are known; the others are emulated, or disclosed."""
    required_word: Literal["required", "any"] = "required"
    """The value of `tool_choice` that demands some call."""
    tool_ids: Literal["any", "alnum9"] = "any"
    """What ids of calls look like: anything of up to 40 characters, or nine letters and digits."""
    refused_keywords: tuple[str, ...] = ()
    """Keywords that are taken out of tool schemas, such as additionalProperties; `strict` is the one of
    the function itself."""
    web_search: Literal["none", "plugin", "tool"] = "none"
    """Web search on the provider's side: none; OpenRouter's plugin, which searches for each request; or
    OpenRouter's tool, with which the model decides."""

    @property
    def server_tools(self) -> frozenset[str]:
        """The kinds of tools that the server runs itself."""
        return frozenset({"web_search"} if self.web_search != "none" else ())
