"""How servers of Ollama's format, and the models behind them, differ, as data. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class OllamaQuirks:
    """Each field is a key that a provider's declaration sets and `quirks:` in the config overrides."""

    path: str = "/api/chat"
    """Joined to the base URL, which has no `/v1` here."""
    num_ctx: int = 0
    """Tokens of the window that a model is loaded with, if the config names no `context` for it; 0 for
    the server's default."""
    keep_alive: str = ""
    """How long the model stays loaded, such as `30m` (`-1s`: for good); empty for the server's default."""
    truncate: bool = False
    """The server may silently cut off the beginning of a prompt that is too long. Without this it
    refuses such a prompt, and the client compacts the conversation."""
    think: Literal["auto", "switch", "level"] = "auto"
    """How thinking is asked for: models that can think do so unless told not to (`auto`), `think: true`,
    or `think: "high"`. Models that cannot think refuse the last two."""
    thinking_models: tuple[str, ...] = ("*",)
    """Globs of the models that take `switch` or `level`; for the others it is `auto`."""
    efforts: tuple[str, ...] = ("low", "medium", "high")
    """The levels known here, least first; others become the nearest one."""
    think_tags: Literal["none", "split", "opened"] = "none"
    """What `<think>…</think>` before the text is, where the server does not take it out itself: text;
    thinking; or thinking of which the opening tag is missing, because the prompt ended with it."""
