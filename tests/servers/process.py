"""Start a program in a clean environment, wait until it answers, stop it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.planting import ENVIRONMENT

ANSWER_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
LOG_TAIL = 3000
"""Characters of a log that are worth showing."""


class StartFailed(AssertionError):
    """The program ended, or stayed silent, before it was ready; the message holds its log."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started program."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    """Its standard output and error, in one file."""

    def log_text(self) -> str:
        """All that it has printed so far."""
        return self.log.read_text("utf-8", "replace")


RUNNING: list[Running] = []
"""The programs that run now, for the report of a failed test."""


def clean_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of the caller's environment but the path: no keys, proxies or settings leak in."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        **ENVIRONMENT,
        **(extra or {}),
    }


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Poll until the condition is true; raises AssertionError with `what` when it stays false."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)


def answers(url: str) -> bool:
    """Whether a GET of the URL gives 200; proxies are not used."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return False
    except (OSError, http.client.HTTPException):
        return False


@contextmanager
def running(
    command: Sequence[str],
    *,
    ready_url: str | Callable[[], bool],
    folder: Path,
    name: str,
    env: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """The program, ready to be used, as its URL or a question tells; its home is a new folder under
    `folder`, its log stands there."""
    home = folder / f"{name}-home"
    home.mkdir(parents=True)
    log = folder / f"{name}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            env=clean_environment(home, env),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    started = Running(name, process, log)
    RUNNING.append(started)
    try:
        _wait_until_ready(started, ready_url)
        yield started
    finally:
        RUNNING.remove(started)
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and end it when it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(started: Running, ready: str | Callable[[], bool]) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not (answers(ready) if isinstance(ready, str) else ready()):
        code = started.process.poll()
        if code is not None:
            raise StartFailed(
                f"{started.name} ended with {code}:\n{started.log_text()[-LOG_TAIL:]}"
            )
        if time.monotonic() > deadline:
            raise StartFailed(f"{started.name} is silent:\n{started.log_text()[-LOG_TAIL:]}")
        time.sleep(POLL_SECONDS)
