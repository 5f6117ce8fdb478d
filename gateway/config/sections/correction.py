"""What the config says of tool correction, as the settings that hold for one answer. No IO.

`overlay` reads what one place says; `settings` lays several over each other, the first the weakest: the
provider's declaration, `tool_correction:`, the target's `correction:`, those of the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

from gateway.correction import Channel, Mode, Policy, Quirk, Tables, Unparsed
from gateway.correction.tables import DEFAULT
from gateway.routing import CorrectionOverlay, Target
from gateway.routing.corrections import Meanings
from gateway.units import parse_duration

MODEL_TIMEOUT = 10.0
"""Seconds that a model gets for a call, where nobody says."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CorrectionSettings:
    """What becomes of the tool calls of one answer."""

    policy: Policy
    unparsed: Unparsed = "wrap"
    text_calls: tuple[Channel, ...] = ()
    tables: Tables = DEFAULT
    model: Target | None = None
    """Who is asked about calls that rules cannot repair."""
    model_timeout: float = MODEL_TIMEOUT

    def to_json(self) -> dict[str, Any]:
        """For explanations."""
        return {
            "mode": self.policy.mode,
            "tools": dict(self.policy.overrides),
            "quirks": sorted(self.policy.quirks),
            "unparsed": self.unparsed,
            "text_calls": list(self.text_calls),
            "model": str(self.model) if self.model is not None and self.policy.asks else None,
        }


# -- one place ---------------------------------------------------------------------------------------


def overlay(value: Any) -> CorrectionOverlay:
    """What a place says: a mode, or a mapping in which no check has found an error."""
    said: Mapping[str, Any] = value if isinstance(value, Mapping) else {"mode": value}
    quirks, leaks, timeout = said.get("quirks"), said.get("text_calls"), said.get("model_timeout")
    return CorrectionOverlay(
        mode=mode_of(said["mode"]) if "mode" in said else None,
        tools=tuple((name, mode_of(mode)) for name, mode in said.get("tools", {}).items()),
        quirks=tuple(quirks) if quirks is not None else None,
        unparsed=said.get("unparsed"),
        text_calls=text_calls_of(leaks) if leaks is not None else None,
        aliases=tuple((tool, _meanings(table)) for tool, table in said.get("aliases", {}).items()),
        tool_aliases=_meanings(said.get("tool_aliases", {})),
        noise=_meanings(said.get("noise", {})),
        words=_meanings(said.get("words", {})),
        model=Target.parse(said["model"]) if "model" in said else None,
        model_timeout=parse_duration(timeout) if timeout is not None else None,
    )


def mode_of(value: Any) -> str:
    """A mode; YAML reads a bare `off` as false."""
    return "off" if value is False else str(value)


def text_calls_of(value: Any) -> tuple[str, ...]:
    """The channels of a list, or none for `off`."""
    return tuple(value) if isinstance(value, list) else ()


def _meanings(table: Mapping[str, Any]) -> Meanings:
    """Each word with what it may mean: a name, or a list of names."""
    return tuple(
        (word, tuple(meant) if isinstance(meant, list) else (meant,))
        for word, meant in table.items()
    )


# -- all of them -------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def settings(overlays: tuple[CorrectionOverlay, ...]) -> CorrectionSettings:
    """The settings of several places, the first the weakest.

    A mode speaks for all tools: what weaker places say of single ones counts no more.
    """
    mode = _last((one.mode for one in overlays), "repair")
    return CorrectionSettings(
        policy=Policy(
            cast(Mode, mode),
            tuple((name, cast(Mode, mode)) for name, mode in _tools(overlays)),
            frozenset(cast(Quirk, q) for q in _last((one.quirks for one in overlays), ())),
        ),
        unparsed=cast(Unparsed, _last((one.unparsed for one in overlays), "wrap")),
        text_calls=tuple(
            cast(Channel, channel) for channel in _last((one.text_calls for one in overlays), ())
        ),
        tables=_tables(overlays),
        model=_last((one.model for one in overlays), None),
        model_timeout=_last((one.model_timeout for one in overlays), MODEL_TIMEOUT),
    )


def _last(values: Iterable[_T | None], otherwise: _T) -> _T:
    said = [value for value in values if value is not None]
    return said[-1] if said else otherwise


def _tools(overlays: Sequence[CorrectionOverlay]) -> tuple[tuple[str, str], ...]:
    """The modes of single tools, the strongest first."""
    tools: tuple[tuple[str, str], ...] = ()
    for one in overlays:
        tools = (*one.tools, *(tools if one.mode is None else ()))
    return tools


def _tables(overlays: Iterable[CorrectionOverlay]) -> Tables:
    tables = DEFAULT
    for one in overlays:
        if one.aliases or one.tool_aliases or one.noise or one.words:
            tables = tables.extended(
                tools=dict(one.tool_aliases),
                parameters={tool: dict(table) for tool, table in one.aliases},
                noise=dict(one.noise),
                words=dict(one.words),
            )
    return tables
