"""A long conversation through every format: its prompt only grows, whatever the transforms do."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import pairwise

import pytest
from language import JSON
from sessions import turns

from gateway import json_text
from gateway.cache_guard import Guard, Verdict
from gateway.config import Snapshot, load
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter

PROVIDERS = {
    "chat": "openai-chat",
    "responses": "openai-responses",
    "gemini": "gemini",
    "local": "ollama",
    "native": "anthropic",
}
CONFIG = """
providers:
  chat: {dialect: openai-chat, base_url: "http://127.0.0.1:9/v1"}
  marked: {dialect: openai-chat, base_url: "http://127.0.0.1:9/v1", quirks: {cache: parts}}
  responses: {dialect: openai-responses, base_url: "http://127.0.0.1:9/v1"}
  gemini: {dialect: gemini, base_url: "http://127.0.0.1:9/v1beta", api_key: k}
  local: {dialect: ollama, base_url: "http://127.0.0.1:9"}
  native: {dialect: anthropic, base_url: "http://127.0.0.1:9"}
apply: [for-all]
transforms:
  for-all:
    - system:
        remove: ["(?m)^IMPORTANT: .*$"]
        replace: [{find: Claude Code, with: the assistant}]
        prepend: "You work in {{ cwd }} with {{ tools|length }} tools."
        append: Be brief.
        facts: {cwd: 'Primary working directory: (\\S+)'}
    - tools:
        drop: [NotebookEdit, "mcp__*__delete_*"]
        at_most: 8
        priority: [Bash, Edit]
        describe: {Bash: "Runs a command: {{ description }}", Read: {append: Paths are absolute.}}
        longest_description: 200
        schemas: {"*": {drop: [note]}}
        rename: {Bash: run_shell}
    - sections: {tag: system-reminder, remove: ["(?m)^The following deferred tools.*$"]}
    - params: {drop: [metadata], cap: {max_tokens: 8192}, effort: {medium: high}}
    - tidy: [empty, pairs]
  clock:
    - system: {prepend: "It is {{ now.isoformat() }}."}
