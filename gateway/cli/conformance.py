"""`gateway conformance`: what of the Messages API works with a target, and what to change."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from gateway.cli.commands import Commands, duration, shows_color, unreadable
from gateway.config import Snapshot, render_full
from gateway.config_file import config_of, read_config
from gateway.conformance import (
    CASES,
    Case,
    Result,
    Runner,
    chosen,
    cost,
    render_json,
    render_list,
    subject_of,
)
from gateway.conformance.case import RED
from gateway.conformance.report import group_title, heading, lines_of, summary
from gateway.routing import BadTarget, Target
from gateway.tokens import Encoder, Tiktoken, TokenCounter
from gateway.upstream import Upstream

DEFAULT = Path("config.yaml")
GREEN, SOME_RED, USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    target: str | None = None
    """Needed to run, not to list."""
    config: Path | None = None
    only: Sequence[str] = ()
    """Names and groups of cases, globs allowed."""
    large: bool = False
    timeout: float = 60.0
    """Seconds for one request."""
    as_json: bool = False
    only_list: bool = False


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "conformance", help="try what clients rely on with a target, and say what to change"
    )
    command.add_argument("--target", help="what to examine, such as openai:gpt-5")
    command.add_argument("--config", type=Path, help="config file (default: config.yaml, if any)")
    command.add_argument(
        "--only",
        action="append",
        default=[],
        type=_names,
        metavar="NAMES",
        help='cases and groups, by comma; globs allowed: tools,"thinking*"',
    )
    command.add_argument(
        "--large", action="store_true", help="also send a prompt that does not fit: costs tokens"
    )
    command.add_argument(
        "--timeout", type=duration, default=60.0, help="for one request (default: 60s)"
    )
    command.add_argument("--json", action="store_true", help="print a list of objects")
    command.add_argument("--list", action="store_true", help="say what the cases are, and end")
    command.set_defaults(run=_run)


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _run(given: argparse.Namespace) -> int:
    return run(
        Options(
            target=given.target,
            config=given.config,
            only=[name for names in given.only for name in names],
            large=given.large,
            timeout=given.timeout,
            as_json=given.json,
            only_list=given.list,
        )
    )


class UsageError(Exception):
    """The command cannot be carried out as it was given; the message says why."""


def run(
    options: Options, *, upstream: Upstream | None = None, encoder: Encoder | None = None
) -> int:
    """Prints the results; gives the exit code. Tests pass their own connections and encoder.

    0: everything works, maybe with something left out that was said to be. 1: something does not, or
    nothing could be tried. 2: there is nothing to ask, or no way to.
    """
    try:
        cases = _cases(options)
        if options.only_list:
            print(render_list(cases, as_json=options.as_json))
            return GREEN
        snapshot, target = _subject(options)
    except UsageError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return USAGE
    counter = TokenCounter(encoder or _loaded(Tiktoken()))
    results = asyncio.run(_examined(options, cases, snapshot, target, upstream, counter))
    if options.as_json:
        print(render_json(results))
    outcomes = {result.outcome for result in results}
    return SOME_RED if outcomes & RED or outcomes == {"not tried"} else GREEN


def _cases(options: Options) -> list[Case]:
    try:
        return chosen(options.only, large=options.large or options.only_list)
    except LookupError as error:
        name = str(error.args[0])
        known = sorted({text for case in CASES for text in (case.name, case.group)})
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "--list names them all"
        raise UsageError(f"there is no case and no group {name!r}: {hint}") from None


def _subject(options: Options) -> tuple[Snapshot, Target]:
    """The config and the target in it. Raises `UsageError`."""
    if options.target is None:
        raise UsageError("name a target with --target, such as --target openai:gpt-5")
    try:
        target = Target.parse(options.target)
    except BadTarget as error:
        raise UsageError(str(error)) from None
    snapshot = _snapshot(options)
    endpoint = snapshot.endpoints.get(target.provider)
    if endpoint is None:
        close = difflib.get_close_matches(target.provider, snapshot.endpoints, n=1)
        hint = f": did you mean {close[0]!r}?" if close else ": give it a line under `providers`"
        raise UsageError(f"there is no provider {target.provider!r}{hint}")
    if endpoint.missing_key is not None:
        raise UsageError(
            f"there is no key for {endpoint.name}: set {endpoint.missing_key} in the environment, or "
            "in the .env file beside the config"
        )
    return snapshot, target


def _snapshot(options: Options) -> Snapshot:
    """The config's; without a file the providers that are known by name, and keys of the environment."""
    path = options.config or DEFAULT
    try:
        if options.config is None and not path.exists():
            config = config_of("default: mock:mock\n", path.name)
        else:
            config = read_config(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(unreadable(path, error)) from None
    loaded = config.load()
    if loaded.snapshot is None:
        errors = [found for found in loaded.findings if found.severity == "error"]
        raise UsageError(f"{path} is not sound\n{render_full(errors, loaded.sources)}")
    return loaded.snapshot


def _loaded(encoder: Tiktoken) -> Tiktoken:
    """Built before the first case, which would have to wait for it."""
    encoder.load()
    return encoder


async def _examined(
    options: Options,
    cases: Sequence[Case],
    snapshot: Snapshot,
    target: Target,
    upstream: Upstream | None,
    counter: TokenCounter,
) -> list[Result]:
    started = perf_counter()
    screen = Screen(cases, is_quiet=options.as_json)
    connections = upstream or Upstream()
    subject = subject_of(snapshot, target)
    screen.say(heading(subject, cases, *cost(cases, subject)))
    runner = Runner(
        snapshot,
        target,
        upstream=connections,
        counter=counter,
        timeout=options.timeout,
    )
    try:
        results = await runner.run(cases, screen.show)
    finally:
        await connections.close()
    screen.say(f"\n{summary(results, seconds=perf_counter() - started)}")
    return results


class Screen:
    """Prints results as they come; nothing when a program reads."""

    def __init__(self, cases: Sequence[Case], *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._color = shows_color(sys.stdout)
        self._width = max((len(case.name) for case in cases), default=0)
        self._group = ""
        self._remedy = ""

    def say(self, text: str) -> None:
        """A line of its own."""
        if not self._is_quiet:
            print(text, flush=True)

    def show(self, result: Result) -> None:
        """A result, under the title of its group."""
        if result.case.group != self._group:
            self._group = result.case.group
            self.say(f"\n{group_title(self._group, color=self._color)}")
        if result.remedy and result.remedy == self._remedy:
            result = replace(result, remedy="as above")
        else:
            self._remedy = result.remedy or self._remedy
        self.say(lines_of(result, color=self._color, width=self._width))
