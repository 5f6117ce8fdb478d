"""The cells of the matrix: each fault, in each wire format, streamed or whole, with a fallback or without."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asgi_gateway import Gateway, Heard
from faults.lab import NETWORK, Lab

from gateway.mock.scenarios import SCENARIOS
from gateway.mock.wires import WIRES

HANGS = 60.0
"""Seconds after which an answer is said to hang. Timeouts here are well below a second."""

AT_ONCE = 24
"""Cells that are asked at a time."""

TOOLS = [
    {
        "name": name,
        "input_schema": {
            "type": "object",
            "properties": {"file_path": {"type": "string"}},
            "required": ["file_path"],
        },
    }
    for name in ("Read", "Edit")
]

KINDS: Mapping[str, str] = {
    **dict.fromkeys(("silence-before-headers", "silence-before-first-event"), "hasty"),
    **dict.fromkeys(("silence-mid-stream", "never-closes"), "restless"),
    **dict.fromkeys(("401", "401-retry-after", "402", "402-retry-after", "key-in-error"), "locked"),
}
"""Scenario -> the kind of provider that is asked, where it is not the patient one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One question to the gateway."""

    fault: str
    dialect: str
    streams: bool
    spared: bool
    """There is a fallback, which is well."""

    @property
    def provider(self) -> str:
        """As the config of the lab names it."""
        if self.fault in NETWORK:
            return f"{self.fault}-{self.dialect}"
        kind = KINDS.get(self.fault, "patient")
        return f"{kind}-{self.dialect}"

    @property
    def body(self) -> dict[str, Any]:
        """The request. Each cell asks a model of its own: what one has met is held against no other."""
        own = f"{self.fault}@{'stream' if self.streams else 'whole'}{'-spared' if self.spared else ''}"
        return {
            "model": f"{self.provider}{'-spared' if self.spared else ''}/{own}",
            "max_tokens": 99,
            "stream": self.streams,
            "messages": [{"role": "user", "content": "Hi"}],
            "tools": TOOLS,
        }


def cells() -> Iterator[Cell]:
    """All of them."""
    for fault in (*NETWORK, *SCENARIOS):
        for dialect in WIRES:
            for streams in (False, True):
                for spared in (False, True):
                    yield Cell(fault, dialect, streams, spared)


# -- asking -------------------------------------------------------------------------------------------


async def ask_all(lab: Lab, asked: list[Cell]) -> dict[Cell, Heard | None]:
    """What each cell hears; None for one that hangs."""
    gate, gateway = asyncio.Semaphore(AT_ONCE), Gateway(lab.services.config.path)

    async def ask(cell: Cell) -> Heard | None:
        request = ("POST", "/v1/messages", cell.body)
        async with gate:
            try:
                return await asyncio.wait_for(gateway.speak(lab.services, request), HANGS)
            except TimeoutError:
                return None

    heard = await asyncio.gather(*map(ask, asked))
    return dict(zip(asked, heard, strict=True))
