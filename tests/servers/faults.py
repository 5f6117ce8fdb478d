"""How the scripted upstream misbehaves when asked to. No IO.

Asked for with `+` in the model name (`stub-model+cut`, `stub-model+slow=20+no-usage`) or with a path
segment that starts with it (`/+e503/v1/messages`). Both apply; nothing is counted, so a fault always happens.

    overflow e401 e403 e404 e429 e429-soon e500 e503 e529    that error answer
    overflow-NAME  the error answer of one kind of server, see `error_answers`
    early-error    a Responses stream of status 200 whose second event is an error
    late=3         the error answer only from the third turn with calls on, and not for a summary
    cut            the connection is torn down in the middle of the stream
    error-chunk    an error object in the middle of the stream, which then ends
    no-finish      the stream ends where it should say that the answer is complete
    slow=20        20 milliseconds before each piece of the stream
    bytes=7        the stream is written in pieces of 7 bytes, wherever they cut
    stall=a        nothing is answered, not even headers, until gate `a` opens
    hold=a         the stream stops in the middle (a plain answer: before it) until gate `a` opens
    finish-stop    the finish reason says that no tool was called
    no-ids same-ids    tool calls without ids, or all with the same one
    object-args    arguments as an object in place of text
    no-usage       nothing is said of tokens
    echo-reasoning    chat: a turn with calls is refused without its `reasoning_content`
    no-summary     Responses: reasoning is encrypted only
    interleave     Responses: the parts of several calls come by turns
    args-in-done args-in-item    Responses: arguments come at the end of a call only, or only with its item
    failed incomplete    Responses: the answer ends in that status
    empty blocked  Gemini: no candidates, for no reason or because the prompt was blocked
    malformed safety    Gemini: that finish reason, with nothing said or with a part of it
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from servers.error_answers import ERRORS, OVERFLOWS, ErrorAnswer

SWITCHES = frozenset(
    {
        *("cut", "error-chunk", "no-finish", "finish-stop", "no-ids", "same-ids", "object-args"),
        *("no-usage", "echo-reasoning", "no-summary", "interleave", "args-in-done"),
        *("args-in-item", "failed", "incomplete", "empty", "blocked", "malformed", "safety"),
    }
)
VALUES = ("slow", "bytes", "hold", "stall", "late")


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
    """Name of the gate to wait for in the middle."""
    stall: str | None = None
    """Name of the gate to wait for before anything is said."""
    late: int = 0
    """The turns with calls that go well before the error."""

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
        if name in ERRORS or name in OVERFLOWS:
            error = ERRORS.get(name) or OVERFLOWS[name]
        elif name in SWITCHES:
            switches.add(name)
        elif name in VALUES and value:
            values[name] = value
        else:
            raise ValueError(f"unknown fault: {word}")
    return Faults(
        switches=frozenset(switches),
        error=error,
        slow=float(values.get("slow", 0)) / 1000,
        piece=int(values.get("bytes", 0)),
        hold=values.get("hold"),
        stall=values.get("stall"),
        late=int(values.get("late", 0)),
    )
