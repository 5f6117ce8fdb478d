"""The real Claude Code works through the gateway, whatever the upstream speaks."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from zlib import compress, crc32

import pytest
from servers.claude_code import ClaudeCode, Outcome, work_folder
from servers.plays import HELLO
from servers.scripted import Received, Upstream

pytestmark = pytest.mark.timeout(900)  # the first run on a machine downloads the client


def png(width: int, height: int) -> bytes:
    """A grey picture, see https://www.w3.org/TR/png/."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


DOT_PNG = png(4, 3)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run of a play leaves behind."""

    tools: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


PLAYS = {
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
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A way into the gateway."""

    path: str
    """After the gateway's URL, in the client's base URL."""
    model: str | None
    """For the client's `--model`."""
    endpoint: str
    """What the upstream sees."""
    upstream_model: str


ENTRIES = {
    "rules-chat": Entry("", None, "/v1/chat/completions", "stub-model"),
    "rules-native": Entry("", "haiku", "/v1/messages", "stub-small"),
    "path-chat": Entry("/chat:stub-model", None, "/v1/chat/completions", "stub-model"),
    "path-native": Entry("/native:stub-small", None, "/v1/messages", "stub-small"),
}
SLOPPY = ("no-ids", "same-ids", "object-args", "finish-stop", "no-usage", "bytes=3", "slow=5")


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
        (work / "dot.png").write_bytes(DOT_PNG)
        prompt = f"PLAY={play} IN={work} please"
        return self.claude.run(self.base_url + path, prompt=prompt, folder=self.folder, model=model)


@pytest.fixture
def session(claude: ClaudeCode, base_url: str, tmp_path: Path) -> Session:
    """A client in front of a gateway."""
    return Session(claude, base_url, tmp_path)


def check(outcome: Outcome, play: str, expected: Expected) -> None:
    """The run ended well, at the first try, with exactly these tools and files."""
    assert (outcome.exit_code, outcome.result) == (0, f"DONE {play}"), outcome
    assert outcome.tool_errors == []
    assert tuple(outcome.tool_names) == expected.tools
    assert outcome.files == expected.files
    assert outcome.retries == 0


def check_traffic(requests: list[Received]) -> None:
    """Every request was sound, and streamed: a client that met a broken stream asks without."""
    assert requests
    for received in requests:
        assert received.faults == []
        assert received.body["stream"] is True


@pytest.mark.parametrize("play", PLAYS)
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_a_play_works(
    session: Session, upstream: Upstream, word: str, *, entry: Entry, play: str
) -> None:
    """Every play gives the exact files and result, by rules and by path, with sound requests upstream."""
    outcome = session.play(play, path=entry.path, model=entry.model)
    check(outcome, play, PLAYS[play])
    requests = upstream.about(word)
    check_traffic(requests)
    assert {received.path for received in requests} == {entry.endpoint}
    assert {received.body["model"] for received in requests} == {entry.upstream_model}


@pytest.mark.parametrize("fault", SLOPPY)
def test_a_sloppy_chat_server_is_put_right(
    session: Session, upstream: Upstream, word: str, fault: str
) -> None:
    """Missing or repeated call ids, argument objects and wrong finish reasons never reach the client."""
    outcome = session.play("write-bash-read", path=f"/chat:stub-model+{fault}")
    check(outcome, "write-bash-read", PLAYS["write-bash-read"])
    check_traffic(upstream.about(word))


def test_repairable_mistakes_are_repaired(session: Session, upstream: Upstream, word: str) -> None:
    """A wrong case, a wrong key and a number as text reach the client as the calls that were meant."""
    outcome = session.play("mistakes", path="/chat:stub-model")
    files = {"case.txt": b"case\n", "key.txt": b"key\n", "number.txt": b"number\n"}
    check(outcome, "mistakes", Expected(("Write", "Write", "Bash"), files))
    check_traffic(upstream.about(word))


def test_the_client_alone_refuses_such_a_mistake(
    claude: ClaudeCode, upstream: Upstream, tmp_path: Path
) -> None:
    """Without the gateway the same play fails in the client, so the repair above is the gateway's."""
    outcome = Session(claude, upstream.url, tmp_path).play("mistakes", path="")
    assert [tool.name for tool in outcome.tool_errors] == ["write"]


def test_a_tool_found_by_search_is_offered_to_a_chat_model(
    session: Session, upstream: Upstream, word: str
) -> None:
    """A chat model has no tool search of its own: a deferred tool becomes a plain one once it is found."""
    session.play("tool-search", path="/chat:stub-model")
    offered = [
        {tool["function"]["name"] for tool in received.body["tools"]}
        for received in upstream.about(word)
    ]
    assert "CronList" in offered[1]
    assert all("DeferredToolPlaceholder" not in names for names in offered)


def test_the_prefix_of_a_chat_conversation_is_stable(
    session: Session, upstream: Upstream, word: str
) -> None:
    """Each turn repeats the last one's messages exactly, so that a provider's prefix cache can hit."""
    session.play("write-bash-read", path="/chat:stub-model")
    bodies = [received.body for received in upstream.about(word)]
    assert len(bodies) == 4
    for earlier, later in pairwise(bodies):
        assert later["messages"][: len(earlier["messages"])] == earlier["messages"]
        assert later["tools"] == earlier["tools"]
