"""The emitter: turns what a model says into one legal Anthropic message. No IO.

The order of an event stream is a small language: `message_start`, then blocks that each start, grow
and stop one at a time with dense indexes, then one `message_delta`, then `message_stop`. Callers
cannot name an index or open a block, so no caller can break it. What it also keeps:

- a block appears with its first content: no empty text block (clients store it, and the API refuses
  the whole conversation from then on), no block of white space alone;
- a tool id is unique in the conversation and of the alphabet `[A-Za-z0-9_-]`: clients drop a call
  whose id they have seen, together with its result;
- a signature is sent whole, once, just before its thinking block stops;
- after the end nothing is said, whatever is still called.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway import json_text
from gateway.errors import GatewayError
from gateway.messages.vocabulary import StopReason, Usage
from gateway.messages.writers import Writer
from gateway.once import once

LEGAL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")

MOST_WHITE_SPACE = 4096
"""Characters of white space that are kept for the text that may follow: no text begins with more."""


def random_id(prefix: str) -> str:
    """A fresh id of the wire's form: `msg_…`, `toolu_…`, `req_…`."""
    return f"{prefix}_{os.urandom(12).hex()}"


class Emitter:
    """The last sink of every translated answer. Says it to a `Writer`."""

    started = False
    """Something of the answer has been said."""
    ended = False
    """The answer is complete, or has failed."""
    final_usage: Usage | None = None
    """The last usage reported, if any."""
    stop_reason: str | None = None
    failure: GatewayError | None = None
    _open: str | None = None
    _index = -1
    _white_space = ""
    _signature = ""

    def __init__(
        self,
        writer: Writer,
        *,
        model: str,
        prompt_estimate: Callable[[], int] = lambda: 0,
        id_is_taken: Callable[[str], bool] = lambda _: False,
        mint: Callable[[str], str] = random_id,
    ) -> None:
        self._writer = writer
        self._model = model
        self._prompt_estimate = prompt_estimate
        self._id_is_taken = id_is_taken
        self._mint = mint

    @once
    def _ids(self) -> set[str]:
        """Of the tool calls so far."""
        return set()

    # -- what the model says --------------------------------------------------------------------

    def text(self, text: str) -> None:
        """Grows the open text block, or opens one."""
        if self.ended or not text:
            return
        if self._open != "text":
            if self._white_space:
                text = self._white_space + text
            if text.isspace():
                self._white_space = text[:MOST_WHITE_SPACE]
                return
            self._start_block("text", {"type": "text", "text": ""})
        self._writer.delta(text)

    def texts(self, pieces: Sequence[str]) -> None:
        """As `text`, of one piece after the other: once a block is open, they all are deltas of it."""
        said = list(filter(None, pieces))
        while said and self._open != "text" and not self.ended:
            self.text(said.pop(0))
        if said and not self.ended:
            self._writer.deltas(said)

    def thinking(self, text: str) -> None:
        """Grows the open thinking block, or opens one."""
        if self.ended or not text:
            return
        if self._open != "thinking" or self._signature:
            self._start_thinking()  # a signature seals its block: what follows is another one
        self._writer.delta(text)

    def signature(self, signature: str) -> None:
        """Signs the open thinking block; without one, makes an empty block to carry it."""
        if self.ended or not signature:
            return
        if self._open != "thinking" or self._signature:
            self._start_thinking()
        self._signature = signature

    def redacted_thinking(self, data: str) -> None:
        """A block of its own."""
        if self.ended:
            return
        self._start_block("redacted", {"type": "redacted_thinking", "data": data})
        self._close_block()

    def block(self, block: Mapping[str, Any]) -> None:
        """A block of its own, such as a server tool's call; its input comes as a delta."""
        if self.ended:
            return
        start = dict(block)
        value = start.get("input")
        if "input" in start:
            start["input"] = {}
        self._start_block(str(start.get("type")), start)
        if value:
            self._writer.delta(json_text.encode_text(value))
        self._close_block()

    def tool_start(self, id: str | None, name: str) -> None:
        """Opens a tool_use block; the id is replaced when it is unfit or taken."""
        if self.ended:
            return
        self._start_block(
            "tool_use", {"type": "tool_use", "id": self._fit_id(id), "name": name, "input": {}}
        )

    def tool_input(self, fragment: str) -> None:
        """Grows the open tool call."""
        if self.ended or self._open != "tool_use" or not fragment:
            return
        self._writer.delta(fragment)

    def tool_end(self) -> None:
        """Stops the open tool call."""
        if not self.ended and self._open == "tool_use":
            self._close_block()

    def usage(self, usage: Usage) -> None:
        """Kept until the end: the wire carries the true usage in `message_delta`."""
        if not self.ended:
            self.final_usage = usage

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        """Ends the message."""
        if self.ended:
            return
        if self._open is not None:
            self._close_block()
        elif not self.started:
            self.start()
        self.ended = True
        self.stop_reason = reason
        usage = self.final_usage or Usage(input=self._prompt_estimate())
        self._writer.end(reason, stop_sequence, usage)

    def fail(self, error: GatewayError) -> None:
        """Ends with an error event. Before the start the caller still has the HTTP status to use."""
        if self.ended:
            return
        self.ended = True
        self.failure = error
        if self.started:
            self._writer.error(error)

    # -- what the gateway says ------------------------------------------------------------------

    def start(self) -> None:
        """`message_start`, once. The prompt's size in it is an estimate until the end."""
        if self.started or self.ended:
            return
        self.started = True
        # The size of the prompt and nothing else: what the end does not repeat would stay as it is here.
        told = self.final_usage
        size = told.prompt if told is not None else self._prompt_estimate()
        self._writer.start(self._mint("msg"), self._model, Usage(input=size))

    def heartbeat(self) -> None:
        """Keeps a waiting client's watchdog quiet.

        An empty delta inside a tool call, because older clients do not count `ping` events.
        """
        if self.ended:
            return
        if self._open == "tool_use":
            self._writer.delta("")
        else:
            self._writer.ping()

    # -- blocks ---------------------------------------------------------------------------------

    def _start_block(self, kind: str, block: dict[str, object]) -> None:
        """`block` is the writer's from now on."""
        if self._open is not None:
            self._close_block()
        elif not self.started:
            self.start()
        self._white_space = ""
        self._open = kind
        self._index += 1
        self._writer.block_start(self._index, block)

    def _start_thinking(self) -> None:
        self._start_block("thinking", {"type": "thinking", "thinking": "", "signature": ""})

    def _close_block(self) -> None:
        if self._signature:
            self._writer.signature(self._signature)
            self._signature = ""
        self._open = None
        self._writer.block_stop()

    def _fit_id(self, id: str | None) -> str:
        fits = id is not None and LEGAL_ID.match(id) and id not in self._ids
        chosen = (
            id if id is not None and fits and not self._id_is_taken(id) else self._mint("toolu")
        )
        self._ids.add(chosen)
        return chosen
