"""The real Claude Code command line, pinned, run in an empty environment with a dummy key.

It is installed once through npm into a cache folder and works offline from then on. The package's
install scripts are not run: the program is the native binary of the platform's own package.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers.planting import CLIENT_KEY
from servers.process import clean_environment

VERSION = "2.1.328"
PACKAGE = "@anthropic-ai/claude-code"
CACHE_VARIABLE = "GATEWAY_TEST_CACHE"
DEFAULT_CACHE = Path(__file__).parents[2] / ".cache" / "claude-code"
NPM_FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund")
INSTALL_SECONDS = 600
RUN_SECONDS = 60
MACHINES = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}
SETTINGS = {
    "IS_SANDBOX": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "DISABLE_AUTOUPDATER": "1",
    "TERM": "dumb",
}


class InstallFailed(AssertionError):
    """npm did not give the binary; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One call that the client carried out."""

    name: str
    input: dict[str, Any]
    error: str | None
    """What the client answered to a call that it refused or that failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the client left behind."""

    exit_code: int
    timed_out: bool
    result: str | None
    """The last result text; None when there was none or it was an error."""
    tools: tuple[ToolRun, ...]
    files: Mapping[str, bytes]
    """The files that the run made or changed, by path in the work folder."""
    models: frozenset[str]
    """Model names in the answers."""
    retries: int
    """Requests that the client sent again."""
    stderr: str
    """Its end."""

    @property
    def tool_names(self) -> list[str]:
        """The tools in the order they were called."""
        return [tool.name for tool in self.tools]

    @property
    def tool_errors(self) -> list[ToolRun]:
        """The calls that failed."""
        return [tool for tool in self.tools if tool.error is not None]


@dataclass(frozen=True, slots=True)
class ClaudeCode:
    """The installed client."""

    binary: Path

    def run(
        self,
        base_url: str,
        *,
        prompt: str,
        folder: Path,
        model: str | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = RUN_SECONDS,
    ) -> Outcome:
        """One `claude -p` run with a new home in `folder`, at work in `work_folder(folder)`.

        Its whole process group is ended after `seconds`.
        """
        home, work = folder / "home", work_folder(folder)
        home.mkdir()
        before = _files(work)
        command = [str(self.binary), "-p", prompt, "--output-format", "stream-json", "--verbose"]
        command += ["--dangerously-skip-permissions", *(["--model", model] if model else [])]
        extra = SETTINGS | {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": CLIENT_KEY}
        process = subprocess.Popen(
            command,
            cwd=work,
            env=clean_environment(home, extra | dict(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        output, errors, timed_out = _wait(process, seconds)
        told = _Transcript()
        told.read(output.decode("utf-8", "replace").splitlines())
        after = _files(work)
        return Outcome(
            exit_code=process.returncode,
            timed_out=timed_out,
            result=told.result,
            tools=told.tool_runs(),
            files={name: text for name, text in after.items() if before.get(name) != text},
            models=frozenset(told.models),
            retries=told.retries,
            stderr=errors.decode("utf-8", "replace")[-2000:],
        )


def install() -> ClaudeCode:
    """The client from the cache folder, put there when it is missing."""
    cache = Path(os.environ.get(CACHE_VARIABLE) or DEFAULT_CACHE) / VERSION
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        return _installed(cache)


def _installed(cache: Path) -> ClaudeCode:
    binary = _binary(cache)
    if binary is None:
        npm = subprocess.run(
            ["npm", "install", "--prefix", str(cache), *NPM_FLAGS, f"{PACKAGE}@{VERSION}"],
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        binary = _binary(cache)
        if binary is None:
            raise InstallFailed(npm.stdout[-2000:] + npm.stderr[-2000:])
    return ClaudeCode(binary)


def work_folder(folder: Path) -> Path:
    """The folder that a run under `folder` works in; made when missing, so that files can wait there."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return work


def _binary(cache: Path) -> Path | None:
    """The native binary; the package for the C library at hand comes first."""
    name = f"{sys.platform}-{MACHINES[platform.machine().lower()]}"
    musl = any(Path("/lib").glob("ld-musl-*"))
    for suffix in ("-musl", "") if musl else ("", "-musl"):
        binary = cache / "node_modules" / f"{PACKAGE}-{name}{suffix}" / "claude"
        if binary.exists():
            return binary
    return None


def _wait(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes, bool]:
    """Standard output, standard error, and whether the time ran out."""
    try:
        return *process.communicate(timeout=seconds), False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return *process.communicate(), True


def _files(work: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(work)): path.read_bytes()
        for path in work.rglob("*")
        if path.is_file() and ".claude" not in path.parts
    }


@dataclass(slots=True)
class _Transcript:
    """The client's stream of JSON lines, read for what tests ask about."""

    result: str | None = None
    retries: int = 0
    models: set[str] = field(default_factory=set)
    calls: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            entry = json.loads(line)
            match entry.get("type"):
                case "system":
                    self.retries += entry.get("subtype") == "api_retry"
                case "assistant":
                    self._assistant(entry["message"])
                case "user":
                    self._results(entry["message"])
                case "result":
                    self.result = None if entry.get("is_error") else entry.get("result")

    def tool_runs(self) -> tuple[ToolRun, ...]:
        return tuple(
            ToolRun(name, value, self.errors.get(call_id))
            for call_id, (name, value) in self.calls.items()
        )

    def _assistant(self, message: dict[str, Any]) -> None:
        self.models.add(message["model"])
        for block in message["content"]:
            if block["type"] == "tool_use":
                self.calls[block["id"]] = (block["name"], block["input"])

    def _results(self, message: dict[str, Any]) -> None:
        content = message["content"]
        for block in content if isinstance(content, list) else []:
            if block["type"] == "tool_result" and block.get("is_error"):
                self.errors[block["tool_use_id"]] = json.dumps(block["content"])
