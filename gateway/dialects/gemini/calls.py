"""Function calls out of a Gemini answer. No IO.

A call comes whole in one part, nearly always. Some servers can stream one: a part with the name and
`willContinue`, then parts with `partialArgs`, each a JSON path and a value or a piece of text; a part
without `willContinue` ends it, or whatever else follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gateway import json_text
from gateway.errors import UpstreamBroken
from gateway.messages import Sink

LARGEST_INDEX = 10_000
"""The longest array that is put together from pieces."""

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,9})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")

Path = tuple[str | int, ...]


@dataclass(slots=True)
class _Streamed:
    """A call of which more is to come."""

    id: str | None
    name: str
    arguments: Any
    growing: set[Path] = field(default_factory=set)
    """Texts of which more is to come."""


class FunctionCalls:
    """Takes `functionCall` objects; says each call to the sink whole."""

    def __init__(self, sink: Sink, names: Mapping[str, str]) -> None:
        self._sink = sink
        self._names = names
        self._open: _Streamed | None = None
        self.seen = 0
        """How many calls the answer holds so far."""

    def feed(self, call: Mapping[str, Any]) -> None:
        """One `functionCall`. Raises `UpstreamBroken` when its pieces do not fit together."""
        id, name = call.get("id"), call.get("name")
        if isinstance(name, str) and name:
            self.end()
            self._open = _Streamed(id if isinstance(id, str) and id else None, name, {})
            self.seen += 1
        if self._open is None:
            return
        if call.get("args"):
            self._open.arguments = deepcopy(call["args"])
        pieces = call.get("partialArgs")
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, dict):
                _put(self._open, piece)
        if not call.get("willContinue"):
            self.end()

    def end(self, *, cut_short: bool = False) -> None:
        """Says the call of which more was to come; `cut_short` says that more should have come."""
        if (call := self._open) is None:
            return
        self._open = None
        text = json_text.encode_text(call.arguments)
        self._sink.tool_start(call.id, self._names.get(call.name, call.name))
        # What was cut short must not look complete: its last bracket is left open.
        self._sink.tool_input(text[:-1] if cut_short else text)
        self._sink.tool_end()


def path_of(text: str) -> Path:
    """The steps of a JSON path (RFC 9535) such as `$.a[0]['b']`. Raises `UpstreamBroken`."""
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise _broken(text)
        name, index, *quoted = found.groups()
        steps.append(int(index) if index is not None else name or quoted[0] or quoted[1] or "")
        at = found.end()
    if not text.startswith("$") or not steps or isinstance(steps[0], int):
        raise _broken(text)
    return tuple(steps)


def _put(call: _Streamed, piece: Mapping[str, Any]) -> None:
    kind = next((kind for kind in _VALUES if kind in piece), None)
    if kind is None:
        return
    text = str(piece.get("jsonPath"))
    path = path_of(text)
    value = None if kind == "nullValue" else piece[kind]
    holder: Any = call.arguments
    for step, following in pairwise(path):
        holder = _enter(holder, step, [] if isinstance(following, int) else {}, text)
    known = _enter(holder, path[-1], value, text)
    if path in call.growing and isinstance(known, str) and isinstance(value, str):
        value = known + value
    holder[path[-1]] = value
    if piece.get("willContinue"):
        call.growing.add(path)
    else:
        call.growing.discard(path)


def _enter(holder: Any, step: str | int, default: Any, path: str) -> Any:
    """What stands there; `default` is put there first if nothing does."""
    if isinstance(step, str) and isinstance(holder, dict):
        return holder.setdefault(step, default)
    if isinstance(step, int) and isinstance(holder, list) and step <= LARGEST_INDEX:
        holder.extend([None] * (step + 1 - len(holder)))
        if holder[step] is None:
            holder[step] = default
        return holder[step]
    raise _broken(path)


def _broken(path: str) -> UpstreamBroken:
    return UpstreamBroken(f"The provider streams arguments that do not fit together at {path!r}.")
