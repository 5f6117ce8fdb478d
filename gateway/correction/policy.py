"""What is done about the calls of which tool. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from gateway.correction.quirks import Quirk
from gateway.correction.result import Mode
from gateway.once import once


@dataclass(frozen=True)
class Policy:
    """A mode for every tool, and others for some."""

    mode: Mode = "repair"
    overrides: tuple[tuple[str, Mode], ...] = ()
    """(pattern of names such as `mcp__*__delete_*`, mode); the first that fits a tool counts."""
    quirks: frozenset[Quirk] = frozenset()
    """Opt-in rules (see `quirks`), for the tools whose calls may be changed."""

    def mode_of(self, tool: str) -> Mode:
        """What is done about calls of this tool."""
        for pattern, mode in self.overrides:
            if fnmatchcase(tool, pattern):
                return mode
        return self.mode

    @once
    def looks(self) -> bool:
        """Some call is looked at."""
        return any(mode != "off" for mode in self._modes)

    @once
    def holds(self) -> bool:
        """Some call may be changed, so calls are held until they are complete."""
        return any(mode in ("repair", "model") for mode in self._modes)

    @once
    def asks(self) -> bool:
        """Some call may be put to a model."""
        return "model" in self._modes

    @property
    def _modes(self) -> tuple[Mode, ...]:
        return (self.mode, *(mode for _, mode in self.overrides))
