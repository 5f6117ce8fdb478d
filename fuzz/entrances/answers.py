"""An answer of a provider, through the reader of its format: a legal answer, or an honest error.

However the bytes are cut, the same is said; a stream that breaks off is never ended as if it were whole.
A stream in the client's own format is not judged here but for that: its events go through as they came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from language import check_order, cut, without_ids
from servers import faults, plays, scripted
from servers.wire import Asked, Issued, Usage

from fuzz.entrances.exchanges import DIALECTS, events_of, exchange
from fuzz.entrances.sse import cuts
from gateway import json_text
from gateway.errors import GatewayError
from gateway.messages.fold import accumulate
from gateway.pipeline import Exchange

TYPES = ("text/event-stream", "application/json", "")
MODES = [*product(DIALECTS, (True, False), TYPES)]
"""Provider, whether the client wants a stream, and what the provider says that it sends."""
STATUSES = (400, 401, 403, 404, 413, 429, 500, 503, 529, 302)

TOOLS = [
    {
        "name": name,
        "input_schema": {
            "type": "object",
            "properties": {field: {"type": "string"}},
            "required": [field],
        },
    }
    for name, field in (("Read", "file_path"), ("Bash", "command"))
]


class Ended(NamedTuple):
    """What the client was told of an answer."""

    how: str
    """The state of the stream, `whole`, or `broken`."""
    message: Any
    error: Any


def law(data: bytes) -> None:
    """The first two bytes say who answers how, the next two where it is cut."""
    if len(data) < 4:
        return
    mode, body = MODES[data[0] % len(MODES)], data[4:]
    if data[1] % 8 == 7:
        refused(mode, STATUSES[data[0] % len(STATUSES)], body)
        return
    whole, pieces = ended(mode, [body]), ended(mode, cut(body, cuts(data[2:4])))
    if whole.error is None or whole.error[0] is None:
        assert pieces == whole, (pieces, whole)
    else:  # what was said before it broke is lost with the piece in which it broke
        assert pieces.error == whole.error, (pieces, whole)


def begun(mode: tuple[str, bool, str]) -> Exchange:
    """An exchange whose request has been sent."""
    provider, stream, _ = mode
    asked = {
        "model": "claude-x",
        "max_tokens": 100,
        "stream": stream,
        "tools": TOOLS,
        "stop_sequences": ["END"],
        "messages": [{"role": "user", "content": "Hi"}],
    }
    made = exchange(json.dumps(asked).encode(), prefix=f"/{provider}:m")
    made.upstream_request()
    return made


def refused(mode: tuple[str, bool, str], status: int, body: bytes) -> None:
    """An error in any words is one in the protocol's."""
    error = begun(mode).refuse(status, {"content-type": mode[2]}, body)
    assert 400 <= error.status < 600
    envelope = json_text.decode(error.body("req_1"))
    assert envelope["type"] == "error"
    assert isinstance(envelope["error"]["message"], str)


def ended(mode: tuple[str, bool, str], pieces: list[bytes]) -> Ended:
    """What becomes of an answer that comes in these pieces; the laws of its order hold."""
    made = begun(mode)
    made.accept({"content-type": mode[2]})
    out, failure = b"", None
    try:
        for piece in pieces:
            out += made.receive(piece)
            if made.ended and made.request.stream:  # of a whole answer the rest is read, and let go
                break
        else:
            out += made.finish()
    except GatewayError as error:
        assert 400 <= error.status < 600
        failure = (type(error).__name__, error.status, error.type)
    if not made.request.stream:
        if failure is not None:
            return Ended("broken", None, (failure, []))
        message = json.loads(out)
        assert message.get("type", "message") == "message"
        assert all(isinstance(block, dict) for block in message["content"])
        assert mode[0] == "native" or (message["role"] == "assistant" and message["stop_reason"])
        return Ended("whole", without_ids(message), None)
    if mode[0] == "native" and mode[2] != TYPES[1]:
        return Ended("relayed", out, (failure, []))  # its events go through as they are
    events = events_of(out) if out else []
    how = check_order(events)
    assert (failure is None) == (how in ("message_stop", "error")), (how, failure)
    errors = [event for event in events if event["type"] == "error"]
    message = accumulate(event for event in events if event["type"] != "error")
    return Ended(how, without_ids(message) if message else None, (failure, errors))


def seeds() -> Iterator[bytes]:
    """What the scripted upstream says of each play, in each format."""
    for number, (provider, stream, kind) in enumerate(MODES):
        if (kind == TYPES[0]) == stream and kind:
            for play in plays.PLAYS:
                yield bytes([number, 0, 5, 9]) + played(provider, stream, play)
        yield bytes([number, 7, 0, 0]) + b'{"error": {"type": "x", "message": "no", "code": 429}}'


def played(provider: str, stream: bool, play: str) -> bytes:
    """The first answer of a play."""
    asked = {
        "model": "claude-x",
        "max_tokens": 100,
        "stream": stream,
        "tools": TOOLS,
        "messages": [{"role": "user", "content": f"PLAY={play}"}],
    }
    request = exchange(json.dumps(asked).encode(), prefix=f"/{provider}:m").upstream_request()
    path = request.url.partition("?")[0].partition(":9")[2]
    form = next(
        form for pattern, form in scripted.FORMATS.items() if re.search(f"{pattern}$", path)
    )
    body = json.loads(request.body)
    step = plays.step(form.turns(body))
    told = Asked(body, "m", step, Usage.of(1, step), faults.read("m", path), Issued())
    answer = form.answer(told)
    if not stream:
        return json.dumps(answer.whole()).encode()
    return b"".join(answer.events())
