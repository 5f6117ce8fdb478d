"""The answer of every dialect that has to be translated: reader, correction, emitter, writer. No IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gateway import json_text
from gateway.dialects.base import AnswerContext
from gateway.dialects.stops import StopSequences
from gateway.errors import GatewayError
from gateway.messages import Emitter, EventWriter, MessageWriter, Sink, Usage
from gateway.messages.writers import Writer


class Reader(Protocol):
    """Understands one wire format and says to a sink what it reads."""

    def receive(self, chunk: bytes) -> None:
        """Takes bytes, cut anywhere."""

    def finish(self) -> None:
        """The bytes have ended. Raises `UpstreamBroken` if the answer has not."""


class TranslatedAnswer:
    """Satisfies `Answer`. A whole answer and a stream run through the very same stages."""

    def __init__(self, context: AnswerContext, reader: Callable[[Sink], Reader]) -> None:
        self._writer: Writer = EventWriter() if context.stream else MessageWriter()
        self._emitter = Emitter(
            self._writer,
            model=context.model,
            prompt_estimate=context.prompt_estimate,
            id_is_taken=context.id_is_taken,
        )
        correct = context.correct
        sink: Sink = correct(self._emitter) if correct is not None else self._emitter
        self._reader = reader(StopSequences(sink, context.stops) if context.stops else sink)

    @property
    def started(self) -> bool:
        return self._emitter.started

    @property
    def ended(self) -> bool:
        return self._emitter.ended

    @property
    def failure(self) -> GatewayError | None:
        return self._emitter.failure

    @property
    def usage(self) -> Usage | None:
        return self._emitter.final_usage

    @property
    def stop_reason(self) -> str | None:
        return self._emitter.stop_reason

    def receive(self, chunk: bytes) -> bytes:
        self._reader.receive(chunk)
        return self._writer.take()

    def finish(self) -> bytes:
        emitter, writer = self._emitter, self._writer
        if not emitter.ended:
            self._reader.finish()
        if isinstance(writer, MessageWriter) and emitter.failure is None:
            return json_text.encode(writer.message) if emitter.ended else b""
        return self.take()

    def take(self) -> bytes:
        return self._writer.take()

    def begin(self) -> bytes:
        self._emitter.start()
        return self.take()

    def heartbeat(self) -> bytes:
        self._emitter.heartbeat()
        return self.take()
