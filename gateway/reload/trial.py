"""A config on its way into service: read, checked, and tried by its own tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config import Finding, Snapshot
from gateway.config_file import ENV_FILE, ConfigFile, read_config
from gateway.tokens import TokenCounter


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
        return Trial("unreadable", None, (unreadable(path.name, error),), files)
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
    failed = _failed_tests(config, snapshot, folder, counter)
    findings = (*loaded.findings, *failed)
    if failed:
        return Trial("refused", None, findings, files, loaded.sources)
    return Trial("sound", snapshot, findings, files, loaded.sources)


def _failed_tests(
    config: ConfigFile, snapshot: Snapshot, folder: Path, counter: TokenCounter
) -> tuple[Finding, ...]:
    if not snapshot.tests:
        return ()
    from gateway.reload.own_tests import failures  # few configs have tests

    return tuple(failures(config, snapshot, folder, counter))


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


def unreadable(file: str, error: Exception) -> Finding:
    """A file that cannot be read."""
    why = error.strerror if isinstance(error, OSError) else str(error)
    return found_wrong(file, "unreadable", f"cannot be read: {why}")
