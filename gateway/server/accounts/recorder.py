"""Remembers what requests looked like: the last ones in memory, and in a file for who asks for it.

Nothing of this delays an answer: a record is made after it, in a thread where there is much to do, and
when that thread cannot keep up records are left out, never requests.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path
from queue import Full, Queue
from time import time
from typing import Any

import msgspec
from msgspec import Struct

from gateway import json_text, observe
from gateway.config import Snapshot
from gateway.config.sections.reload_settings import RecorderSettings
from gateway.pipeline import Exchange
from gateway.recording import Making, Recorded, encode, without_texts
from gateway.reload import ConfigStore

KEPT = 4096
"""Requests that are remembered."""
WITH_TEXTS = 256
"""Those of them, the last ones, of which the prompt is remembered too."""
MOST_PER_SECOND = 100
"""Requests that are remembered in a second; those beyond, which no file asks for, are like them."""
FEW_PER_SECOND = 1
"""The same, where the config sets no limit to what a reload may move: enough to tell what it moved."""
AT_ONCE = 64 * 1024
"""Bytes of a body of which the record is made right away."""
WAITING = 512
"""Requests that may wait for the thread; and the bytes of their bodies."""
WAITING_BYTES = 64 * 1024 * 1024
OLDER = ".1"
"""Ending of the file before the present one."""
READABLE = 0o600
FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
TELL_EVERY = 1000
"""Records that are left out between two lines of the log."""
PATIENCE = 2.0
"""Seconds that the thread gets at the end."""


class _Job(Struct, frozen=True):
    exchange: Exchange
    at: float
    status: int
    seconds: float


class Memory:
    """The last requests, the oldest first. Safe between threads."""

    def __init__(self) -> None:
        self._young: deque[Recorded] = deque()
        self._old: deque[Recorded] = deque(maxlen=KEPT - WITH_TEXTS)
        self._lock = threading.Lock()

    def add(self, record: Recorded) -> None:
        """Remembers a request."""
        with self._lock:
            self._young.append(record)
            if len(self._young) > WITH_TEXTS:
                self._old.append(without_texts(self._young.popleft()))

    def all(self) -> tuple[Recorded, ...]:
        """What is remembered now."""
        with self._lock:
            return (*self._old, *self._young)


class Recorder:
    """The memory of requests."""

    def __init__(self, config: ConfigStore) -> None:
        self._memory = Memory()
        self._making = Making()
        self._worker = _Worker(self._memory, config.path.parent)
        self._second = self._count = 0
        config.recent = self._memory.all

    @property
    def recent(self) -> tuple[Recorded, ...]:
        """The requests seen lately, the oldest first."""
        return self._memory.all()

    def note(self, exchange: Exchange, *, status: int, seconds: float) -> None:
        """Remembers an exchange that ended."""
        now, snapshot = time(), exchange.snapshot
        is_written = snapshot.recorder is not None
        if not is_written:
            limit = MOST_PER_SECOND if snapshot.reload.max_changed is not None else FEW_PER_SECOND
            if not self._has_room(int(now), limit):
                return
        job = _Job(exchange, now - seconds, status, seconds)
        if is_written or exchange.request.fresh > AT_ONCE:
            self._worker.take(job)
        elif (record := _record(self._making, job)) is not None:
            self._memory.add(record)

    def _has_room(self, second: int, limit: int) -> bool:
        if second != self._second:
            self._second, self._count = second, 0
        elif self._count >= limit:
            return False
        self._count += 1
        return True

    def health(self, snapshot: Snapshot) -> dict[str, Any] | None:
        """`{path, written, left_out, error}`; None when nothing is written."""
        if snapshot.recorder is None:
            return None
        worker = self._worker
        return {
            "path": snapshot.recorder.path,
            "written": worker.written,
            "left_out": worker.left_out,
            "error": worker.error,
        }

    def close(self) -> None:
        """Writes what is waiting."""
        self._worker.close()


def _record(making: Making, job: _Job) -> Recorded | None:
    try:
        return making.record(job.exchange, at=job.at, status=job.status, seconds=job.seconds)
    except Exception as error:  # the request has been answered; a defect here must not undo that
        observe.logger().error("not_recorded", request=job.exchange.id, exc_info=error)
        return None


class _Worker:
    """The thread that makes large records and writes."""

    def __init__(self, memory: Memory, folder: Path) -> None:
        self._memory = memory
        self._folder = folder
        self._jobs: Queue[_Job | None] = Queue(WAITING)
        self._making = Making()
        self._file: TrafficFile | None = None
        self._lock = threading.Lock()
        self._bytes = 0
        self._thread: threading.Thread | None = None
        self.written = 0
        self.left_out = 0
        self.error: str | None = None

    def take(self, job: _Job) -> None:
        """Takes the job if there is room."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
            self._thread.start()
        size = len(job.exchange.inbound.body)
        try:
            if self._bytes + size > WAITING_BYTES:
                raise Full
            self._jobs.put_nowait(job)
        except Full:
            if self.left_out % TELL_EVERY == 0:
                observe.logger().warning("recorder_too_slow", left_out=self.left_out + 1)
            self.left_out += 1
            return
        with self._lock:
            self._bytes += size

    def close(self) -> None:
        """Ends the thread after what it has to do."""
        if self._thread is None:
            return
        try:
            self._jobs.put(None, timeout=PATIENCE)
        except Full:
            return
        self._thread.join(PATIENCE)
        self._thread = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if (record := _record(self._making, job)) is not None:
                self._memory.add(record)
                self._write(record, job.exchange)
            with self._lock:
                self._bytes -= len(job.exchange.inbound.body)
            del job
        if self._file is not None:
            self._file.close()

    def _write(self, record: Recorded, exchange: Exchange) -> None:
        settings = exchange.snapshot.recorder
        if settings is None:
            return
        try:
            if settings.bodies:
                record = _with_body(record, exchange)
            self._opened(settings).write(encode(record))
        except (OSError, json_text.NotJSON, RecursionError) as error:  # or a body nested deeply
            said = error.strerror if isinstance(error, OSError) else str(error)
            if self.error != said:
                observe.logger().error("recorder_failed", file=settings.path, error=said)
            self.error = said
            self.left_out += 1
        else:
            self.written += 1
            self.error = None

    def _opened(self, settings: RecorderSettings) -> TrafficFile:
        path = self._folder / settings.path
        if self._file is None or self._file.path != path:
            if self._file is not None:
                self._file.close()
            self._file = TrafficFile(path)
        self._file.max_size = settings.max_size
        return self._file


