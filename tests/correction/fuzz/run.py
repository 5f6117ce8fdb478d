"""Coverage-guided fuzzing of the correction: `python tests/correction/fuzz/run.py -max_total_time=600`.

Needs the extra `fuzz` (atheris). Arguments are libFuzzer's. A broken law ends the run, and its input
lies in `crash-…`; the same command with that file as its argument shows it again. Each input that took
longer than all before is told, from `SLOW` on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

atheris: Any = import_module("atheris")  # no wheel for every platform, so the tests do without
with atheris.instrument_imports(include=["gateway.correction", "gateway.json_text"]):
    from correction.fuzz import laws

SLOW = 0.05
"""Seconds of the processor, under instrumentation."""
MAX_WORDS = 40
MAX_REPEATS = 40
MAX_CUTS = 12
MAX_WORD = 4_000
"""Characters of a word, repetitions included."""


class Fuzzer:
    """Makes a case of bytes and tries the laws on it."""

    def __init__(self) -> None:
        self.slowest = SLOW

    def one(self, data: bytes) -> None:
        """One input of libFuzzer's."""
        provider = atheris.FuzzedDataProvider(data)
        kind = provider.ConsumeIntInRange(0, 3)
        reason = provider.PickValueInList(list(laws.REASONS))
        channel = provider.PickValueInList(["text", "reasoning"])
        if kind == 0:
            name = provider.PickValueInList(list(laws.NAMES))
            self._try(laws.judged, name, _text(provider), reason)
        elif kind == 1:
            self._try(laws.recovered, _text(provider), channel)
        else:
            places = sorted(provider.ConsumeIntListInRange(MAX_CUTS, 0, 400))
            text = _text(provider)
            cuts = zip([0, *places], [*places, len(text)], strict=True)
            self._try(laws.passed, [text[start:end] for start, end in cuts], channel, reason)

    def _try(self, law: Callable[..., None], *case: Any) -> None:
        start = time.process_time()
        law(*case)
        seconds = time.process_time() - start
        if seconds > self.slowest:
            self.slowest = seconds
            said = f"{law.__name__}{case!r}"
            sys.stderr.write(f"slowest: {seconds * 1000:.0f} ms: {len(said)}: {said:.300}\n")


def _text(provider: Any) -> str:
    """Words, some of them many times, and characters of any kind."""
    found: list[str] = []
    while provider.remaining_bytes() and len(found) < MAX_WORDS:
        what = provider.ConsumeIntInRange(0, len(laws.WORDS) + 7)
        if what < len(laws.WORDS):
            found.append(laws.WORDS[what])
        elif what < len(laws.WORDS) + 4:
            found.append(provider.ConsumeUnicodeNoSurrogates(8))
        elif what < len(laws.WORDS) + 7 and found:
            times = provider.ConsumeIntInRange(1, MAX_REPEATS)
            found.append((found[-1] * times)[:MAX_WORD])
        else:
            found.append(provider.ConsumeUnicode(4))
    return "".join(found)


if __name__ == "__main__":
    atheris.Setup(sys.argv, Fuzzer().one)
    atheris.Fuzz()
