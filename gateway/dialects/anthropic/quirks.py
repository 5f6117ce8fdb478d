"""How servers that speak the client's format differ from Anthropic's own, as data. No IO.

The defaults are Anthropic's: with them nothing is taken from a request. In the lists of what a server
knows, `*` stands for everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True)
class AnthropicQuirks:
    """Each field is a key that a provider's declaration sets and `quirks:` in the config overrides."""

    path: str = "/v1/messages"
    """Joined to the base URL."""
    count_path: str = "/v1/messages/count_tokens"
    """Where the size of a prompt is asked for; empty where the servers cannot tell."""
    query: bool = True
    """The query of the client's URL is sent too."""
    betas: bool = True
    """The client's `anthropic-beta` header is sent."""
    client_headers: bool = True
    """The headers in which the client names itself and its session are sent: `user-agent`, `x-app`,
    `x-claude-code-*`, `x-stainless-*`. They are Anthropic's business and nobody else's."""
    signatures: Literal["own", "sealed"] = "own"
    """Whose signatures thinking has: Anthropic's `own`, which the client keeps as they are, or those of
    another server, which are `sealed` for it so that they never reach a server that did not make them."""
    fields: tuple[str, ...] = EVERYTHING
    """The fields of a request that are known; others are left out."""
    output_config: tuple[str, ...] = EVERYTHING
    """The keys of `output_config` that are known, such as `effort`; others are left out."""
    tool_fields: tuple[str, ...] = EVERYTHING
    """The keys of a tool that are known; others are left out. Without `defer_loading` every tool is
    loaded from the start."""
    typed_tools: bool = True
    """Anthropic's typed tools that the client runs, such as `bash_20250124`, are known; otherwise they
    are sent as functions."""
    server_tools: tuple[str, ...] = EVERYTHING
    """The kinds of tools that the server runs itself, such as `web_search`."""
    blocks: tuple[str, ...] = EVERYTHING
    """The types of content blocks that are known; others are told as text, as far as they can be."""
    sources: tuple[str, ...] = EVERYTHING
    """The kinds of sources that images and documents may have, such as `base64`; others are told of."""
    cache_control: bool = True
    """Cache markers are known; otherwise they are left out."""
    billing_block: bool = True
    """The client's attribution stays in the system prompt, where it keeps other servers' caches from
    being hit."""
    mid_system: Literal["keep", "reminder"] = "keep"
    """What becomes of system messages inside the conversation: they stay, or each becomes a user message
    with a `<system-reminder>`."""
    adaptive_thinking: Literal["keep", "enabled", "disabled", "drop"] = "keep"
    """What becomes of `thinking` where the model itself decides how much: it stays, becomes `enabled` with
    a budget by its effort, becomes `disabled`, or the field is left out."""
    tool_choice: bool = True
    """`tool_choice` is known; otherwise no tools are sent to a model that shall call none."""
    default_max_tokens: int = 0
    """Sent when the client names no `max_tokens`; 0 to send none."""

    @property
    def edits_messages(self) -> bool:
        """Messages may have to change for more than their signatures."""
        keeps = self.blocks == self.sources == EVERYTHING and self.cache_control
        return not keeps or self.mid_system != "keep"


def knows(known: tuple[str, ...], name: object) -> bool:
    """The name is in a list of what a server knows."""
    return name in known or "*" in known
