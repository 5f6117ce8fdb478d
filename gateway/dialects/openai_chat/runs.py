"""Pieces of text that come in the same wrapping, one after the other: read without their wrapping. No IO.

Most chunks of most answers differ from the one before in nothing but a piece of text. Once a chunk was
read that holds a piece and nothing else, those that are the same around the piece need not be read as
JSON: what stands in their wrapping is the piece.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import repeat, takewhile
from operator import and_, itemgetter
from typing import Any

from gateway import json_text

END = b"\n\n"

FIELDS = ("content", "reasoning_content", "reasoning")
"""Where a delta can hold a piece: text, and thinking under its two names."""

SPEAKING = ("usage", "error", "x_groq")
"""Fields beside the choices that say something."""

TRIES = 8
"""Wrappings that are learned in vain before no more are: some servers put other bytes into each."""

_PIECE = re.compile(rb'"(content|reasoning_content|reasoning)"\s*:\s*"((?:[^"\\]|\\.)+)"')
"""A piece that is not empty."""


class Runs:
    """The wrapping of the last piece."""

    __slots__ = ("_after", "_before", "_quoted", "_tries", "field")

    def __init__(self) -> None:
        self.field = ""
        """Where the pieces stand; empty as long as no wrapping is known."""
        self._before = b""
        self._after = b""
        self._quoted = slice(0)
        """Where the piece stands with its quotes, in an event that holds nothing else."""
        self._tries = 0

    @property
    def hopes(self) -> bool:
        """A wrapping is known, or may be still."""
        return self._tries < TRIES

    def learn(self, chunk: Mapping[str, Any], raw: bytes) -> None:
        """A chunk was read, of these bytes; what it holds beside a piece must mean nothing."""
        found = _PIECE.search(raw) if self.hopes else None
        if found is None or (told := only_piece(chunk)) is None:
            return
        field, text = told
        self._tries += 1
        self.field = ""
        if _PIECE.search(raw, found.end()) is not None or not raw.endswith(END):
            return
        start, end = found.span(2)
        if found[1] == field.encode() and json_text.decode(b'"%b"' % found[2]) == text:
            self.field, self._before, self._after = field, raw[:start], raw[end:]
            self._quoted = slice(start - 1, end + 1 - len(raw))

    def only(self, event: bytes) -> str | None:
        """The piece, if this is one event in the wrapping, as most reads are; None if it is not sure."""
        if not (event.startswith(self._before) and event.endswith(self._after)):
            return None
        text = json_text.string_of(event[self._quoted])
        if text is not None:
            self._tries = 0
        return text

    def take(self, events: list[bytes], at: int) -> list[str]:
        """The pieces in the events from one on, up to an event that is something else.

        The events are told without the blank lines between them.
        """
        rest, after = events[at:], self._after[: -len(END)]
        begins = map(bytes.startswith, rest, repeat(self._before))
        ends = map(bytes.endswith, rest, repeat(after))
        wrapped = rest[: len(list(takewhile(bool, map(and_, begins, ends))))]
        quoted = list(map(itemgetter(slice(len(self._before) - 1, 1 - len(after))), wrapped))
        texts = _texts_of(quoted)
        if texts:
            self._tries = 0
        return texts


def _texts_of(quoted: list[bytes]) -> list[str]:
    """What texts in their quotes are, up to one that is none."""
    joined = b",".join(quoted)
    # Each has two quotes, and none more: no text ends before its end, or after it.
    if joined.count(b'"') == 2 * len(quoted) and min(map(len, quoted), default=0) > 1:
        try:
            texts: list[str] = json_text.decode(b"[%b]" % joined)
        except json_text.NotJSON:
            texts = []
        if len(texts) == len(quoted):
            return texts
    texts = []
    for one in quoted:
        if (text := json_text.string_of(one)) is None:
            break
        texts.append(text)
    return texts


def only_piece(chunk: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field in which the chunk holds a piece, and the piece, if that is all it has to say."""
    choices = chunk.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or any(map(chunk.get, SPEAKING)):
        return None
    choice = choices[0]
    if not isinstance(choice, dict) or choice.get("index") or choice.get("finish_reason"):
        return None
    delta = choice.get("delta")
    if not isinstance(delta, dict) or choice.get("error") or choice.get("usage"):
        return None
    told = [name for name, value in delta.items() if value and name != "role"]
    if len(told) == 1 and told[0] in FIELDS and isinstance(text := delta[told[0]], str):
        return told[0], text
    return None
