"""A config that is saved again and again, in every way in which files are written. No IO but files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path

from gateway.config import load

PAUSE = 0.01
"""Seconds between the two steps of a slow editor."""


def in_place(path: Path, text: str) -> None:
    """As `cat >` does."""
    path.write_text(text, "utf-8")


def by_rename(path: Path, text: str) -> None:
    """As most editors do."""
    fresh = path.with_name(path.name + ".swp")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def in_two_steps(path: Path, text: str) -> None:
    """As slow editors and copies over a network do."""
    half = len(text) // 2
    with path.open("w", encoding="utf-8") as file:
        file.write(text[:half])
        file.flush()
        time.sleep(PAUSE)
        file.write(text[half:])


def by_link(path: Path, text: str) -> None:
    """As mounted config maps do: a fresh folder, and one link that is swapped."""
    version = path.parent / f"..{time.monotonic_ns()}"
    version.mkdir()
    (version / path.name).write_text(text, "utf-8")
    fresh = path.parent / "..data_tmp"
    fresh.symlink_to(version.name)
    fresh.replace(path.parent / "..data")
    if not path.is_symlink():
        link = path.with_name("..link")
        link.symlink_to(f"..data/{path.name}")
        link.replace(path)


WAYS: tuple[Callable[[Path, str], None], ...] = (in_place, by_rename, in_two_steps, by_link)


class Saves:
    """The configs of a storm: sound and broken in turn, each saved in another way."""

    def __init__(self, upstream: str, model: str) -> None:
        self._upstream = upstream
        self._model = model
        self.sound: set[str] = set()
        """Ids of the sound ones so far."""
        self.saved = 0

    def text(self, number: int) -> str:
        """A sound config. Its target changes its provider with each number, and no byte of the answer."""
        lab = f'{{dialect: openai-chat, base_url: "{self._upstream}/v1"}}'
        text = (
            f"# number {number}\nproviders: {{even: {lab}, odd: {lab}}}\n"
            f"tests: storm.test.yaml\naliases: {{now: {self._provider(number)}:x}}\n"
            f"default: {self._provider(number)}:{self._model}\n"
        )
        snapshot = load(text, file="config.yaml", environment={}).snapshot
        assert snapshot is not None
        self.sound.add(snapshot.id)
        return text

    def _provider(self, number: int) -> str:
        return "odd" if number % 2 else "even"

    def broken(self, number: int) -> Iterator[str]:
        """The same with mistakes of every kind: of form, of the schema, of meaning, of its tests."""
        lab = f'{{dialect: openai-chat, base_url: "{self._upstream}/v1"}}'
        whole = f"# broken {number}\nproviders: {{even: {lab}}}\ntests: storm.test.yaml\n"
        yield whole + "default: [\n"
        yield whole + "defualt: even:x\n"
        yield whole + "default: nowhere:x\n"
        yield whole + f"default: even:{self._model}\nrules: [{{name: all, use: even:wrong}}]\n"
        yield ""

    def run(self, path: Path) -> Iterator[None]:
        """Saves one with each step."""
        ways = cycle(WAYS)
        for number in count(1):
            mistakes = list(self.broken(number))
            for text in (self.text(number), mistakes[number % len(mistakes)]):
                next(ways)(path, text)
                self.saved += 1
                yield
            if number % 2:
                next(ways)  # so that each way saves sound ones and broken ones


TESTS = """\
tests:
  - name: what no rule takes goes to the default
    given: {model: claude-opus-5-5}
    expect: {rule: default}
"""
