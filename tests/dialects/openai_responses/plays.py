"""What stories of Responses answers are told with: single events, and what a stream of them comes to."""

from __future__ import annotations

from typing import Any

from dialects.openai_responses.answers import function_call
from language import JSON, Played, check_order, events_of, play, sse

from gateway.dialects.openai_responses import OpenAIResponses
from gateway.messages import accumulate

RESPONSES = OpenAIResponses()
CREATED: JSON = {"type": "response.created", "response": {"status": "in_progress", "output": []}}


def ended(status: str = "completed", **fields: Any) -> JSON:
    """The last event."""
    return {"type": f"response.{status}", "response": {"status": status, **fields}}


def added(item: JSON, index: int = 0) -> JSON:
    """An item begins."""
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(item: JSON, index: int = 0) -> JSON:
    """An item is complete."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(text: str, index: int = 0, name: str = "output_text", **fields: Any) -> JSON:
    """A piece of a part."""
    return {"type": f"response.{name}.delta", "output_index": index, "delta": text, **fields}


def heard(*events: JSON, dialect: OpenAIResponses = RESPONSES, **changes: Any) -> Played:
    """A stream of these events, to its end."""
    return play(dialect, [sse(CREATED, *events)], **changes)


def content_of(*events: JSON, **changes: Any) -> list[JSON]:
    """The blocks that a stream comes to."""
    played = heard(*events, **changes)
    assert played.error is None
    events_seen = events_of(played.out)
    assert check_order(events_seen) == "message_stop"
    content: list[JSON] = accumulate(events_seen)["content"]
    return content


CALL = function_call("f", '{"a":1}')
