"""`gateway test`: runs the tests of rules that stand beside configs."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from xml.etree import ElementTree

from gateway.cases import BadSuite, Outcome, Suite, read_suite, run_case, unknown_names
from gateway.cli.commands import Commands, shows_color, unreadable
from gateway.cli.configs import Unusable, find_config, load_config, snapshot_of
from gateway.config import Snapshot
from gateway.config.told.render import render_full
from gateway.tokens import Tiktoken, TokenCounter

PATTERN = "*.test.yaml"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""

FAILED, USAGE = 1, 2


class Unrunnable(Exception):
    """The tests of a file cannot be run; the text says why."""


@dataclass(slots=True)
class Ran:
    """A file of tests, run."""

    file: str
    outcomes: list[Outcome] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    """Rules that no test chose or applied."""
    seconds: float = 0.0


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser("test", help="run the tests of rules (*.test.yaml)")
    command.add_argument(
        "places", nargs="*", default=["."], help="files of tests, or folders (default: here)"
    )
    command.add_argument("--config", type=Path, help="config of tests that name none")
    command.add_argument("--json", action="store_true", help="for machines")
    command.add_argument("--junit", type=Path, metavar="FILE", help="write a report for CI there")
    command.add_argument(
        "--full-coverage", action="store_true", help="fail when a rule has no test that reaches it"
    )
    command.set_defaults(run=_run)


def _run(told: argparse.Namespace) -> int:
    return run(
        told.places,
        told.config,
        as_json=told.json,
        junit=told.junit,
        full_coverage=told.full_coverage,
    )


def run(
    places: Sequence[str],
    config: Path | None,
    *,
    as_json: bool,
    junit: Path | None,
    full_coverage: bool,
) -> int:
    """Gives the exit code: 1 when a test fails or, if it is asked for, a rule has none; 2 when there are
    no tests, or some that cannot be run."""
    counter = TokenCounter(Tiktoken())
    ran: list[Ran] = []
    files = list(suites_in(places))
    for file in files:
        try:
            ran.append(run_file(file, config, counter))
        except Unrunnable as error:
            sys.stderr.write(f"{error}\n")
    if not files:
        sys.stderr.write(f"gateway: there are no tests ({PATTERN}) in {', '.join(places)}\n")
    if not ran:
        return USAGE
    try:
        if junit is not None:
            junit.write_bytes(as_junit(ran))
    except OSError as error:
        sys.stderr.write(f"gateway: {junit} cannot be written: {error.strerror}\n")
        return USAGE
    print(json.dumps(as_data(ran), indent=2) if as_json else "\n".join(as_text(ran)))
    failed = any(not outcome.passed for one in ran for outcome in one.outcomes)
    bare = full_coverage and any(one.uncovered for one in ran)
    if len(ran) < len(files):
        return USAGE
    return FAILED if failed or bare else 0


def suites_in(places: Sequence[str]) -> Iterator[Path]:
    """The files of tests: those named, and those in folders."""
    for place in places:
        path = Path(place)
        yield from sorted(path.rglob(PATTERN)) if path.is_dir() else [path]


def run_file(file: Path, config: Path | None, counter: TokenCounter) -> Ran:
    """Runs the tests of a file. Raises `Unrunnable`."""
    text = _read(file)
    try:
        suite = read_suite(text, str(file))
        snapshot = _snapshot(suite, file, config)
        if unknown := list(unknown_names(suite, snapshot)):
            raise BadSuite(unknown)
    except BadSuite as error:
        color = shows_color(sys.stderr)
        raise Unrunnable(render_full(error.findings, {str(file): text}, color=color)) from None
    except Unusable as error:
        raise Unrunnable(str(error)) from None
    started = perf_counter()
    ran = Ran(str(file))
    for case in suite.cases:
        ran.outcomes.append(
            run_case(case, snapshot, counter, lambda name: (file.parent / name).read_bytes())
        )
    ran.seconds = perf_counter() - started
    covered = {rule for outcome in ran.outcomes for rule in outcome.rules}
    named = [rule.name for rule in (*snapshot.rules, snapshot.default)]
    ran.uncovered = [name for name in named if name not in covered]
    return ran


def _snapshot(suite: Suite, file: Path, config: Path | None) -> Snapshot:
    if suite.config is None:
        return load_config(config)
    path = file.parent / suite.config
    return snapshot_of(replace(find_config(path), environment=suite.environment).load())


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Unrunnable(f"gateway: {path} is no text: byte {error.start} is not UTF-8") from None
    except OSError as error:
        raise Unrunnable(f"gateway: {unreadable(path, error)}") from None


# -- what is printed ---------------------------------------------------------------------------------


def as_text(ran: Iterable[Ran]) -> Iterator[str]:
    """A line for each failure, each rule without a test, and each file."""
    color = shows_color(sys.stdout)
    red, green, plain = ("\x1b[31m", "\x1b[32m", "\x1b[0m") if color else ("", "", "")
    total = passed = 0
    for one in ran:
        for outcome in one.outcomes:
            total, passed = total + 1, passed + outcome.passed
            if not outcome.passed:
                yield f"{red}FAILED{plain} {one.file}:{outcome.case.line}: {outcome.case.name}"
                yield from (f"    {problem}" for problem in outcome.problems)
        for rule in one.uncovered:
            yield f"{one.file}: no test reaches rule {rule}"
        good = sum(outcome.passed for outcome in one.outcomes)
        milliseconds = 1000 * one.seconds / max(1, len(one.outcomes))
        yield f"{one.file}: {good} of {len(one.outcomes)} passed, {milliseconds:.1f} ms each"
    mark = green if passed == total else red
    yield f"{mark}{passed} of {total} tests passed{plain}"


def as_data(ran: Iterable[Ran]) -> list[dict[str, object]]:
    """`[{file, line, name, passed, problems, rules}]`, and for each file `{file, uncovered}`."""
    data: list[dict[str, object]] = []
    for one in ran:
        data += [
            {
                "file": one.file,
                "line": outcome.case.line,
                "name": outcome.case.name,
                "passed": outcome.passed,
                "problems": list(outcome.problems),
                "rules": list(outcome.rules),
            }
            for outcome in one.outcomes
        ]
        data.append({"file": one.file, "uncovered": one.uncovered})
    return data


def as_junit(ran: Iterable[Ran]) -> bytes:
    """The report that CI systems read (https://github.com/testmoapp/junitxml)."""
    root = ElementTree.Element("testsuites")
    for one in ran:
        failures = sum(not outcome.passed for outcome in one.outcomes)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=one.file,
            tests=str(len(one.outcomes)),
            failures=str(failures),
            time=f"{one.seconds:.6f}",
        )
        for outcome in one.outcomes:
            name = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", outcome.case.name)
            case = ElementTree.SubElement(suite, "testcase", name=name, classname=one.file)
            if not outcome.passed:
                message = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", "; ".join(outcome.problems))
                ElementTree.SubElement(case, "failure", message=message).text = message
    report: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return report
