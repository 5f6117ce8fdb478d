"""The real Claude Code works through the gateway, whatever the upstream speaks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from servers.claude_code import ClaudeCode
from servers.claude_plays import EXPECTED, Session, check, check_traffic
from servers.scripted import Upstream

pytestmark = pytest.mark.timeout(900)  # the first run on a machine downloads the client

PLAYS = [play for play in EXPECTED if play != "web-search"]


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


@pytest.fixture
def session(claude: ClaudeCode, base_url: str, tmp_path: Path) -> Session:
    """A client in front of a gateway."""
    return Session(claude, base_url, tmp_path)


@pytest.mark.parametrize("play", PLAYS)
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_a_play_works(
    session: Session, upstream: Upstream, word: str, *, entry: Entry, play: str
) -> None:
    """Every play gives the exact files and result, by rules and by path, with sound requests upstream."""
    outcome = session.play(play, path=entry.path, model=entry.model)
    check(outcome, play)
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
    check(outcome, "write-bash-read")
    check_traffic(upstream.about(word))


def test_a_tool_found_by_search_is_offered_to_a_chat_model(
    session: Session, upstream: Upstream, word: str
) -> None:
    """A chat model has no tool search of its own: a deferred tool becomes a plain one once it is found."""
    session.play("tool-search", path="/chat:stub-model")
    offered = [received.tools for received in upstream.about(word)]
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
