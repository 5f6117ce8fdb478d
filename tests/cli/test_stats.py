"""`gateway stats`: the counts of a running gateway, as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import main
from gateway.cli.stats import HEADINGS, table

ROW: dict[str, Any] = {
    "target": "ollama:qwen3",
    "tool": "Edit",
    "calls": 8,
    "valid": 5,
    "repaired": 2,
    "unrepaired": 1,
    "unchecked": 0,
    "valid_share": 0.625,
    "classes": {"alias": 1, "parse": 2},
}
GOOD = {**ROW, "tool": "Read", "valid": 8, "valid_share": 1.0, "repaired": 0, "classes": {}}


class Told(BaseHTTPRequestHandler):
    """A gateway that asks for a key."""

    def do_GET(self) -> None:
        if self.headers["authorization"] != "Bearer the-key":
            self.answer(401, {"type": "error", "error": {"message": "show a key"}})
        elif self.path == "/v1/stats":
            self.answer(200, {"tools": [GOOD, ROW]})
        else:
            self.answer(200, {})

    def answer(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Told)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_table_shows_the_worst_first(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Which model is good enough for which tool can be seen at a glance."""
    assert main(["stats", "repairs", "--url", url + "/", "--key", "the-key"]) == 0
    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == [
        "target",
        "tool",
        "calls",
        "valid",
        "repaired",
        "unrepaired",
        "by",
        "class",
    ]
    assert first.split() == [
        *("ollama:qwen3", "Edit", "8", "62.5%", "2", "1"),
        *("parse", "2,", "alias", "1"),
    ]
    assert second.split() == ["ollama:qwen3", "Read", "8", "100.0%", "0", "1"]


def test_machines_get_json(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows as the gateway tells them."""
    assert main(["stats", "repairs", "--url", url, "--key", "the-key", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [GOOD, ROW]


@pytest.mark.parametrize(
    ("place", "key", "words"),
    [
        ("", "another", "answers 401: show a key"),
        ("/elsewhere", "the-key", "it is no gateway that counts"),
    ],
)
def test_a_refusal_is_told(
    url: str, place: str, key: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of whoever refuses."""
    assert main(["stats", "repairs", "--url", url + place, "--key", key]) == 1
    assert words in capsys.readouterr().err


def test_where_there_is_no_gateway_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """With the address at which it looked."""
    assert main(["stats", "repairs", "--url", "http://127.0.0.1:1"]) == 1
    assert "http://127.0.0.1:1/v1/stats cannot be reached" in capsys.readouterr().err


def test_nothing_counted_is_said_in_words() -> None:
    """An empty table would leave one wondering."""
    assert table([]) == ["No tool call has been checked yet."]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                **{
                    name: st.text(st.characters(categories=["L"]), max_size=9)
                    for name in ("target", "tool")
                },
                "valid_share": st.floats(0, 1),
                "classes": st.dictionaries(st.sampled_from(["alias", "parse"]), st.integers(1, 9)),
            }
        ).map(lambda row: {**ROW, **row}),
        min_size=1,
    )
)
def test_every_row_is_in_the_table_under_its_headings(rows: list[dict[str, Any]]) -> None:
    """One line each, in columns."""
    heading, *lines = table(rows)
    assert len(lines) == len(rows)
    start = heading.index("calls") + len("calls")
    assert {line[start - 1] for line in lines} == {"8"}
    assert all(heading.index(name) >= 0 for name in HEADINGS)
