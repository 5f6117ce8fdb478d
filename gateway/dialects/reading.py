"""What the readers of event streams share: whole answers, JSON instead of a stream, broken ones. No IO."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from gateway import json_text
from gateway.dialects.whole import WholeBody
from gateway.errors import UpstreamBroken, UpstreamEndless
from gateway.once import once
from gateway.sse import Event, EventTooLarge, Splitter


class EventReader(ABC):
    """Satisfies `Reader` for a format whose streams are server-sent events with JSON in them.

    A whole answer is kept until `finish`, and so is JSON that comes where a stream was announced. Once
    a subclass has set `_ended`, what still comes is ignored.
    """

    _ended = False

    def __init__(self, *, streamed: bool) -> None:
        self._streamed = streamed
        self._is_whole = not streamed
        self._whole = WholeBody()

    @once
    def _splitter(self) -> Splitter:
        """Of a stream."""
        return Splitter()

    def receive(self, chunk: bytes) -> None:
        """Takes bytes, cut anywhere."""
        if not self._streamed:
            self._whole.add(chunk)
            return
        try:
            for event in self._splitter.feed(chunk):
                self._event(event)
        except EventTooLarge as error:
            raise UpstreamEndless(f"The provider's stream holds {error}.", bound="event") from None

    def finish(self) -> None:
        """The bytes have ended. Raises `UpstreamBroken` if the answer has not."""
        if self._streamed:
            for event in self._splitter.finish():
                self._event(event)
        if self._ended:
            return
        if self._is_whole and not self._is_answered():
            self._read_whole()
        else:
            self._end(is_complete=False)

    def _event(self, event: Event) -> None:
        data = event.data.strip()
        if self._ended:
            return
        if not data:
            if self._is_whole or event.raw.lstrip()[:1] in (b"{", b"["):
                self._is_whole = True  # JSON where a stream was announced
                self._whole.add(event.raw)
            return
        if data == b"[DONE]":
            self._end(is_complete=True)
            return
        try:
            value = json_text.decode(data)
        except json_text.NotJSON:
            if (value := self._rescued(data)) is None:
                words = "The provider's stream holds an event that is not JSON."
                raise UpstreamBroken(words) from None
        if isinstance(value, dict):
            self._chunk(value, event)

    def _is_answered(self) -> bool:
        """The events so far are an answer: JSON that came beside them is not another one."""
        return False

    def _rescued(self, data: bytes) -> Any:
        """What is meant by data that is not JSON; None if nobody knows."""
        return None

    @abstractmethod
    def _chunk(self, value: dict[str, Any], event: Event) -> None:
        """One object of the stream, and the event that it stood in."""

    @abstractmethod
    def _read_whole(self) -> None:
        """The answer is in `_whole`, all of it. Raises `UpstreamBroken` when it is no answer."""

    @abstractmethod
    def _end(self, *, is_complete: bool) -> None:
        """The bytes have ended or, if `is_complete`, the server says that this is all.

        Raises `UpstreamBroken` when the answer is not complete.
        """
