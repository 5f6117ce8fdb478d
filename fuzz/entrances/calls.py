"""A model's tool calls and texts, through correction: see `tests/correction/fuzz/laws.py`."""

from __future__ import annotations

from collections.abc import Iterator

from correction.fuzz import laws

MAX_WORDS = 40
MAX_REPEATS = 40
MAX_WORD = 4_000
"""Characters of a word, repetitions included."""


class Bytes:
    """Gives small numbers, from the front, and zeros when there are none left."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def __bool__(self) -> bool:
        return self.at < len(self.data)

    def number(self, below: int) -> int:
        """One that is smaller."""
        taken = self.data[self.at : self.at + (1 if below <= 256 else 2)]
        self.at += len(taken)
        return int.from_bytes(taken, "big") % below

    def text(self, size: int) -> str:
        """Characters of any kind, also halves of pairs."""
        taken = self.data[self.at : self.at + size]
        self.at += len(taken)
        return taken.decode("utf-8", "surrogateescape").replace("\udcff", "\ud83d")


def law(data: bytes) -> None:
    """One of the laws, on a text of words that mean something to correction."""
    given = Bytes(data)
    kind = given.number(4)
    reason = laws.REASONS[given.number(len(laws.REASONS))]
    channel = ("text", "reasoning")[given.number(2)]
    if kind == 0:
        laws.judged(laws.NAMES[given.number(len(laws.NAMES))], words(given), reason)
    elif kind == 1:
        laws.recovered(words(given), channel)  # type: ignore[arg-type]
    else:
        places = sorted(given.number(400) for _ in range(given.number(12)))
        text = words(given)
        pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
        laws.passed(pieces, channel, reason)  # type: ignore[arg-type]


def words(given: Bytes) -> str:
    """Words, some of them many times, and characters of any kind."""
    found: list[str] = []
    while given and len(found) < MAX_WORDS:
        what = given.number(len(laws.WORDS) + 8)
        if what < len(laws.WORDS):
            found.append(laws.WORDS[what])
        elif what < len(laws.WORDS) + 5 or not found:
            found.append(given.text(8))
        else:
            found.append((found[-1] * (1 + given.number(MAX_REPEATS)))[:MAX_WORD])
    return "".join(found)


def seeds() -> Iterator[bytes]:
    """Every word once, behind each law."""
    for kind in range(4):
        for word in range(len(laws.WORDS)):
            yield bytes([kind, 0, 0, 0, word, kind, word])
