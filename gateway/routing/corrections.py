"""What a place of the config says of tool correction: for everybody, for a target, for a rule. No IO.

Routing carries it and does not look into it; `gateway.config.sections.correction` makes settings of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.routing.target import Target

Meanings = tuple[tuple[str, tuple[str, ...]], ...]
"""(word, what may be meant by it)."""


@dataclass(frozen=True, slots=True)
class CorrectionOverlay:
    """Laid over what holds without it. Hashable; None and empty say nothing."""

    mode: str | None = None
    tools: tuple[tuple[str, str], ...] = ()
    """(pattern of names, mode), in order."""
    quirks: tuple[str, ...] | None = None
    unparsed: str | None = None
    text_calls: tuple[str, ...] | None = None
    """Channels of an answer in which calls are looked for."""
    aliases: tuple[tuple[str, Meanings], ...] = ()
    """(tool, names of no parameter and the parameters that they mean)."""
    tool_aliases: Meanings = ()
    noise: Meanings = ()
    """(tool, parameters that may be dropped)."""
    words: Meanings = ()
    """(word, options that it means)."""
    model: Target | None = None
    model_timeout: float | None = None
    """Seconds."""
