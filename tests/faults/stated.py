"""What each cell of the matrix has to get. The scenarios say most of it; the rest is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from faults.cells import TOOLS, Cell
from faults.judging import Got
from faults.lab import NETWORK, RETRY_AFTER

from gateway.mock.asked import Asked, Tool
from gateway.mock.said import TEXT, Said
from gateway.mock.scenario import BROKEN, SILENT, TOLD, Gets
from gateway.mock.scenarios import SCENARIOS

OF_THE_NETWORK: Mapping[str, Gets] = {"tls-silence": SILENT, "never-accepted": SILENT}
"""Faults of the way to the provider that are a silence; the others are broken connections."""

UNRULED: Mapping[tuple[str, str, bool], Gets] = {
    # The format's own status and type are passed on: its servers mean what clients understand.
    **{
        (f"{status}{more}", "anthropic", streams): f"{status} {kind}"
        for status, kind in ((408, "timeout_error"), (409, TOLD[409][4:]), (422, TOLD[422][4:]))
        for more in ("", "-retry-after")
        for streams in (False, True)
    },
    # Nothing but the end of the body says in this format that no more will come.
    ("never-closes", "gemini", True): "cut",
    ("length-too-long", "gemini", True): "cut",
    # A line says in this format that it is the last, also where only one was asked for.
    ("data-after-end", "ollama", False): "answer",
}
"""Fault, wire format and whether it streams -> what a client gets where the table has something else."""

HOPELESS = frozenset({"400", "409", "422"})
"""Statuses that blame the request; another target would refuse it too. A prompt that is too long for one
target may fit another."""


def stated(cell: Cell) -> Gets:
    """What its client gets from the one provider."""
    if cell.fault in NETWORK:
        return OF_THE_NETWORK.get(cell.fault, BROKEN)
    scenario = SCENARIOS[cell.fault]
    usual = scenario.stream if cell.streams else scenario.whole
    return UNRULED.get((cell.fault, cell.dialect, cell.streams), usual)


def fails_over(cell: Cell) -> bool:
    """The fallback answers in its place."""
    gets = stated(cell)
    if not cell.spared or not gets[0].isdigit():
        return False
    return cell.fault == "overflow" or gets[:3] not in HOPELESS


def wrong(cell: Cell, got: Got) -> str:
    """What is not as it was stated; "" where all is."""
    gets, spared = stated(cell), fails_over(cell)
    if got.gets != ("answer" if spared else gets):
        return f"{got.gets}, not {gets}: {got.text[:200]}"
    own = cell.body["model"].partition("/")[2]
    target = f"spare-{cell.dialect}:ok" if spared else f"{cell.provider}:{own}"
    checks = {
        f"the target is {got.target}": got.target == target,
        "a credential is told": b"sk-mock" not in got.raw,
        f"retry-after is {got.retry_after}": got.retry_after == _wait(cell, got),
    }
    if not got.gets[0].isdigit():
        checks |= _of_answer(cell, got, said(cell, spared=spared))
    return "; ".join(problem for problem, holds in checks.items() if not holds)


def _wait(cell: Cell, got: Got) -> str | None:
    """What was asked for by the provider, as long as it is the provider that is told of."""
    names_it = cell.fault.endswith("-retry-after") and got.gets[0].isdigit()
    return str(RETRY_AFTER) if names_it else None


def said(cell: Cell, *, spared: bool) -> Said:
    """What the model meant to say."""
    if spared:
        return Said(model="ok", id="")
    tools = tuple(Tool(str(tool["name"]), {}) for tool in TOOLS)
    return SCENARIOS[cell.fault].says(Asked("m", cell.streams, 1, tools=tools))


def _of_answer(cell: Cell, got: Got, meant: Said) -> dict[str, bool]:
    if got.gets != "answer":
        return {
            f"it begins {got.text[:80]!r}": bool(got.text) and TEXT.startswith(got.text.rstrip())
        }
    reason = "max_tokens" if meant.stop == "length" else "tool_use" if meant.calls else "end_turn"
    if (cell.fault, cell.dialect) == ("data-after-end", "gemini"):
        got = replace(
            got, text=got.text[: len(meant.text)]
        )  # nothing says that it is no more of it
    return {
        f"it says {got.text[:80]!r}": got.text.strip() == meant.text.strip(),
        f"it calls {got.calls} tools": got.calls == len(meant.calls),
        f"it stops for {got.stop_reason}": got.stop_reason == reason,
    }
