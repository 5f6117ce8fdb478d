"""`gateway mock`: a provider that misbehaves on request, for whoever tries out rules and fallbacks."""

from __future__ import annotations

import argparse
import asyncio
import sys

from gateway.cli.commands import Commands, duration, port
from gateway.mock.plan import Chance, Plan
from gateway.mock.reference import listed, snippet
from gateway.mock.scenario import Scenario
from gateway.mock.scenarios import SCENARIOS
from gateway.mock.scene import Knobs
from gateway.mock.server import Mock
from gateway.mock.wires import WIRES

FAILED = 1
HOST = "127.0.0.1"
PORT = 4010
ALL = "all"
CALM = Chance()
USUAL = Knobs()

EXAMPLE = (
    "gateway mock --scenario 529,cut-mid-stream --share 20%: one request in five, by lot, meets one of "
    "the two; the others are answered. A model that has a scenario's name meets it in any case."
)


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "mock", help="run a provider that misbehaves on request", description=EXAMPLE
    )
    command.add_argument("--list", action="store_true", help="name the scenarios, and end")
    command.add_argument("--port", type=port, default=PORT, help="default: %(default)s")
    command.add_argument("--dialect", choices=(*WIRES, ALL), default=ALL, help="what it speaks")
    command.add_argument(
        "--scenario",
        type=_scenarios,
        default=(),
        metavar="NAME[,NAME...]",
        help="what requests meet, by turns (default: all goes well)",
    )
    _add_chance(command)
    _add_knobs(command)
    command.set_defaults(run=run)


def _add_chance(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--after", type=_count, default=CALM.after, metavar="N", help="the first N requests go well"
    )
    command.add_argument(
        "--every", type=_positive, default=CALM.every, metavar="N", help="then each Nth meets it"
    )
    command.add_argument(
        "--share", type=_share, default=CALM.share, metavar="20%", help="of those so many, by lot"
    )
    command.add_argument(
        "--seed", type=int, default=CALM.seed, help="the lot (default: %(default)s)"
    )


def _add_knobs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--silence",
        type=duration,
        default=USUAL.silence,
        metavar="5m",
        help="how long it is silent",
    )
    command.add_argument(
        "--drip", type=duration, default=USUAL.drip, metavar="20ms", help="what each byte takes"
    )
    command.add_argument(
        "--retry-after",
        type=_count,
        default=USUAL.retry_after,
        metavar="SECONDS",
        help="what refusals say (default: %(default)s)",
    )


def run(told: argparse.Namespace) -> int:
    """Gives the exit code."""
    if told.list:
        print(listed())
        return 0
    wires = WIRES if told.dialect == ALL else {told.dialect: WIRES[told.dialect]}
    chance = Chance(told.after, told.every, told.share, told.seed)
    knobs = Knobs(silence=told.silence, drip=told.drip, retry_after=told.retry_after)
    try:
        asyncio.run(_serve(Mock(wires, Plan(told.scenario, chance), knobs, _tell), told.port))
    except OSError as error:
        # With the server, which takes long to import.
        from gateway.server.connections.listening import refusal

        sys.stderr.write(f"gateway: {refusal(HOST, told.port, error)}\n")
        return FAILED
    return 0


async def _serve(mock: Mock, port: int) -> None:
    await mock.start(HOST, port)
    url = f"http://{HOST}:{port}"
    print(f"The mock listens on {url}. A config that points a gateway at it:\n")
    print(snippet(url, mock.wires), end="", flush=True)
    await asyncio.Event().wait()


def _tell(asked: str, became: str) -> None:
    print(f"{asked}: {became}", flush=True)


# -- what is written on the command line ----------------------------------------------------------------


def _scenarios(text: str) -> tuple[Scenario, ...]:
    names = text.split(",")
    if unknown := [name for name in names if name not in SCENARIOS]:
        words = f"no scenario is called {unknown[0]!r}; --list names them"
        raise argparse.ArgumentTypeError(words)
    return tuple(SCENARIOS[name] for name in names)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)


def _positive(text: str) -> int:
    if (number := _count(text)) == 0:
        raise argparse.ArgumentTypeError("it counts from 1 on")
    return number


def _share(text: str) -> float:
    number = text.removesuffix("%")
    try:
        share = float(number) / (100 if number != text else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 20% or 0.2")
    return share
