"""Tool calls out of a chat stream, however a server cuts and labels their pieces. No IO.

The format says: `index` names the call, `id` and `name` come with its first piece, `arguments` grow.
Servers leave the index out, repeat one index for every call, repeat id and name in each piece, send
the name late or the id never, send arguments as an object, and interleave the pieces of several calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway import json_text
from gateway.messages import Sink
from gateway.reasoning import Seal

LONGEST_NAME = 1024
"""Characters of a name in pieces, after which it does not grow any more."""


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    number: int = 0
    """Its place among the calls of the answer."""
    pieces: list[str] = field(default_factory=list)
    complete: bool = False
    """Its arguments came as one whole JSON value: a nameable next piece is another call."""
    open: bool = False
    """The sink has been told that it began."""
    extra: Any = None
    """`extra_content`, until the sink has been told of it."""


class ToolCalls:
    """Collects pieces; says each call to the sink whole and in order of appearance.

    The first call is announced as soon as its name is known, and its arguments follow as they come;
    later calls wait, because blocks of an answer cannot interleave.
    """

    def __init__(self, sink: Sink, names: Mapping[str, str], seal: Seal) -> None:
        self._sink = sink
        self._names = names
        self._seal = seal
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._last: _Call | None = None
        self.seen = 0
        """How many calls the answer holds so far."""

    @property
    def pending(self) -> bool:
        """Some call has not been said completely."""
        return bool(self._calls)

    def feed(self, piece: Any, index: int | None = None) -> None:
        """One entry of `tool_calls`; `index` stands in for one that is missing."""
        if not isinstance(piece, dict):
            return
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        number = piece.get("index", index)
        id, name = _text(piece.get("id")), _text(function.get("name"))
        call = self._find(number if isinstance(number, int) else None, id, name)
        if call is None:
            call = self._add()
        if isinstance(number, int):
            self._by_index[number] = call
        self._last = call
        _label(call, id, name)
        if isinstance(extra := piece.get("extra_content"), dict) and extra:
            call.extra = extra
        self._grow(call, function.get("arguments"))

    def end(self) -> None:
        """Says every call that is still waiting. Nothing more will come of them."""
        for call in self._calls:
            self._announce(call)
            if call.pieces:
                self._sink.tool_input("".join(call.pieces))
            self._sink.tool_end()
            self._say_extra(call)
        self._calls.clear()
        self._by_index.clear()
        self._last = None

    def _find(self, index: int | None, id: str, name: str) -> _Call | None:
        """The call that a piece belongs to; None when it begins another."""
        if index is None:
            if id:
                return next((call for call in reversed(self._calls) if call.id == id), None)
            return None if name else self._last
        call = self._by_index.get(index)
        if call is None:
            return None
        is_other = (id and call.id and id != call.id and name) or (
            not id and name and call.complete
        )
        return None if is_other else call

    def _add(self) -> _Call:
        call = _Call(number=self.seen)
        self._calls.append(call)
        self.seen += 1
        return call

    def _grow(self, call: _Call, arguments: Any) -> None:
        if arguments is None or arguments == "":
            return
        if not isinstance(arguments, str):
            arguments, call.complete = json_text.encode_text(arguments), True
        elif not call.pieces and not call.open:
            call.complete = _is_json(arguments)
        else:
            call.complete = False
        if call is self._calls[0] and call.name:
            self._announce(call)
            if call.pieces:
                arguments = "".join([*call.pieces, arguments])
                call.pieces.clear()
            self._sink.tool_input(arguments)
        else:
            call.pieces.append(arguments)

    def _announce(self, call: _Call) -> None:
        if not call.open:
            call.open = True
            self._say_extra(call)
            self._sink.tool_start(call.id or None, self._names.get(call.name, call.name))

    def _say_extra(self, call: _Call) -> None:
        """The state that has to stand in this call again, in front of it or, if it came late, behind."""
        if call.extra is not None:
            state = {"call": call.number, "extra": call.extra}
            self._sink.redacted_thinking(self._seal.close(state))
            call.extra = None


def _label(call: _Call, id: str, name: str) -> None:
    """A call takes the first id and name it is given; a name in pieces is put together."""
    call.id = call.id or id
    if not call.name:
        call.name = name
    elif name and name != call.name and not call.open and len(call.name) < LONGEST_NAME:
        call.name += name


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_json(text: str) -> bool:
    if not text.rstrip().endswith("}"):
        return False
    try:
        json_text.decode(text)
    except json_text.NotJSON:
        return False
    return True
