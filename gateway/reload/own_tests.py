"""The tests that a config names, run before it may serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic

from gateway.cases import BadSuite, read_suite, run_case
from gateway.config import Finding, Snapshot
from gateway.config.text.overlays import VARIABLE
from gateway.config_file import ConfigFile
from gateway.reload.trial import found_wrong, unreadable
from gateway.tokens import TokenCounter

LONGEST = 10.0
"""Seconds that all tests of a config may take together."""


def failures(
    config: ConfigFile, snapshot: Snapshot, folder: Path, counter: TokenCounter
) -> Iterator[Finding]:
    """What the config's own tests find. Those that are late are a finding: nobody knows of the rest."""
    deadline = monotonic() + LONGEST
    for name in snapshot.tests:
        try:
            yield from _suite(config, snapshot, folder / name, name, counter, deadline)
        except BadSuite as error:
            yield from error.findings
        except (OSError, UnicodeDecodeError) as error:
            yield unreadable(name, error)


def _suite(
    config: ConfigFile,
    snapshot: Snapshot,
    path: Path,
    name: str,
    counter: TokenCounter,
    deadline: float,
) -> Iterator[Finding]:
    suite = read_suite(path.read_text("utf-8"), name)
    if suite.config is not None:
        loaded = _in(config, suite.environment).load()
        if loaded.snapshot is None:
            yield from (found for found in loaded.findings if found.severity == "error")
            return
        snapshot = loaded.snapshot
    for case in suite.cases:
        if monotonic() > deadline:
            message = f"the tests take longer than {LONGEST:g} s together"
            yield found_wrong(name, "tests-too-long", message, line=case.line)
            return
        outcome = run_case(case, snapshot, counter, lambda file: (path.parent / file).read_bytes())
        if not outcome.passed:
            message = f"test `{case.name}` fails: {'; '.join(outcome.problems)}"
            yield found_wrong(name, "test-failed", message, line=case.line)


def _in(config: ConfigFile, environment: Mapping[str, str]) -> ConfigFile:
    """The config in the environment that its tests state, so that they say the same everywhere. The
    overlay is the one that serves."""
    overlay = config.environment.get(VARIABLE)
    chosen = {VARIABLE: overlay} if overlay is not None else {}
    return replace(config, environment={**chosen, **environment})
