"""What a target will count for a prompt, learned from what its answers said of earlier ones. No IO.

Our own count is of another tokenizer, and says nothing of what a provider adds: a frame, the words that
come with tools, tools written in another form. So the provider's count is taken to be

    base + with_tools (where there are any) + content x (our count of it) + tools x (our count of them)

with four numbers per family of models, about which something is known beforehand (`priors`) and which
every answer makes better: Bayesian regression on relative errors, older answers counting less and less.
An estimate lies so far above the expectation that it is too small but rarely: as many deviations as the
latest answers have been off, and more where a prompt is unlike those that were seen.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil, sqrt
from operator import mul

from gateway.tokens import Size

Vector = list[float]
Matrix = list[Vector]

TERMS = 4
"""base, with_tools, content, tools."""

TOLERATED = 1.015
"""How far the provider's count may exceed an estimate; the promise is 2 %."""

USUAL, MOST = 2.6, 8.0
"""Deviations between expectation and estimate: at least, of which a normal error exceeds 1 in 200; and
at most."""

KEPT = 0.98
"""Weight of an answer after one more: about the last fifty count."""
RELAXED = 0.998
"""How slowly an estimate comes closer again, answer by answer, after one that was off."""

NOISE = 0.04
"""The relative error of a count that is expected before there are answers,"""
NOISE_ANSWERS = 4.0
"""and how many answers this expectation weighs."""

DOUBTED = 1.0
"""Answers after which what was known beforehand is half as sure, and so on: it is for the first ones."""

SMALL = 100
"""Tokens that are added to a size before errors are called relative to it: a few tokens more or less
mean nothing."""

WORDS, WORDS_WITH_TOOLS = 10.0, 60.0
"""Deviation, in tokens, of what a provider says to the model about this one prompt: of a tool that must be
called, of a strict schema. It stays, however well all else is known."""

FAR, AGAIN = 6.0, 3
"""So many answers in a row, so many deviations off to one side, are a change: what was before is
forgotten."""

ABSURD_FACTOR, ABSURD_TOKENS = 4.0, 1_000
"""What exceeds an estimate by both is not about the prompt: the server has searched, or added pages."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a family before it has answered: (expected, deviation) of each number."""

    content: tuple[float, float]
    tools: tuple[float, float]
    base: tuple[float, float] = (5.0, 10.0)
    with_tools: tuple[float, float] = (20.0, 100.0)

    @property
    def terms(self) -> tuple[tuple[float, float], ...]:
        """In the order of the regression."""
        return (self.base, self.with_tools, self.content, self.tools)


@dataclass(frozen=True, slots=True)
class Fit:
    """The numbers of a family, and how sure they are."""

    mean: Vector
    covariance: Matrix
    noise: float
    """Deviation of a relative error."""

    def expected(self, size: Size) -> tuple[float, float]:
        """(what is expected, its deviation), in tokens."""
        terms = _terms(size)
        middle = _dot(self.mean, terms)
        unsure = _dot(terms, [_dot(row, terms) for row in self.covariance])
        words = WORDS_WITH_TOOLS if size.tools else WORDS
        return middle, sqrt(max(0.0, unsure) + (self.noise * _weight(size)) ** 2 + words**2)

    def deviations(self, size: Size, actual: int) -> float:
        """How many deviations more than expected the provider has counted."""
        middle, deviation = self.expected(size)
        return (actual - middle) / deviation


