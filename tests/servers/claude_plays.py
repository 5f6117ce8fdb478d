"""Plays carried out by the real Claude Code: the files they find, and what they have to leave behind."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zlib import compress, crc32

from servers.claude_code import ClaudeCode, Outcome, work_folder
from servers.plays import HELLO
from servers.wire import Received


def png(width: int, height: int) -> bytes:
    """A grey picture, see https://www.w3.org/TR/png/."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PNG_BASE64 = b"iVBORw0KGgo"
"""How every PNG begins in base64."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run of a play leaves behind."""

    tools: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


EXPECTED = {
    "text": Expected(),
    "thinking": Expected(),
    "write-bash-read": Expected(
        ("Write", "Bash", "Read"), {"hello.txt": HELLO.encode(), "count.txt": b"2\n"}
    ),
    "parallel": Expected(
        ("Write", "Write", "Bash"),
        {"left.txt": b"left\n", "right.txt": b"right\n", "both.txt": b"left\nright\n"},
    ),
    "read-edit": Expected(("Read", "Edit"), {"notes.txt": b"one\nTWO\n"}),
    "sub-agent": Expected(("Agent", "Write"), {"leaf.txt": b"leaf\n"}),
    "image": Expected(("Read",)),
    "tool-search": Expected(("ToolSearch", "CronList")),
    "web-search": Expected(("ToolSearch", "WebSearch")),
}


@dataclass(frozen=True, slots=True)
class Session:
    """One client, one folder, one gateway."""

    claude: ClaudeCode
    base_url: str
    folder: Path

    def play(self, play: str, *, path: str, model: str | None = None) -> Outcome:
        """Run the client on a play, with the files in place that plays read."""
        work = work_folder(self.folder)
        (work / "notes.txt").write_bytes(b"one\ntwo\n")
        (work / "dot.png").write_bytes(png(4, 3))
        prompt = f"PLAY={play} IN={work} please"
        return self.claude.run(self.base_url + path, prompt=prompt, folder=self.folder, model=model)


def check(outcome: Outcome, play: str, expected: Expected | None = None) -> None:
    """The run ended well, at the first try, with exactly these tools and files."""
    expected = expected or EXPECTED[play]
    assert (outcome.exit_code, outcome.result) == (0, f"DONE {play}"), outcome
    assert outcome.tool_errors == []
    assert tuple(outcome.tool_names) == expected.tools
    assert outcome.files == expected.files
    assert outcome.retries == 0


def check_traffic(requests: list[Received]) -> None:
    """Every request was sound, and streamed: a client that met a broken stream asks without."""
    assert requests
    assert [received.faults for received in requests] == [[]] * len(requests)
    assert all(received.streams for received in requests)
