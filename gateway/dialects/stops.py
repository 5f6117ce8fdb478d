"""Stop sequences that the target cannot be given, kept by the gateway. No IO."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import GatewayError
from gateway.messages import Forwarding, MessagesRequest, Silent, Sink, StopReason


def stop_sequences(request: MessagesRequest) -> tuple[str, ...]:
    """The client's stop sequences, once each."""
    stops = (stop for stop in request.list_field("stop_sequences") if isinstance(stop, str))
    return tuple(dict.fromkeys(filter(None, stops)))


class StopSequences(Forwarding):
    """A sink before another one: ends the answer where one of the sequences appears in its text.

    As at Anthropic's, the sequence itself is not part of the answer, and `stop_sequence` names it.
    What may be the beginning of a sequence waits until it is one or not. Text blocks are scanned by
    themselves: a sequence does not reach across a tool call or thinking.
    """

    def __init__(self, sink: Sink, sequences: Sequence[str]) -> None:
        super().__init__(sink)
        self._sequences = tuple(sequences)
        self._waiting = ""

    def text(self, text: str) -> None:
        text = self._waiting + text
        self._waiting = ""
        found = min(
            ((at, s) for s in self._sequences if (at := text.find(s)) >= 0),
            key=lambda hit: (hit[0], -len(hit[1])),
            default=None,
        )
        if found is not None:
            at, sequence = found
            self._sink.text(text[:at])
            self.finish("stop_sequence", stop_sequence=sequence)
            return
        held = self._beginning(text)
        self._waiting = text[len(text) - held :]
        self._sink.text(text[: len(text) - held])

    def _beginning(self, text: str) -> int:
        """How many characters at the end of the text may be the beginning of a sequence."""
        longest = max(map(len, self._sequences)) - 1
        for size in range(min(longest, len(text)), 0, -1):
            if any(sequence.startswith(text[-size:]) for sequence in self._sequences):
                return size
        return 0

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        super().finish(reason, stop_sequence=stop_sequence)
        self._sink = Silent()

    def fail(self, error: GatewayError) -> None:
        super().fail(error)
        self._sink = Silent()

    def _leave(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, ""
            self._sink.text(waiting)
