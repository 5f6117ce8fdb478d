"""Searches one entrance, led by what is new: `python -m fuzz.guided NAME [libFuzzer's options] [INPUT]`.

Needs atheris. A broken law ends the search, and its input lies in `crash-…`, one that never ended in
`timeout-…`; the same command with that file as its argument shows it again, with `--plain` also where
atheris is not.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzz.entrances import ENTRANCES  # noqa: E402 - the path comes first
from fuzz.mutations import json_changed  # noqa: E402

SLOW, TOO_SLOW = 0.2, 20.0
"""Seconds of the processor, under instrumentation, from which on the slowest input is told, and those that
no input may take. The clock on the wall says little on a busy machine."""


class TooSlow(AssertionError):
    """An input took longer than any may."""


def main(name: str, options: list[str]) -> None:
    """Does not return."""
    if "--plain" in options:
        law = import_module(f"fuzz.entrances.{name}").law
        for path in options:
            if not path.startswith("-"):
                law(Path(path).read_bytes())
        return
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=[*ENTRANCES[name]]):
        entrance = import_module(f"fuzz.entrances.{name}")
    law, slowest = entrance.law, SLOW

    def one(data: bytes) -> None:
        nonlocal slowest
        start = time.process_time()
        law(data)
        seconds = time.process_time() - start
        if seconds > TOO_SLOW:
            raise TooSlow(f"{seconds:.1f} s for {len(data)} bytes")
        if seconds > slowest:
            slowest = seconds
            sys.stderr.write(
                f"slowest: {seconds * 1000:.0f} ms: {len(data)} bytes: {data[:200]!r}\n"
            )

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)  # noqa: S311 - libFuzzer wants the same change for the same seed
        made = json_changed(data, random) if random.random() < 0.6 else None
        found: bytes = made[:most] if made is not None else atheris.Mutate(data, most)
        return found

    corpus = Path("corpus")
    corpus.mkdir(exist_ok=True)
    seeds = [*entrance.seeds()]
    law(seeds[0])  # what is imported late would count as the first input's time
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    inputs = [option for option in options if not option.startswith("-")]
    arguments = [sys.argv[0], *options, *([] if inputs else [str(corpus)])]
    atheris.Setup(arguments, one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
