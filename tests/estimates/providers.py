"""Providers that count in their own way, and the traffic they are sent: what estimates are held against."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.tokens import Size


@dataclass(frozen=True)
class Provider:
    """Counts a prompt: its tokenizer, its frame, its words around tools, and what texts vary by."""

    content: float
    tools: float
    base: float = 0.0
    with_tools: float = 0.0
    noise: float = 0.0
    """Deviation of the factor from one prompt to the next."""
    foreign: float = 0.0
    """Share of the prompts in a language for which the tokenizer needs 30 % more."""

    def count(self, size: Size, chance: random.Random) -> int:
        """Tokens of a prompt."""
        factor = chance.gauss(1.0, self.noise) * (1.3 if chance.random() < self.foreign else 1.0)
        tools = self.with_tools + self.tools * size.tools * factor if size.tools else 0.0
        return max(1, round(self.base + tools + self.content * size.content * factor))


def chances(seed: int) -> random.Random:
    """The same ones for the same seed."""
    return random.Random(seed)  # noqa: S311 - nothing is kept secret by it


def any_provider(chance: random.Random, *, noise: float, foreign: float) -> Provider:
    """One of those that there may be."""
    return Provider(
        content=chance.uniform(0.8, 1.8),
        tools=chance.uniform(0.4, 1.8),
        base=chance.uniform(0, 300),
        with_tools=chance.uniform(0, 600),
        noise=noise,
        foreign=foreign,
    )


def traffic(chance: random.Random) -> Iterator[Size]:
    """Conversations that grow from nothing to 150,000 tokens, with small requests beside them."""
    content, tools = 500, chance.choice([0, 17_000])
    while True:
        if chance.random() < 0.2:
            yield Size(chance.randint(5, 300))
            continue
        content += chance.randint(50, 3_000)
        if content > 150_000:
            content, tools = 500, chance.choice([0, 3_000, 17_000])
        yield Size(content, tools)
