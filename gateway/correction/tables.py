"""The tables that a correction uses: what the gateway knows, and what a user adds per tool. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.correction.folding import folded
from gateway.correction.known.noise import NOISE, Noise
from gateway.correction.known.options import SYNONYMS
from gateway.correction.known.parameters import FLAGS, PARAMETER_ALIASES
from gateway.correction.known.tools import TOOL_ALIASES
from gateway.correction.known.words import Words

EVERY_TOOL = "*"
"""The key of what holds for every tool."""

_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Tables:
    """Names, noise and words that stand for others. All keys are folded; `extended` folds them."""

    tools: Words = field(default_factory=lambda: TOOL_ALIASES)
    """Name of no tool -> tools that it may mean."""
    parameters: Mapping[str, Words] = field(default_factory=lambda: PARAMETER_ALIASES)
    """Tool or `*` -> name of no parameter -> parameters that it may mean."""
    noise: Mapping[str, Noise] = field(default_factory=lambda: NOISE)
    """Tool or `*` -> parameter that may be dropped -> values with which it may be; none for any."""
    words: Words = field(default_factory=lambda: SYNONYMS)
    """Word -> options of an enum that it may mean."""

    def extended(
        self,
        *,
        tools: Mapping[str, Iterable[str]] | None = None,
        parameters: Mapping[str, Mapping[str, Iterable[str]]] | None = None,
        noise: Mapping[str, Iterable[str]] | None = None,
        words: Mapping[str, Iterable[str]] | None = None,
    ) -> Tables:
        """These tables with a user's own entries, which replace entries of the same key.

        Names may be written in any spelling: `{"Deploy": {"environment": ["env"]}}` says that the
        key `environment` in a call of the tool `Deploy` means its parameter `env`.
        """
        aliases = {tool: _words(table) for tool, table in (parameters or {}).items()}
        dropped: dict[str, Noise] = {
            tool: {folded(key): () for key in keys} for tool, keys in (noise or {}).items()
        }
        return Tables(
            tools={**self.tools, **_words(tools or {})},
            parameters=_merged(self.parameters, aliases),
            noise=_merged(self.noise, dropped),
            words={**self.words, **_words(words or {})},
        )

    def aliases_of(self, tool: str) -> Words:
        """What parameters of this tool may be called."""
        return _of(self.parameters, tool)

    def noise_of(self, tool: str) -> Noise:
        """What may be dropped from calls of this tool."""
        return _of(self.noise, tool)

    def flags_of(self, tool: str) -> Mapping[str, tuple[str, str]]:
        """Switches of this tool that stand for a value of one of its parameters."""
        return FLAGS.get(folded(tool), {})


def _of(table: Mapping[str, Mapping[str, _V]], tool: str) -> Mapping[str, _V]:
    return {**table.get(EVERY_TOOL, {}), **table.get(folded(tool), {})}


def _words(table: Mapping[str, Iterable[str]]) -> Words:
    return {folded(word): tuple(meant) for word, meant in table.items()}


def _merged(
    table: Mapping[str, Mapping[str, _V]], more: Mapping[str, Mapping[str, _V]]
) -> Mapping[str, Mapping[str, _V]]:
    merged = dict(table)
    for tool, entries in more.items():
        key = tool if tool == EVERY_TOOL else folded(tool)
        merged[key] = {**merged.get(key, {}), **entries}
    return merged


DEFAULT = Tables()
