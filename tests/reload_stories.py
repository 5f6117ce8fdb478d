"""A store on a folder, with what it told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config import Finding
from gateway.recording import Recorded
from gateway.reload import ConfigStore

LAB = 'providers: {lab: {dialect: openai-chat, base_url: "http://127.0.0.1:9"}}\n'


def config(model: str, more: str = "") -> str:
    """A config whose default is this model."""
    return f"{LAB}{more}\ndefault: lab:{model}\n"


@dataclass
class Story:
    """A store, and what it reported."""

    path: Path
    outcomes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    recent: list[Recorded] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    store: ConfigStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = ConfigStore(self.path, self._report)
        self.store.recent = lambda: self.recent

    def _report(self, outcome: str, findings: tuple[Finding, ...]) -> None:
        self.outcomes.append(outcome)
        self.findings += findings
        self.told.set()

    async def model(self) -> str:
        """The model of the default target, as the next request would find it."""
        return (await self.store.current()).default.target.model
