"""Reads Ollama's answers, streamed or whole, and says them to a sink. No IO.

A stream is one JSON object per line, and a whole answer is one that has everything, so both are read
by the same code and cannot differ. Reference: https://docs.ollama.com/api/chat
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.failures import failure_in_stream
from gateway.dialects.whole import WholeBody
from gateway.errors import UpstreamBroken, UpstreamEndless
from gateway.messages import Sink, Usage
from gateway.reasoning import Seal
from gateway.sse import MAX_EVENT

OWN = ""
"""The state of Ollama's thinking: there is none, the seal says only which target thought it."""


class OllamaReader:
    """Satisfies `Reader`."""

    def __init__(
        self,
        sink: Sink,
        *,
        seal: Seal,
        tool_names: Mapping[str, str],
        prompt_estimate: Callable[[], int],
    ) -> None:
        self._sink = sink
        self._seal = seal
        self._names = tool_names
        self._estimate = prompt_estimate
        self._line = bytearray()
        self._whole: WholeBody | None = None
        self._chunks = 0
        self._thinks = False
        self._calls = False
        self._ended = False

    def receive(self, chunk: bytes) -> None:
        """Takes bytes, cut anywhere."""
        if self._whole is not None:
            self._whole.add(chunk)
            return
        head, newline, rest = chunk.rpartition(b"\n")
        self._line += head if newline else rest
        if newline:
            lines = bytes(self._line).split(b"\n")
            self._line = bytearray(rest)
            self._read(lines)
        if len(self._line) > MAX_EVENT:
            raise UpstreamEndless(
                f"The provider's stream has a line of more than {MAX_EVENT} bytes.", bound="event"
            )

    def finish(self) -> None:
        """The bytes have ended."""
        if self._whole is None:
            rest, self._line = bytes(self._line), bytearray()
            self._read([rest])
        if self._whole is not None:
            self._chunk(self._whole.value())
        if not self._ended:
            raise UpstreamBroken("The provider's stream ended before the answer was complete.")

    def _read(self, lines: list[bytes]) -> None:
        for number, line in enumerate(lines):
            if self._ended:
                return
            if not line.strip():
                continue
            try:
                chunk = json_text.decode(line)
            except json_text.NotJSON:
                if self._chunks:
                    raise UpstreamBroken(
                        "The provider's stream holds a line that is not JSON."
                    ) from None
                self._keep(lines[number:])
                return
            self._chunk(chunk)

    def _keep(self, lines: list[bytes]) -> None:
        """The first line is no JSON by itself: one object on many lines, or no answer at all."""
        self._whole = WholeBody()
        self._whole.add(b"\n".join([*lines, bytes(self._line)]))

    # -- one chunk ------------------------------------------------------------------------------

    def _chunk(self, chunk: Any) -> None:
        self._chunks += 1
        if not isinstance(chunk, dict):
            raise UpstreamBroken("The provider's stream holds a line that is not an object.")
        if error := chunk.get("error"):
            self._ended = True
            self._sink.fail(failure_in_stream(error))
            return
        message = chunk.get("message")
        if isinstance(message, dict):
            self._message(message)
        if chunk.get("done") is True:
            self._end(chunk)

    def _message(self, message: Mapping[str, Any]) -> None:
        thinking, content = message.get("thinking"), message.get("content")
        calls = message.get("tool_calls")
        if isinstance(thinking, str) and thinking:
            self._thinks = True
            self._sink.thinking(thinking)
        if isinstance(content, str) and content:
            self._sign()
            self._sink.text(content)
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                self._sign()
                self._call(call.get("id"), call["function"])

    def _call(self, id: Any, function: Mapping[str, Any]) -> None:
        """A call, which always comes whole."""
        self._calls = True
        name, arguments = str(function.get("name") or ""), function.get("arguments")
        self._sink.tool_start(id if isinstance(id, str) else None, self._names.get(name, name))
        if arguments is not None:
            is_text = isinstance(arguments, str)
            self._sink.tool_input(arguments if is_text else json_text.encode_text(arguments))
        self._sink.tool_end()

    def _sign(self) -> None:
        """The thinking so far is complete."""
        if self._thinks:
            self._thinks = False
            self._sink.signature(self._seal.close(OWN))

    def _end(self, chunk: Mapping[str, Any]) -> None:
        self._ended = True
        self._sign()
        if (usage := self._usage(chunk)) is not None:
            self._sink.usage(usage)
        if chunk.get("done_reason") == "length":
            self._sink.finish("max_tokens")
        else:
            self._sink.finish("tool_use" if self._calls else "end_turn")

    def _usage(self, chunk: Mapping[str, Any]) -> Usage | None:
        prompt, output = _count(chunk, "prompt_eval_count"), _count(chunk, "eval_count")
        if prompt is None and output is None:
            return None
        # The prompt's count is missing when the server had all of it in its cache.
        return Usage(input=self._estimate() if prompt is None else prompt, output=output or 0)


def _count(chunk: Mapping[str, Any], name: str) -> int | None:
    value = chunk.get(name)
    return value if isinstance(value, int) and value >= 0 else None
