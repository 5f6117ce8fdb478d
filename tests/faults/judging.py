"""What a client heard, in the terms of the table of scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgi_gateway import Heard

from gateway import json_text
from gateway.conformance.legality import faults_of
from gateway.messages import unfold
from gateway.mock.scenario import Gets
from gateway.sse import Splitter

JSON = Mapping[str, Any]
UNFINISHED = "the stream ends without message_stop"


@dataclass(frozen=True, slots=True)
class Got:
    """What it comes to. Where something is against the protocol, `gets` says what."""

    gets: Gets
    text: str = ""
    """Of the answer, as far as it came; or the message of the error."""
    stop_reason: str | None = None
    calls: int = 0
    target: str = ""
    retry_after: str | None = None
    raw: bytes = field(default=b"", repr=False)


def judged(heard: Heard | None, *, streams: bool) -> Got:
    """See the module; None is an answer that does not come."""
    if heard is None:
        return Got("it hangs")
    if heard.status != 200:
        gets, text = _refusal(heard)
        events: Sequence[JSON] = ()
    else:
        gets, events = _stream(heard) if streams else _whole(heard)
        text = "".join(_object(event, "delta").get("text", "") for event in events)
    return Got(
        gets,
        text,
        next(
            (_object(e, "delta")["stop_reason"] for e in events if e["type"] == "message_delta"),
            None,
        ),
        sum(_object(event, "content_block").get("type") == "tool_use" for event in events),
        heard.headers.get("x-gateway-target", ""),
        heard.headers.get("retry-after"),
        heard.body,
    )


def _refusal(heard: Heard) -> tuple[Gets, str]:
    told = f"{heard.status} "
    try:
        body = json_text.decode(heard.body)
        kind, message = body["error"]["type"], body["error"]["message"]
    except (json_text.NotJSON, KeyError, TypeError):
        return told + f"without the shape of an error: {heard.body[:80]!r}", ""
    if body.get("type") != "error" or not body.get("request_id") or not heard.complete:
        return told + f"without the whole shape of an error: {heard.body[:80]!r}", message
    if not isinstance(message, str) or not message.strip():
        return told + f"{kind} without a word", ""
    return told + kind, message


def _whole(heard: Heard) -> tuple[Gets, Sequence[JSON]]:
    if not heard.complete:
        return "a whole answer that is not whole", ()
    try:
        events = list(unfold(json_text.decode(heard.body)))
    except (ValueError, AttributeError) as error:
        return f"no message: {error!r}", ()
    return "; ".join(faults_of(events)) or "answer", events


def _stream(heard: Heard) -> tuple[Gets, Sequence[JSON]]:
    try:
        events = [json_text.decode(one.data) for one in Splitter().feed(heard.body) if one.data]
    except json_text.NotJSON:
        return "an event that is no JSON", ()
    kinds = [event["type"] for event in events]
    faults = faults_of(event for event in events if event["type"] != "error")
    if "message_stop" in kinds:
        if kinds[-1] != "message_stop" or not heard.complete:
            faults.append("it is said to be complete, and goes on or is cut")
        return "; ".join(faults) or "answer", events
    faults = [fault for fault in faults if fault != UNFINISHED]
    if "message_delta" in kinds:
        faults.append("a reason to stop, and no end")
    if not faults and heard.complete and kinds[-1:] != ["error"]:
        faults.append("it ends as if there were no more")
    ending = "error event" if heard.complete else "cut"
    return "; ".join(faults) or ending, events


def _object(value: JSON, name: str) -> JSON:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}
