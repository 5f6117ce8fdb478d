"""How the scripted upstream misbehaves when asked to. No IO.

Asked for with `+` in the model name (`stub-model+cut`, `stub-model+slow=20+no-usage`) or with a path
segment that starts with it (`/+e503/v1/messages`). Both apply; nothing is counted, so a fault always happens.

    overflow e401 e403 e404 e429 e500 e503 e529    that error answer
    cut            the connection is torn down in the middle of the stream
    error-chunk    an error object in the middle of the stream, which then ends
    slow=20        20 milliseconds before each piece of the stream
    bytes=7        the stream is written in pieces of 7 bytes, wherever they cut
    hold=a         the stream stops in the middle (a plain answer: before it) until gate `a` opens
    finish-stop    the finish reason says that no tool was called
    no-ids same-ids    tool calls without ids, or all with the same one
    object-args    arguments as an object in place of text
    no-usage       nothing is said of tokens
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An HTTP error in the words of both formats."""

    status: int
    type: str
    """Anthropic error type."""
    code: str | None
    """Chat completions error code."""
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


RETRY_AFTER = "7"
OVERFLOW = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in "
    "150000 tokens. Please reduce the length of the messages."
)

ERRORS: dict[str, ErrorAnswer] = {
    "overflow": ErrorAnswer(400, "invalid_request_error", "context_length_exceeded", OVERFLOW),
    "e401": ErrorAnswer(401, "authentication_error", "invalid_api_key", "The key is not known."),
    "e403": ErrorAnswer(403, "permission_error", None, "This key may not use the model."),
    "e404": ErrorAnswer(404, "not_found_error", "model_not_found", "There is no such model."),
    "e429": ErrorAnswer(
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        "Too many requests.",
        {"retry-after": RETRY_AFTER},
    ),
    "e500": ErrorAnswer(500, "api_error", "server_error", "The server broke."),
    "e503": ErrorAnswer(503, "overloaded_error", None, "The engine is overloaded."),
    "e529": ErrorAnswer(529, "overloaded_error", None, "Overloaded."),
}
"""`e503` answers a chat server's word for overload, `e529` Anthropic's own."""

SWITCHES = frozenset(
    {"cut", "error-chunk", "finish-stop", "no-ids", "same-ids", "object-args", "no-usage"}
)


@dataclass(frozen=True, slots=True)
class Faults:
    """What one request asked for."""

    switches: frozenset[str] = frozenset()
    error: ErrorAnswer | None = None
    slow: float = 0.0
    """Seconds before each piece."""
    piece: int = 0
    """Bytes in each piece; 0 writes each event whole."""
    hold: str | None = None
    """Name of the gate to wait for."""

    def __contains__(self, switch: str) -> bool:
        return switch in self.switches


def read(model: str, path: str) -> Faults:
    """The faults named by a model name and a request path; raises ValueError for an unknown one."""
    segments = [part for part in path.split("/") if part.startswith("+")]
    words = [word for text in (*segments, model.partition("+")[2]) for word in text.split("+")]
    return _of(word for word in words if word)


def _of(words: Iterable[str]) -> Faults:
    switches: set[str] = set()
    error: ErrorAnswer | None = None
    values: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name in ERRORS:
            error = ERRORS[name]
        elif name in SWITCHES:
            switches.add(name)
        elif name in ("slow", "bytes", "hold") and value:
            values[name] = value
        else:
            raise ValueError(f"unknown fault: {word}")
    return Faults(
        switches=frozenset(switches),
        error=error,
        slow=float(values.get("slow", 0)) / 1000,
        piece=int(values.get("bytes", 0)),
        hold=values.get("hold"),
    )
