"""Runs the gateway and notes, every few milliseconds of its CPU time, what it is doing.

Run as `python -m bench.sampler FILE serve --config …`. SIGUSR1 forgets what was noted, SIGUSR2 writes it
to FILE: a line `nanoseconds<tab>file:function;file:function…`, the outermost first, for each stack.

A note weighs as much CPU time as the process spent since the note before, so the sum is what the kernel
charged. The main thread takes the notes; while it waits, they are about the thread that works. A
debugger that stops the process from outside would double the cost of a request, and counting calls would
charge small functions for being looked at; this costs about a hundredth.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

INTERVAL = 0.001
"""Seconds of CPU time between two notes; the kernel's tick may make it more."""

SWITCH = 0.0005
"""Seconds after which a thread hands over to the one that takes the notes."""

Stack = tuple[CodeType, ...]


WAITING = ("threading.py", "thread.py", "queue.py", "selectors.py")
"""Where the innermost frame of a thread that does nothing is."""
LOOP = ("runners.py", "server.py", "_compat.py")
"""The same of the main thread."""


class Sampler:
    """What was noted."""

    def __init__(self) -> None:
        self._spent: Counter[Stack] = Counter()
        self._before = time.process_time_ns()

    def note(self, _signal: int, here: FrameType | None) -> None:
        """Charges the CPU time since the last note to what is being done now."""
        now = time.process_time_ns()
        spent, self._before = now - self._before, now
        frame = here
        if here is None or here.f_code.co_filename.endswith(LOOP):
            frame = _busy_thread() or here
        self._spent[_stack(frame)] += spent

    def forget(self, _signal: int, here: FrameType | None) -> None:
        """Begins anew."""
        self.note(_signal, here)
        self._spent = Counter()

    def write(self, path: Path) -> None:
        """One line for each stack."""
        lines = [
            f"{spent}\t{';'.join(f'{code.co_filename}:{code.co_name}' for code in stack)}\n"
            for stack, spent in list(self._spent.items())
        ]
        fresh = path.with_suffix(".new")
        fresh.write_text("".join(lines), "utf-8")
        fresh.replace(path)


def _busy_thread() -> FrameType | None:
    main = threading.main_thread().ident
    for ident, frame in sys._current_frames().items():
        if ident != main and not frame.f_code.co_filename.endswith(WAITING):
            return frame
    return None


def _stack(frame: FrameType | None) -> Stack:
    found = []
    while frame is not None:
        found.append(frame.f_code)
        frame = frame.f_back
    return tuple(reversed(found))


def main() -> None:
    """Runs the gateway's command line under the sampler."""
    from gateway.cli import main as gateway

    path = Path(sys.argv.pop(1))
    sampler = Sampler()
    sys.setswitchinterval(SWITCH)

    def write(number: int, here: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)  # no note may come while they are written
        sampler.note(number, here)
        sampler.write(path)

    signal.signal(signal.SIGPROF, sampler.note)
    signal.signal(signal.SIGUSR1, sampler.forget)
    signal.signal(signal.SIGUSR2, write)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    raise SystemExit(gateway())


if __name__ == "__main__":
    main()
