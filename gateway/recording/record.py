"""The facts of one request, as they are kept and written down. No IO.

A record holds what rules may ask. What a person wrote stays in memory, for as long as the request is
among the last ones: a line has no prompt, no header and no name of a session. Only a recorder that is
asked to adds the body.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from gateway import json_text
from gateway.messages import Usage
from gateway.redaction import redactor

VERSION = 1
"""Of the form of a line."""


class BadRecord(ValueError):
    """A line that holds no record; the text says why."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request. The facts have the names that `Facts` gives them."""

    v: int = VERSION
    at: float
    """Seconds since the epoch."""
    id: str = ""
    """The request's id, as the log has it."""
    config: str = ""
    """The id of the config that decided."""
    rule: str = ""
    """The rule that decided, or `default`, `path`, `model`; empty when there was no decision."""
    target: str = ""
    """Where the request was sent first."""
    is_kept: bool = False
    """The conversation kept the rule that it was given earlier."""
    status: int = 0
    seconds: float = 0.0

    model: str
    tokens: int
    """Of the prompt."""
    is_counted: bool = False
    """`tokens` was counted; otherwise it is the length of the body over four."""
    path_prefix: str = ""
    key: str | None = None
    stream: bool = False
    max_tokens: int | None = None
    thinking_type: str | None = None
    thinking_budget: int | None = None
    effort: str | None = None
    tools: tuple[str, ...] = ()
    """Names, in order. They stay readable, because rules ask for them by pattern."""
    tool_count: int = 0
    tool_is_forced: bool = False
    server_tools: tuple[str, ...] = ()
    """Types of the offered tools that the provider's servers would run."""
    contents: tuple[str, ...] = ()
    repeated_calls: int = 0
    continues_turn: bool = False
    tag: str | None = None
    session: str | None = None
    """A digest: the same for the turns of one conversation."""
    agent: str | None = None
    """A digest."""
    agent_type: str | None = None
    request_class: str = "main"
    lot: float = 0.0
    outgoing: dict[str, int] = msgspec.field(default_factory=dict)
    """Names of transforms, joined by commas -> tokens of the prompt after them, where it was asked."""
    verdicts: dict[str, bool] = msgspec.field(default_factory=dict)
    """Digest of a rule's conditions -> whether they held: for rules that ask what a record lacks."""
    lacks: tuple[str, ...] = ()
    """Facts that were too large to be kept."""

    usage: dict[str, int] | None = None
    """Tokens of the answer as `Usage` has them; None when the provider said nothing."""
    body: dict[str, Any] | None = None
    headers: dict[str, str] | None = None
    """Without those that hold keys; written with the body only."""
    system: str | None = None
    last_user: str | None = None
    """Texts, if they are kept; never written."""

    @property
    def billed(self) -> Usage:
        """What the answer used; where nobody said, the prompt without any cache and no answer."""
        if self.usage is None:
            return Usage(input=self.tokens)
        return Usage(**self.usage)


def encode(record: Recorded) -> bytes:
    """The record as one line, its end included, without secrets."""
    value = redactor.redact_value(msgspec.to_builtins(without_texts(record)))
    return json_text.encode({"v": record.v, **value}) + b"\n"


def without_texts(record: Recorded) -> Recorded:
    """The record without what a person wrote, but for a body that somebody asked for."""
    headers = record.headers if record.body is not None else None
    return msgspec.structs.replace(record, headers=headers, system=None, last_user=None)


def decode(line: bytes) -> Recorded:
    """The record in a line. Raises `BadRecord`."""
    try:
        record = msgspec.convert(json_text.decode(line), Recorded)
    except (json_text.NotJSON, msgspec.ValidationError) as error:
        raise BadRecord(str(error)) from None
    if record.v != VERSION:
        raise BadRecord(f"it has version {record.v}; this gateway reads version {VERSION}")
    return record


def read_lines(lines: Iterable[bytes], bad: Counter[str]) -> Iterator[Recorded]:
    """The records of a file. Lines that hold none, such as one that a crash cut, are counted in `bad`."""
    for line in lines:
        if not line.strip():
            continue
        try:
            record = decode(line)
        except BadRecord as error:
            bad[str(error)] += 1
        else:
            yield record
