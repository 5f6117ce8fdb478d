"""Requests that are remembered, and the file they are written to."""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asgi_gateway import ASK, Gateway, answering, says
from recording_language import exchange, recorded

from gateway.config.sections.reload_settings import ReloadSettings
from gateway.recording import Recorded, encode, read_lines
from gateway.redaction import redactor
from gateway.server.accounts.recorder import (
    AT_ONCE,
    FEW_PER_SECOND,
    KEPT,
    MOST_PER_SECOND,
    OLDER,
    WITH_TEXTS,
    Memory,
    TrafficFile,
)

CONFIG = """
providers:
  x: {{dialect: openai-chat, base_url: "http://127.0.0.1:9", api_key: sk-very-secret-key}}
models: {{"x:m": {{price: {{input: 1, output: 2}}}}}}
default: x:m
{more}
"""
ANSWER = says("Hello", "stop") + b"data: [DONE]\n\n"


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(more=""))
    return Gateway(path, provider=answering(ANSWER))


def records_of(path: Path) -> list[Recorded]:
    bad: Counter[str] = Counter()
    with path.open("rb") as file:
        found = list(read_lines(file, bad))
    assert not bad
    return found


def ask(gateway: Gateway, **fields: Any) -> None:
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "stream": True, **fields})
    assert heard.status == 200
    assert gateway.services is not None
    gateway.services.recorder.close()


def test_requests_are_remembered_with_what_became_of_them(gateway: Gateway) -> None:
    """Rule, target and status stand beside the facts; a large request is no exception."""
    for size in (1, AT_ONCE):
        ask(gateway, messages=[{"role": "user", "content": "a" * size}])
        assert gateway.services is not None
        [record] = gateway.services.recorder.recent
        assert (record.rule, record.target, record.status) == ("default", "x:m", 200)
        assert (record.model, record.stream) == ("claude-x", True)
        assert record.config == gateway.services.config.snapshot.id
    assert list(gateway.path.parent.iterdir()) == [gateway.path], "nothing is written unasked"


def test_of_the_last_requests_the_prompt_is_remembered_too(gateway: Gateway) -> None:
    """So that a rule that is new and asks for it can be judged; of those before it is forgotten."""
    ask(gateway, system="my prompt")
    assert gateway.services is not None
    [record] = gateway.services.recorder.recent
    assert (record.system, record.last_user) == ("my prompt", "Hi")
    memory = Memory()
    for number in range(KEPT + 10):
        memory.add(msgspec.structs.replace(record, id=str(number)))
    kept = memory.all()
    assert [one.id for one in kept] == [str(number) for number in range(10, KEPT + 10)]
    assert sum(one.system is not None for one in kept) == WITH_TEXTS
    assert kept[-1].system == "my prompt"


def test_the_recorder_writes_facts_and_no_prompt(gateway: Gateway) -> None:
    """One line for each request, readable by its owner alone."""
    gateway.path.write_text(CONFIG.format(more="recorder: {path: traffic.jsonl}"))
    for word in ("my first", "my other"):
        ask(gateway, system=word)
    path = gateway.path.parent / "traffic.jsonl"
    assert len(records_of(path)) == 2
    assert b"my" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert gateway.services is not None
    assert gateway.services.recorder.health(gateway.services.config.snapshot) == {
        "path": "traffic.jsonl",
        "written": 1,
        "left_out": 0,
        "error": None,
    }


def test_bodies_are_written_on_request_and_without_secrets(gateway: Gateway) -> None:
    """Neither keys that the gateway knows, nor texts that look like keys, nor the client's own."""
    gateway.path.write_text(CONFIG.format(more="recorder: {path: t.jsonl, bodies: true}"))
    redactor.know(["sk-very-secret-key"])
    body = {**ASK, "stream": True, "system": 'the "key" is sk-very-secret-key, or AIza' + "x" * 30}
    headers = {"x-api-key": "of-the-client", "x-team": "blue"}
    gateway.ask("POST", "/v1/messages", body, headers=headers)
    assert gateway.services is not None
    gateway.services.recorder.close()
    [record] = records_of(gateway.path.parent / "t.jsonl")
    assert record.body is not None
    assert record.body["system"] == 'the "key" is [secret], or [secret]'
    assert record.headers == {"x-team": "blue"}


