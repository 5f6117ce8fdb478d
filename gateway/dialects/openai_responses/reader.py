"""Reads answers of the Responses format, streamed or whole, and says them to a sink. No IO.

A whole answer is read by the same code as the last event of a stream, which holds everything too, so
the two cannot differ. Reference: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from gateway.dialects.openai_responses.endings import failure_of, incomplete_reason, usage_of
from gateway.dialects.openai_responses.events import HANDLERS
from gateway.dialects.openai_responses.telling import Telling
from gateway.dialects.reading import EventReader
from gateway.errors import UpstreamBroken
from gateway.messages import Sink, StopReason
from gateway.sse import Event

JSON = Mapping[str, Any]

ENDS: Mapping[str, str] = {
    "response.completed": "completed",
    "response.done": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "cancelled",
    "response.canceled": "cancelled",
}
"""Events that end an answer -> the status that the response then has, if it does not say."""

STATUSES = frozenset({"completed", "incomplete", "failed", "cancelled"})


class ResponsesReader(EventReader):
    """Satisfies `Reader`."""

    def __init__(self, sink: Sink, telling: Telling, *, streamed: bool) -> None:
        super().__init__(streamed=streamed)
        self._sink = sink
        self._telling = telling
        self._heard: dict[int, int] = {}

    # -- one event ------------------------------------------------------------------------------

    def _chunk(self, value: dict[str, Any], event: Event) -> None:
        if not self._is_repeated(value, event.data):
            self._read(value, event.name)

    def _is_repeated(self, value: JSON, data: bytes) -> bool:
        """The very same event came before. Numbers alone do not tell: some servers always send 0."""
        number = value.get("sequence_number")
        if not isinstance(number, int) or number <= 0:
            return False
        known, self._heard[number] = self._heard.get(number), hash(data)
        return known == hash(data)

    def _read(self, value: JSON, name: bytes) -> None:
        kind = value.get("type")
        if not isinstance(kind, str):
            kind = name.decode("utf-8", "replace")
        if (handle := HANDLERS.get(kind)) is not None:
            handle(self._telling, value)
        elif kind in ENDS:
            inner = value.get("response")
            response = inner if isinstance(inner, dict) else value
            self._close(response, ENDS[kind], value.get("error"))
        elif kind == "error" or (value.get("error") and not kind.startswith("response.")):
            self._fail(value)
        elif value.get("object") == "response" and "type" not in value:
            self._close(value, "completed", None)

    def _read_whole(self) -> None:
        value = self._whole.value(unwrap=True)
        inner = value.get("response")
        response = inner if isinstance(inner, dict) and "output" not in value else value
        output, error = response.get("output"), response.get("error")
        status = str(response.get("status"))
        if error and not output:
            self._fail(error)
        elif not isinstance(output, list) and status not in STATUSES:
            raise UpstreamBroken("The provider's answer holds no output.")
        elif status in ("queued", "in_progress"):
            raise UpstreamBroken("The provider answered before its answer was complete.")
        else:
            self._close(response, "completed", None)

    # -- the end --------------------------------------------------------------------------------

    def _end(self, *, is_complete: bool) -> None:
        """Where the server says that this is all it is, if no item is left half said."""
        if not (is_complete and self._telling.is_complete):
            raise UpstreamBroken("The provider's stream ended before the answer was complete.")
        self._close({}, "completed", None)

    def _fail(self, error: Any) -> None:
        self._ended = True
        self._sink.fail(failure_of(error))

    def _close(self, response: JSON, status: str, error: Any) -> None:
        said = response.get("status")
        status = said if isinstance(said, str) and said in STATUSES else status
        usage = usage_of(response)
        if status in ("failed", "cancelled"):
            if usage is not None:
                self._sink.usage(usage)
            words = f"The provider ended the answer as {status}."
            self._fail(response.get("error") or error or {"message": words})
            return
        output = response.get("output")
        self._telling.end(output if isinstance(output, list) else ())
        if usage is not None:
            searches = self._telling.searches.count
            self._sink.usage(replace(usage, web_searches=searches) if searches else usage)
        self._ended = True
        self._sink.finish(self._stop_reason(response, status))

    def _stop_reason(self, response: JSON, status: str) -> StopReason:
        reason = incomplete_reason(response) if status == "incomplete" else None
        if reason == "max_tokens":
            return reason  # also when the last call is cut short: the client must not trust it
        if self._telling.calls:
            return "tool_use"
        return "refusal" if self._telling.refused else reason or "end_turn"