default: mock:x
"""
TURNS = 40


@lru_cache
def snapshot(extra: str = "") -> Snapshot:
    """The config, with more transforms for everything."""
    text = CONFIG.replace("[for-all]", f"[for-all{extra}]")
    loaded = load(text, file="config.yaml", environment={})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


class Letters:
    """Counts letters."""

    def count(self, text: str) -> int:
        return len(text)


def exchange(body: JSON, target: str, guard: Guard, extra: str = "") -> Exchange:
    """The exchange of a turn."""
    inbound = Inbound(json.dumps(body).encode(), {"x-claude-code-session-id": "s"}, prefix=target)
    counter = TokenCounter(Letters())
    return Exchange(snapshot(extra), inbound, counter, Vault(b"secret"), guard=guard)


def sent(target: str, extra: str = "") -> list[tuple[bytes, Verdict | None]]:
    """The outgoing body of each turn, and what the guard says of it."""
    guard = Guard()
    found = []
    for body in turns(TURNS):
        one = exchange(body, target, guard, extra)
        found.append((one.upstream_request().body, one.prefix))
    return found


LISTS = {"responses": "input", "gemini": "contents"}


@pytest.mark.parametrize("provider", ["chat", "responses", "gemini", "local"])
def test_every_turn_begins_with_the_whole_turn_before(provider: str) -> None:
    """Every field but the messages has the same bytes, and the messages are those of the turn before,
    byte for byte, and more."""
    bodies = [json_text.decode_fields(body) for body, _ in sent(f"/{provider}:m")]
    name = LISTS.get(provider, "messages")
    for before, after in pairwise(bodies):
        assert list(before) == list(after)
        old, new = bytes(before[name]), bytes(after[name])
        assert new.startswith(old[:-1] + b",")
        assert {k: bytes(v) for k, v in before.items() if k != name} == {
            k: bytes(v) for k, v in after.items() if k != name
        }


def test_the_transforms_do_their_work() -> None:
    """What is compared above is a prompt that they have changed: here is all that they did."""
    [*_, last] = turns(TURNS)
    one = exchange(last, "/native:m", Guard())
    body = json.loads(one.upstream_request().body)
    texts = [block["text"] for block in body["system"]]
    assert texts[0] == "You work in /home/me/project with 12 tools."
    assert texts[2] == "You are the assistant, a tool for programmers."
    assert texts[-1] == "Be brief."
    assert "IMPORTANT" not in "".join(texts)
    assert [tool["name"] for tool in body["tools"]][:3] == ["Agent", "run_shell", "Edit"]
    assert len(body["tools"]) == 8
    assert all(len(tool["description"]) <= 200 for tool in body["tools"])
    assert all("note" not in tool["input_schema"]["properties"] for tool in body["tools"])
    assert (body["max_tokens"], body["output_config"]["effort"]) == (8192, "high")
    written = json.dumps(body["messages"])
    assert "[NotebookEdit: " in written
    assert "[result of NotebookEdit]" in written
    assert '"name": "Bash"' not in written
    assert "deferred tools" not in written
    assert "metadata" not in body


@pytest.mark.parametrize("provider", [*PROVIDERS, "marked"])
def test_the_guard_sees_that_nothing_broke(provider: str) -> None:
    """Also where cache marks move: they are no part of what is cached."""
    (_, first), *later = sent(f"/{provider}:m")
    assert first is None
    assert [verdict for _, verdict in later] == [Verdict(1.0)] * (TURNS - 1)


@pytest.mark.parametrize("provider", [*PROVIDERS, "marked"])
def test_a_clock_is_named(provider: str) -> None:
    """A prompt that begins with the time breaks at its beginning, in every turn and every format."""
    _, *later = sent(f"/{provider}:m", ", clock")
    for _, verdict in later:
        assert verdict is not None
        assert verdict.broke_at == "system"
        assert verdict.kept < 0.6


def test_a_clock_is_found_before_it_serves() -> None:
    """The config says so when it is checked, and nothing else in it is said to break the cache."""
    told = load(CONFIG.replace("[for-all]", "[for-all, clock]"), file="c", environment={}).findings
    [found] = [finding for finding in told if finding.code == "cache-break"]
    assert found.severity == "warning"
    assert "`now` changes with every request" in found.message


def test_the_answer_says_where_the_prompt_broke() -> None:
    """In a header of its own, for the turn that it happened in."""
    guard = Guard()
    first, second = turns(2)
    assert "x-gateway-cache-break" not in headers(exchange(first, "/chat:m", guard))
    changed = {**second, "tools": second["tools"][1:]}
    assert headers(exchange(changed, "/chat:m", guard))["x-gateway-cache-break"] == "tools"
    assert "x-gateway-cache-break" not in headers(exchange(changed, "/chat:m", guard))


def headers(one: Exchange) -> dict[str, str]:
    """The headers of its answer, once the request is made."""
    one.upstream_request()
    return one.response_headers


def test_after_a_compaction_the_prompt_is_another_one() -> None:
    """The conversation goes on with a summary; that is no break."""
    guard = Guard()
    *_, last = turns(4)
    exchange(last, "/chat:m", guard).upstream_request()
    words = "CRITICAL: Respond with TEXT ONLY. Your task is to create a detailed summary of it."
    asked = {**last, "messages": [*last["messages"], {"role": "user", "content": words}]}
    exchange(asked, "/chat:m", guard).upstream_request()
    summary = {**last, "messages": [{"role": "user", "content": "What went before: much."}]}
    after = exchange(summary, "/chat:m", guard)
    after.upstream_request()
    assert after.prefix is None


def test_each_target_has_its_own_prompt() -> None:
    """A turn that goes elsewhere is compared with what was sent there."""
    guard = Guard()
    first, second, third = turns(3)
    for body, target in ((first, "chat"), (second, "responses"), (third, "chat")):
        one = exchange(body, f"/{target}:m", guard)
        one.upstream_request()
    assert one.prefix == Verdict(1.0)
