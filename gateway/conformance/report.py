"""Results for people and programs. No IO."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gateway import json_text
from gateway.conformance.case import Case, Outcome, Result, Subject

PLAIN, BOLD, DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
COLOURS: Mapping[Outcome, str] = {
    "ok": "\x1b[32m",
    "degraded": "\x1b[33m",
    "failed": "\x1b[1;31m",
    "model did not": "\x1b[35m",
    "not tried": DIM,
}
"""How a terminal shows each; a table that is complete, so also the list of all outcomes."""

JOINER, UNKNOWN = "\N{ZERO WIDTH JOINER}", "\N{REPLACEMENT CHARACTER}"
OUTCOME_WIDTH = max(map(len, COLOURS))


def heading(subject: Subject, cases: Sequence[Case], requests: int, tokens: int) -> str:
    """What is about to happen, and what it costs."""
    return (
        f"{subject.target} ({subject.dialect}): {len(cases)} cases, about {requests} requests "
        f"and {_rounded(tokens):,} tokens."
    )


def _rounded(tokens: int) -> int:
    """To thousands, upwards: it is an estimate."""
    return -(-tokens // 1_000) * 1_000


def lines_of(result: Result, *, color: bool, width: int) -> str:
    """A result: one line, and below it what to change. `width` is that of the longest name."""
    paint = COLOURS[result.outcome] if color else ""
    plain = PLAIN if color else ""
    label = f"{paint}{result.outcome:<{OUTCOME_WIDTH}}{plain}"
    name = f"{result.case.name:<{width}}"
    seconds = f"{result.seconds:6.1f} s" if result.seconds else " " * 8
    line = f"  {label}  {name}  {seconds}  {printable(result.detail)}".rstrip()
    if not result.remedy:
        return line
    return f"{line}\n  {'':<{OUTCOME_WIDTH}}  change: {result.remedy}"


def printable(text: str) -> str:
    """The text without characters that would drive a terminal: providers' words stand in it."""
    return "".join(char if char.isprintable() or char == JOINER else UNKNOWN for char in text)


def group_title(group: str, *, color: bool) -> str:
    """The line above the cases of a group."""
    return f"{BOLD}{group}{PLAIN}" if color else group


def summary(results: Sequence[Result], *, seconds: float) -> str:
    """How many came out how, and what it cost."""
    numbers = Counter(result.outcome for result in results)
    parts = [f"{numbers[outcome]} {outcome}" for outcome in COLOURS if numbers[outcome]]
    tokens = sum(result.tokens for result in results)
    return f"{', '.join(parts) or 'nothing to do'}; {tokens:,} tokens in {seconds:.0f} s"


def render_json(results: Iterable[Result]) -> str:
    """A list of `{case, group, outcome, detail, remedy, seconds}`."""
    rows = [
        {
            "case": result.case.name,
            "group": result.case.group,
            "outcome": result.outcome,
            "detail": result.detail,
            "remedy": result.remedy,
            "seconds": result.seconds,
        }
        for result in results
    ]
    return _listed(rows)


def render_list(cases: Sequence[Case], *, as_json: bool) -> str:
    """The table of cases: group, name, and what holds when it is ok."""
    if as_json:
        return _listed([{"case": c.name, "group": c.group, "says": c.says} for c in cases])
    groups, names = (max((len(text) for text in texts), default=0) for texts in _columns(cases))
    return "\n".join(f"{c.group:<{groups}}  {c.name:<{names}}  {c.says}" for c in cases)


def _columns(cases: Sequence[Case]) -> tuple[list[str], list[str]]:
    return [case.group for case in cases], [case.name for case in cases]


def _listed(rows: Sequence[Mapping[str, object]]) -> str:
    """A JSON list, one row to a line: it can be read, and compared line by line."""
    return "[\n" + ",\n".join(f"  {json_text.encode_text(row)}" for row in rows) + "\n]"
