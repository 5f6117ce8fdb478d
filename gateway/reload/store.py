"""The config file of a running gateway: what serves, what was refused, what is held."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time

from gateway.config import Finding, Snapshot
from gateway.config_file import ENV_FILE
from gateway.recording import Change, Recorded
from gateway.reload.limit import change_of, held, is_too_much, moved
from gateway.reload.trial import Trial, found_wrong, tried
from gateway.reload.watched import Look, contents, look
from gateway.tokens import Tiktoken, TokenCounter

STILL = 0.025
"""Seconds that a file must be unchanged before it is read."""

PATIENCE = 40
"""How often a file that keeps changing is looked at again before it is read as it is."""

POLL = 0.1
"""Seconds between looks when there are no requests."""

LOOKS = 10
"""Looks between two comparisons of the contents."""

LONGEST_WAIT = 3.0
"""Seconds from the beginning of a reload that requests wait for it; after that the config before serves
them until it ends."""

Report = Callable[[str, tuple[Finding, ...]], None]
"""Told of every outcome, with the findings: `loaded`, `refused`, `unreadable`, `held`, or `unchanged`
when what is on disk is what serves and that is news."""


class ConfigError(Exception):
    """There is no sound config to start with."""

    def __init__(self, findings: tuple[Finding, ...], sources: Mapping[str, str]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings
        self.sources = sources
        """File -> its text."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A config that was not taken."""

    at: float
    """Seconds since the epoch."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A sound config that changes too much to be taken without a word."""

    at: float
    """Seconds since the epoch."""
    id: str
    change: Change
    finding: Finding


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a look at the disk."""

    kind: str
    """As a `Report` is told."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """The files as they were when something was made of them."""

    files: tuple[Path, ...]
    names: tuple[str, ...]
    """The same: each request looks at them, and to spell a path takes longer than to look."""
    look: Look
    contents: str


class ConfigStore:
    """See the module."""

    def __init__(
        self,
        path: Path,
        report: Report,
        *,
        env: str | None = None,
        counter: TokenCounter | None = None,
    ) -> None:
        """Loads for the first time, with the overlay `env`. Raises `ConfigError` and `OSError`."""
        self.path = path
        self.recent: Callable[[], Sequence[Recorded]] = tuple
        """The requests seen lately; whoever serves them says which."""
        self.objection: Callable[[Snapshot], str | None] = lambda snapshot: None
        """Why a sound config must not serve here, if there is something; whoever listens says it."""
        self.refusal: Refusal | None = None
        self.held: Held | None = None
        self.loaded_at = time()
        self.outcomes: Counter[str] = Counter()
        """How often the config was loaded, refused, held, and so on."""
        self._env = env
        self._counter = counter or TokenCounter(Tiktoken())
        self._report = report
        self._running: asyncio.Task[Outcome] | None = None
        self._began = 0.0
        self._taken = asyncio.Event()
        path.stat()
        self._seen, trial = self._try(_seen((path, path.parent / ENV_FILE)))
        if trial.snapshot is None:
            raise ConfigError(trial.findings, trial.sources)
        self.snapshot: Snapshot = trial.snapshot
        self._report("loaded", trial.findings)

    async def current(self) -> Snapshot:
        """The snapshot that serves now; a saved change is taken in first."""
        if self._running is None:
            seen = self._seen
            if look(seen.names) == seen.look:
                return self.snapshot
            self._start()
        if self._running is not None:
            left = self._began + LONGEST_WAIT - monotonic()
            await asyncio.wait({self._running}, timeout=max(0.0, left))
        return self.snapshot

    async def until(self, holds: Callable[[Snapshot], bool]) -> None:
        """Waits for a snapshot of which this is true."""
        while not holds(self.snapshot):
            self._taken.clear()
            await self._taken.wait()

    async def watch(self) -> None:
        """Takes changes in without a request; runs until it is cancelled."""
        while True:
            for _ in range(LOOKS):
                await asyncio.sleep(POLL)
                await self.current()
            seen = self._seen
            if await asyncio.to_thread(contents, seen.files) != seen.contents:
                await self._finish(self._start())

    async def reload(self, *, accept: bool | str = False) -> Outcome:
        """Looks at the disk at once, whatever it looks like. `accept` takes a change that is held, or
        one with this id only."""
        while self._running is not None:
            await asyncio.wait({self._running})
        return await self._finish(self._start(at_once=True, accept=accept))

    # -- one after the other --------------------------------------------------------------------

    def _start(self, *, at_once: bool = False, accept: bool | str = False) -> asyncio.Task[Outcome]:
        """A request that is cancelled must not cancel what others wait for, so it is a task."""
        if self._running is None:
            self._began = monotonic()
            self._running = asyncio.create_task(self._reload(at_once=at_once, accept=accept))
            self._running.add_done_callback(self._ended)
        return self._running

    def _ended(self, _task: asyncio.Task[Outcome]) -> None:
        self._running = None

    async def _finish(self, task: asyncio.Task[Outcome]) -> Outcome:
        return await asyncio.shield(task)

    async def _reload(self, *, at_once: bool, accept: bool | str) -> Outcome:
        await self._settled()
        before = self._seen
        seen = await asyncio.to_thread(_seen, before.files)
        if seen.contents == before.contents and not at_once:
            self._seen = seen
            return Outcome("unchanged")
        self._seen, trial = await asyncio.to_thread(self._try, seen)
        if trial.snapshot is None:
            return self._refuse(trial)
        if (objection := self.objection(trial.snapshot)) is not None:
            found = found_wrong(self.path.name, "not-here", objection)
            return self._refuse(Trial("refused", None, (*trial.findings, found), trial.files))
        if trial.snapshot.id == self.snapshot.id:
            return self._same(trial, asked=at_once)
        recent = self.recent()
        change = await asyncio.to_thread(
            change_of, self.snapshot, trial.snapshot, recent, self._counter
        )
        is_accepted = accept is True or accept == trial.snapshot.id
        if change is not None and not is_accepted and is_too_much(self.snapshot, change):
            return self._hold(trial.snapshot.id, trial, change)
        return self._take(trial.snapshot, trial, change)

    async def _settled(self) -> None:
        before = look(self._seen.files)
        for _ in range(PATIENCE):
            await asyncio.sleep(STILL)
            after = look(self._seen.files)
            if after == before:
                return
            before = after

    def _try(self, seen: _Seen) -> tuple[_Seen, Trial]:
        """Tries what is on disk. What changed meanwhile, or was not known to belong to it, is looked at
        again, so that nothing is served that never stood there at one time."""
        for _ in range(PATIENCE):
            trial = tried(self.path, self._counter, env=self._env)
            after = _seen(tuple(dict.fromkeys(trial.files)))
            if after.files == seen.files and after.contents == seen.contents:
                return seen, trial
            seen = after
        return seen, trial

    # -- outcomes -------------------------------------------------------------------------------

    def _refuse(self, trial: Trial) -> Outcome:
        self.refusal, self.held = Refusal(time(), trial.findings), None
        return self._told(trial.outcome, trial.findings)

    def _same(self, trial: Trial, *, asked: bool) -> Outcome:
        is_news = asked or self.refusal is not None or self.held is not None
        self.refusal = self.held = None
        return self._told("unchanged", trial.findings) if is_news else Outcome("unchanged")

    def _hold(self, id: str, trial: Trial, change: Change) -> Outcome:
        finding = held(self.path.name, self.snapshot, change)
        self.refusal, self.held = None, Held(time(), id, change, finding)
        return self._told("held", (*trial.findings, finding))

    def _take(self, snapshot: Snapshot, trial: Trial, change: Change | None) -> Outcome:
        self.snapshot, self.loaded_at = snapshot, time()
        self.refusal = self.held = None
        self._taken.set()
        notes = (moved(self.path.name, change),) if change is not None and change.moved else ()
        return self._told("loaded", (*trial.findings, *notes))

    def _told(self, kind: str, findings: tuple[Finding, ...]) -> Outcome:
        self.outcomes[kind] += 1
        self._report(kind, findings)
        return Outcome(kind, findings)


def _seen(files: tuple[Path, ...]) -> _Seen:
    """The look is taken first: what changes between the two is seen as a change later."""
    taken = look(files)
    return _Seen(files, tuple(map(str, files)), taken, contents(files))
