"""Processes: started on their own core, asked for their CPU time and memory, and ended. Linux only."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

PAGE = os.sysconf("SC_PAGE_SIZE")
PATIENCE = 90.0
"""Seconds that a process may take until it answers."""


def cores() -> tuple[set[int], set[int]]:
    """Where the measured process runs, and where all others do: apart, if there are two cores."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        return set(usable), set(usable)
    return {usable[0]}, {usable[1]}


CORES = len(os.sched_getaffinity(0))
MEASURED, OTHERS = cores()
_OPENER = build_opener(ProxyHandler({}))
ROOT = Path(__file__).parent.parent


@contextmanager
def pinned(to: set[int]) -> Iterator[None]:
    """This process, and those that it starts meanwhile, run there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, to)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_ns(pid: int) -> int:
    """CPU time of a process since its start, with its threads that have ended. Zero if it is gone.

    The kernel gives every process a clock whose number is made from its id:
    https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def rss_bytes(pid: int) -> int:
    """Memory of a process that is in use. Zero if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        parent = int(stat.rpartition(")")[2].split()[1])
        parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


@dataclass(slots=True)
class Running:
    """A process under measurement."""

    process: subprocess.Popen[bytes]
    port: int
    cold_seconds: float = 0.0
    """From its start until it first answered 200."""

    def cpu_ms(self) -> float:
        """CPU time of all its processes."""
        return sum(map(cpu_ns, tree(self.process.pid))) / 1e6

    def rss_mb(self) -> float:
        """Memory of all its processes."""
        return sum(map(rss_bytes, tree(self.process.pid))) / 1e6

    def stop(self) -> None:
        """Ends it; waits until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(
    command: Sequence[str],
    *,
    port: int,
    health: str,
    log: Path,
    environment: Mapping[str, str],
    cores: set[int] | None = None,
) -> Running:
    """Starts a process and waits until it answers 200. Raises `RuntimeError` if it does not."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out, pinned(MEASURED if cores is None else cores):
        began = time.perf_counter()
        process = subprocess.Popen(  # the commands are this folder's own
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=dict(environment),
            cwd=ROOT,
        )
    running = Running(process, port)
    while not answers(f"http://127.0.0.1:{port}{health}"):
        if process.poll() is not None or time.perf_counter() - began > PATIENCE:
            running.stop()
            raise RuntimeError(f"{command[0]} did not answer; its log is {log}")
        time.sleep(0.004)
    running.cold_seconds = time.perf_counter() - began
    return running


def answers(url: str) -> bool:
    """There is a 200 at the address."""
    try:
        with _OPENER.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except HTTPError:
        return False
    except (URLError, OSError):
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def described() -> str:
    """The machine in general terms."""
    apart = "apart from" if MEASURED != OTHERS else "on the same core as"
    return (
        f"{CORES} core(s), {platform.system()} {platform.release().split('-')[0]}, "
        f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}; "
        f"the measured process runs {apart} the upstream and the load"
    )
