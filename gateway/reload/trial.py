"""A config on its way into service: read, checked, and tried by its own tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from gateway.cases import BadSuite, read_suite, run_case
from gateway.config import Finding, Snapshot
from gateway.config.overlays import VARIABLE
from gateway.config_file import ENV_FILE, ConfigFile, read_config
from gateway.tokens import TokenCounter

LONGEST = 10.0
"""Seconds that all tests of a config may take together."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a config."""

    outcome: str
    """`sound`, `refused` or `unreadable`."""
    snapshot: Snapshot | None
    """None if it must not serve, and only then."""
    findings: tuple[Finding, ...]
    files: tuple[Path, ...]
    """What it was made of: a change of any of these makes another one."""
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """File -> its text, for findings that are shown with their lines."""


def tried(path: Path, counter: TokenCounter, *, env: str | None) -> Trial:
    """Tries the config at a path, with the overlay `env`. Raises nothing: whatever is wrong is found."""
    files = (path, path.parent / ENV_FILE)
    try:
        config = read_config(path, name=path.name).in_environment(env)
        return _tried(config, path.parent, counter, files)
    except (OSError, UnicodeDecodeError) as error:
        return Trial("unreadable", None, (_unreadable(path.name, error),), files)
    except Exception as error:  # a defect of the checks must not take the requests with it
        message = f"the config cannot be checked: {type(error).__name__}: {error}"
        return Trial("refused", None, (found_wrong(path.name, "defect", message),), files)


def _tried(
    config: ConfigFile, folder: Path, counter: TokenCounter, files: tuple[Path, ...]
) -> Trial:
    loaded = config.load()
    files = (*files, *(folder / name for name in loaded.files))
    snapshot = loaded.snapshot
    if snapshot is None:
        return Trial("refused", None, loaded.findings, files, loaded.sources)
    files = (*files, *(folder / name for name in snapshot.tests))
    failed = tuple(_tests(config, snapshot, folder, counter))
    findings = (*loaded.findings, *failed)
    if failed:
        return Trial("refused", None, findings, files, loaded.sources)
    return Trial("sound", snapshot, findings, files, loaded.sources)


# -- tests -------------------------------------------------------------------------------------------


def _tests(
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
            yield _unreadable(name, error)


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


# -- findings ----------------------------------------------------------------------------------------


def found_wrong(file: str, code: str, message: str, *, line: int = 1) -> Finding:
    """A reason to refuse a config."""
    return Finding(
        file=file,
        line=line,
        column=1,
        code=code,
        severity="error",
        message=message,
        help="the config that was loaded before serves on",
    )


def _unreadable(file: str, error: Exception) -> Finding:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return found_wrong(file, "unreadable", f"cannot be read: {why}")
