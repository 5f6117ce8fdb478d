"""What is remembered of requests, and what becomes of it under another config. No IO.

record   the facts of one request, without what people wrote; as JSON lines
making   from an exchange to its record
facts    from a record back to what rules may ask; what it lacks is unknown, never guessed
replay   records through a config: counts and cost by rule and target
diff     records through two configs: which go elsewhere, and what that costs
"""

from gateway.recording.diff import Change, Move, compare
from gateway.recording.making import Making
from gateway.recording.record import BadRecord, Recorded, decode, encode, read_lines, without_texts
from gateway.recording.replay import Decision, Replay, Router, replayed, with_every_key
from gateway.recording.words import summary

__all__ = [
    "BadRecord",
    "Change",
    "Decision",
    "Making",
    "Move",
    "Recorded",
    "Replay",
    "Router",
    "compare",
    "decode",
    "encode",
    "read_lines",
    "replayed",
    "summary",
    "with_every_key",
    "without_texts",
]