def _with_body(record: Recorded, exchange: Exchange) -> Recorded:
    return msgspec.structs.replace(record, body=json_text.decode(exchange.inbound.body))


class TrafficFile:
    """A file of whole lines. A crash can cut the last one, and nothing before it."""

    def __init__(self, path: Path, max_size: int = 0) -> None:
        self.path = path
        self.max_size = max_size
        self._file: int | None = None

    def write(self, line: bytes) -> None:
        """Appends a line with one call of the system. Raises `OSError`."""
        file = self._ready(len(line))
        if os.write(file, line) != len(line):
            self.close()  # the next line begins on one of its own
            raise OSError(None, "the file takes no more")

    def close(self) -> None:
        """May be opened again by the next line."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _ready(self, coming: int) -> int:
        if self._file is not None and not self._is_there(self._file):
            self.close()  # somebody moved it away
        file = self._file if self._file is not None else self._open()
        size = os.fstat(file).st_size
        if size and size + coming > self.max_size:
            self.close()
            self.path.replace(self.path.with_name(self.path.name + OLDER))
            file = self._open()
        return file

    def _is_there(self, file: int) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(file))
        except FileNotFoundError:
            return False

    def _open(self) -> int:
        self._file = file = os.open(self.path, FLAGS, READABLE)
        if os.fstat(file).st_size:
            os.lseek(file, -1, os.SEEK_END)
            if os.read(file, 1) != b"\n":
                os.write(file, b"\n")
        return file
