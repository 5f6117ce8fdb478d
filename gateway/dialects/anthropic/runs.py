"""Deltas that come one after the other in the usual form: found without splitting them. No IO.

Most bytes of most answers are deltas that go through as they came. A blank line ends an event wherever it
stands, so bytes from the beginning of an event to the end of the last delta in a row are known to be whole
events of that name.
"""

from __future__ import annotations

import re

_BEGINNING = b"event: content_block_delta\n"
_RUN = re.compile(rb"(?:event: content_block_delta\ndata: [^\r\n]*\}\}\n\n)++")

is_run = _RUN.fullmatch
"""Whether these bytes, which begin with an event, are deltas and nothing else, as most reads are."""


def end_of_run(chunk: bytes, start: int) -> int:
    """Where the deltas end that begin at `start`, the beginning of an event; `start` if there are none."""
    match = _RUN.match(chunk, start)
    return match.end() if match is not None else start


def next_delta(chunk: bytes, start: int) -> int:
    """Where the first delta after `start` begins that follows another event; the end if there is none."""
    at = chunk.find(b"\n\n" + _BEGINNING, start)
    return at + 2 if at >= 0 else len(chunk)