def test_a_file_that_cannot_be_written_stops_no_request(gateway: Gateway) -> None:
    """Health says why nothing is written."""
    (gateway.path.parent / "folder").mkdir()
    gateway.path.write_text(CONFIG.format(more="recorder: {path: folder}"))
    ask(gateway)
    assert gateway.services is not None
    told = gateway.services.recorder.health(gateway.services.config.snapshot)
    assert told is not None
    assert told["error"] == "Is a directory"
    assert (told["written"], told["left_out"]) == (0, 1)
    assert len(gateway.services.recorder.recent) == 1


def test_a_body_too_deep_to_be_written_stops_no_other(gateway: Gateway) -> None:
    """Health says what is left out; the requests after it are written as ever."""
    gateway.path.write_text(CONFIG.format(more="recorder: {path: t.jsonl, bodies: true}"))
    ask(gateway)
    assert gateway.services is not None
    recorder, snapshot = gateway.services.recorder, gateway.services.config.snapshot
    deep: Any = "end"
    for _ in range(600):
        deep = [deep]
    for extra, written, left_out in (({"metadata": {"x": deep}}, 1, 1), ({}, 2, 1)):
        recorder.note(exchange(snapshot, extra), status=200, seconds=0.0)
        recorder.close()
        told = recorder.health(snapshot)
        assert told is not None
        assert (told["written"], told["left_out"]) == (written, left_out)
        assert (told["error"] is None) == (extra == {})


def test_a_flood_costs_no_more_than_so_many_records(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered is a sample then; a file that is asked for gets all."""
    monkeypatch.setattr("gateway.server.accounts.recorder.time", lambda: 5.0)
    ask(gateway)
    assert gateway.services is not None
    recorder, [one] = gateway.services.recorder, gateway.services.recorder.recent
    snapshot = gateway.services.config.snapshot
    for second, limit, most in ((6.0, None, FEW_PER_SECOND), (7.0, 0.2, MOST_PER_SECOND)):
        before = len(recorder.recent)
        monkeypatch.setattr("gateway.server.accounts.recorder.time", lambda second=second: second)
        made = exchange(replace(snapshot, reload=ReloadSettings(max_changed=limit)), {})
        for _ in range(3 * MOST_PER_SECOND):
            recorder.note(made, status=200, seconds=0.0)
        assert recorder.recent[0] == one
        assert len(recorder.recent) - before == most


# -- the file ----------------------------------------------------------------------------------------

LINE = encode(recorded())


def test_a_full_file_makes_room_and_the_one_before_is_kept(tmp_path: Path) -> None:
    """No line is parted, and neither file is larger than was asked for."""
    path = tmp_path / "t.jsonl"
    file = TrafficFile(path, max_size=3 * len(LINE))
    for _ in range(8):
        file.write(LINE)
    file.close()
    assert path.read_bytes() == 2 * LINE
    assert path.with_name("t.jsonl" + OLDER).read_bytes() == 3 * LINE


def test_a_line_that_a_crash_cut_does_not_spoil_the_next(tmp_path: Path) -> None:
    """The next one begins on a line of its own."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(LINE + LINE[:20])
    file = TrafficFile(path, max_size=10_000)
    file.write(LINE)
    file.close()
    bad: Counter[str] = Counter()
    assert len(list(read_lines(path.read_bytes().splitlines(), bad))) == 2
    assert sum(bad.values()) == 1


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    """Other programs may rotate it too."""
    path = tmp_path / "t.jsonl"
    file = TrafficFile(path, max_size=10_000)
    file.write(LINE)
    path.rename(tmp_path / "older")
    file.write(LINE)
    file.close()
    assert path.read_bytes() == (tmp_path / "older").read_bytes() == LINE


def test_a_line_larger_than_the_file_may_be_is_written_all_the_same(tmp_path: Path) -> None:
    """Into a file of its own."""
    path = tmp_path / "t.jsonl"
    file = TrafficFile(path, max_size=10)
    file.write(LINE)
    file.write(LINE)
    file.close()
    assert path.read_bytes() == LINE
    assert sorted(os.listdir(tmp_path)) == ["t.jsonl", "t.jsonl.1"]