@dataclass(slots=True)
class Evidence:
    """Sums over the answers, older ones weighing less."""

    squares: Matrix = field(default_factory=lambda: [[0.0] * TERMS for _ in range(TERMS)])
    products: Vector = field(default_factory=lambda: [0.0] * TERMS)
    total: float = 0.0
    answers: float = 0.0

    def add(self, size: Size, actual: int) -> None:
        """One more answer."""
        weight = _weight(size)
        terms = [term / weight for term in _terms(size)]
        value = actual / weight
        for row, one in zip(self.squares, terms, strict=True):
            row[:] = [KEPT * old + one * other for old, other in zip(row, terms, strict=True)]
        self.products = [
            KEPT * old + one * value for old, one in zip(self.products, terms, strict=True)
        ]
        self.total = KEPT * self.total + value * value
        self.answers = KEPT * self.answers + 1.0

    def fit(self, prior: Prior, noise: float) -> Fit:
        """The numbers that fit prior and answers best. `noise` is that of the fit before."""
        precise = noise**-2
        squares = [[precise * value for value in row] for row in self.squares]
        products = [precise * value for value in self.products]
        doubt = 1.0 + self.answers / DOUBTED
        for at, (expected, deviation) in enumerate(prior.terms):
            known = (doubt * deviation) ** -2
            squares[at][at] += known
            products[at] += expected * known
        covariance = _inverse(squares)
        mean = [_dot(row, products) for row in covariance]
        fitted = _dot(mean, [_dot(row, mean) for row in self.squares])
        error = max(0.0, self.total - 2 * _dot(mean, self.products) + fitted)
        noise = sqrt((NOISE_ANSWERS * NOISE**2 + error) / (NOISE_ANSWERS + self.answers))
        return Fit(mean, covariance, noise)


class Calibration:
    """What was learned of one family. Not safe between threads; an `Estimates` is."""

    def __init__(self, prior: Prior) -> None:
        self._prior = prior
        self._distance = USUAL
        self._evidence = Evidence()
        self._fit = self._calm = self._evidence.fit(prior, NOISE)
        self._far: deque[tuple[Size, int, bool]] = deque(maxlen=AGAIN)
        self.answers = 0
        """How many were learned from."""

    def estimate(self, size: Size) -> int:
        """Tokens that the provider will hardly count more of."""
        middle, deviation = self._fit.expected(size)
        upper = (middle + self._distance * deviation) / TOLERATED
        return max(1, ceil(max(middle, upper)))

    def expected(self, size: Size) -> int:
        """Tokens that the provider will about count."""
        return max(1, round(self._fit.expected(size)[0]))

    def learn(self, size: Size, actual: int) -> None:
        """The provider has counted `actual` tokens."""
        if self._is_change(size, actual):
            self._forget()
        elif self._is_absurd(size, actual):
            return
        else:
            off = self._fit.deviations(size, actual)
            self._distance = USUAL + (self._distance - USUAL) * RELAXED
            self._distance = min(MOST, max(self._distance, off))
            self._evidence.add(size, actual)
        self.answers += 1
        self._fit = self._evidence.fit(self._prior, self._fit.noise)
        if not self._far:
            self._calm = self._fit

    def _is_change(self, size: Size, actual: int) -> bool:
        """The latest answers are all far off, by what was held true before the first of them."""
        off = self._calm.deviations(size, actual)
        if abs(off) <= FAR:
            self._far.clear()
            return False
        self._far.append((size, actual, off > 0))
        return len(self._far) == AGAIN and len({above for *_, above in self._far}) == 1

    def _is_absurd(self, size: Size, actual: int) -> bool:
        expected = self.estimate(size)
        return actual > max(ABSURD_FACTOR * expected, expected + ABSURD_TOKENS)

    def _forget(self) -> None:
        """Begins anew with the answers that were far off."""
        self._evidence = Evidence()
        self._distance = USUAL
        for size, actual, _ in self._far:
            self._evidence.add(size, actual)
        self._far.clear()


def _terms(size: Size) -> Vector:
    return [1.0, 1.0 if size.tools else 0.0, float(size.content), float(size.tools)]


def _weight(size: Size) -> float:
    return float(size.total + SMALL)


def _dot(one: Vector, other: Vector) -> float:
    product: float = sum(map(mul, one, other))
    return product


def _inverse(matrix: Matrix) -> Matrix:
    """Of a positive definite matrix, by elimination. Rows are scaled first: terms differ by magnitudes."""
    size = len(matrix)
    scale = [matrix[at][at] ** -0.5 for at in range(size)]
    rows = [
        [scale[at] * scale[to] * matrix[at][to] for to in range(size)]
        + [1.0 if at == to else 0.0 for to in range(size)]
        for at in range(size)
    ]
    for at in range(size):
        pivot = rows[at][at]
        rows[at] = [value / pivot for value in rows[at]]
        for other in range(size):
            factor = rows[other][at]
            if other != at and factor:
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[at], strict=True)]
    return [
        [scale[at] * scale[to] * rows[at][size + to] for to in range(size)] for at in range(size)
    ]
