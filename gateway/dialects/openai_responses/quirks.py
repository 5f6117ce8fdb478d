"""How servers of the Responses format differ, as data. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ResponsesQuirks:
    """Each field is a key that a provider's declaration sets and `quirks:` in the config overrides."""

    path: str = "/responses"
    """Joined to the base URL."""
    count_path: str = ""
    """Where the size of a prompt is asked for, such as `/responses/input_tokens`; empty where the servers
    cannot tell."""
    system: Literal["instructions", "developer", "system"] = "instructions"
    """Where the system prompt stands: in `instructions`, or in a first message of this role."""
    mid_system: Literal["developer", "system", "user"] = "developer"
    """The role of a system message inside the conversation; as `user` it becomes a reminder."""
    reasoning_models: tuple[str, ...] = (
        *("gpt-5*", "gpt-6*", "o1*", "o3*", "o4*", "codex*"),
        *("*/gpt-5*", "*/gpt-6*", "*/o3*", "*/o4*", "openai.gpt-*", "*gpt-oss*"),
    )
    """Globs of the models that take `reasoning`; the others refuse it."""
    efforts: tuple[str, ...] = ("low", "medium", "high")
    """The efforts known here, least first; others become the nearest one."""
    can_disable_reasoning: bool = False
    """The effort `none` is known."""
    summary: Literal["", "auto", "concise", "detailed"] = "auto"
    """The reasoning summary that is asked for when the client wants to see thinking."""
    encrypted_reasoning: bool = True
    """Reasoning models hand out their reasoning encrypted (`include`), for the next turn."""
    resent_reasoning: Literal["encrypted", "all", "none"] = "encrypted"
    """Which reasoning of earlier turns goes back: what is encrypted, or open reasoning too."""
    sampling_with_reasoning: bool = False
    """Reasoning models take `temperature` and `top_p`."""
    min_output: int = 16
    """The smallest output cap that is taken; smaller ones are raised to it."""
    web_search: Literal["", "web_search", "web_search_preview"] = "web_search"
    """The type of the server's own web search tool, if it has one."""
    max_tool_calls: bool = True
    """`max_tool_calls` is known: it bounds how often the server searches."""
    parallel_tool_calls: bool = True
    """`parallel_tool_calls` is known."""
    structured_output: bool = True
    """`text.format` with a JSON schema is known."""
    media_in_results: bool = True
    """Results of tools may hold images and files; otherwise these follow as a user message."""
    store: bool = True
    """`store: false` is known: the server is told to keep nothing."""
    prompt_cache_key: bool = True
    """`prompt_cache_key` is known; it gets a digest of the session."""
    safety_identifier: bool = True
    """`safety_identifier` is known; it gets a digest of the user."""
    service_tier: bool = True
    """`service_tier` is known."""
    fast_tier: Literal["", "priority", "fast"] = ""
    """The service tier that `speed: fast` means, if there is one."""

    @property
    def server_tools(self) -> frozenset[str]:
        """The kinds of tools that the server runs itself."""
        return frozenset({"web_search"} if self.web_search else ())
