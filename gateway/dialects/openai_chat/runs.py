"""Pieces of text that come in the same wrapping, one after the other: read without their wrapping. No IO.

Most chunks of most answers differ from the one before in nothing but a piece of text. Once a chunk was
read that holds a piece and nothing else, those that are the same around the piece need not be read as
JSON: what stands in their wrapping is the piece.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from gateway import json_text

END = b"\n\n"

FIELDS = ("content", "reasoning_content", "reasoning")
"""Where a delta can hold a piece: text, and thinking under its two names."""

SPEAKING = ("usage", "error", "x_groq")
"""Fields beside the choices that say something."""

TRIES = 8
"""Wrappings that are learned in vain before no more are: some servers put other bytes into each."""

_PIECE = re.compile(rb'"(content|reasoning_content|reasoning)"\s*:\s*"((?:[^"\\]|\\.)*)"')


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
        if not self.hopes or (told := only_piece(chunk)) is None:
            return
        field, text = told
        self._tries += 1
        self.field = ""
        found = [match for match in _PIECE.finditer(raw) if match[2]]
        if len(found) != 1 or not raw.endswith(END):
            return
        start, end = found[0].span(2)
        if found[0][1] == field.encode() and json_text.decode(b'"%b"' % found[0][2]) == text:
            self.field, self._before, self._after = field, raw[:start], raw[end:]
            self._quoted = slice(start - 1, end + 1 - len(raw))

    def only(self, event: bytes) -> str | None:
        """The piece, if this is one event in the wrapping, as most reads are; None if it is not sure."""
        if not (event.startswith(self._before) and event.endswith(self._after)):
            return None
        try:
            text: str = json_text.decode(event[self._quoted])
        except json_text.NotJSON:
            return None
        self._tries = 0
        return text

    def take(self, events: list[bytes], at: int) -> list[str]:
        """The pieces in the events from one on, up to an event that is something else.

        The events are told without the blank lines between them.
        """
        before, after = self._before, self._after[: -len(END)]
        start, end = len(before), -len(after)
        least = start - end
        pieces: list[bytes] = []
        for event in events[at:]:
            if not (event.startswith(before) and event.endswith(after)):
                break
            piece = event[start:end]
            if not piece and len(event) < least:
                break  # before and after share a quote
            pieces.append(piece)
        between = b'","'
        joined = between.join(pieces)
        if b"\\" in joined or joined.count(b'"') > 2 * len(pieces) - 2:
            pieces = list(takewhile(_is_text, pieces))
            joined = between.join(pieces)
        if not pieces:
            return []
        try:
            texts: list[str] = json_text.decode(b'["%b"]' % joined)
        except json_text.NotJSON:
            return []
        self._tries = 0
        return texts


def _is_text(piece: bytes) -> bool:
    """What stands between the quotes is one text, whatever follows it."""
    if b'"' not in piece and b"\\" not in piece:
        return True
    try:
        json_text.decode(b'"%b"' % piece)
    except json_text.NotJSON:
        return False
    return True


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
