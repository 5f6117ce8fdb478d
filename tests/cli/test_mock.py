"""`gateway mock`, as a person runs it."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from servers.process import free_port

from gateway.cli import main
from gateway.mock.scenarios import SCENARIOS


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """It names every scenario, and ends."""
    assert main(["mock", "--list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(SCENARIOS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scenario", "529,nosuch"], "'nosuch'; --list names them"),
        (["--share", "120%"], "no share such as 20%"),
        (["--every", "0"], "it counts from 1 on"),
        (["--after", "soon"], "no number from 0 on"),
        (["--silence", "long"], "a duration such as"),
        (["--dialect", "soap"], "invalid choice"),
    ],
)
def test_mistakes(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is told with what is meant to stand there."""
    with pytest.raises(SystemExit) as caught:
        main(["mock", *words])
    assert caught.value.code == 2
    assert told in capsys.readouterr().err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """It says so, and which option helps."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["mock", "--port", str(taken.getsockname()[1])]) == 1
    assert "Choose another port with --port." in capsys.readouterr().err


def test_it_serves_what_was_planned() -> None:
    """The second request of two meets the scenario, and each is noted on a line."""
    port = free_port()
    plan = ["--scenario", "529-retry-after", "--every", "2", "--retry-after", "3"]
    command = [sys.executable, "-m", "gateway", "mock", "--port", str(port), *plan]
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/messages", data=b'{"model": "any"}')
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mock:
        assert mock.stdout is not None
        try:
            for line in mock.stdout:
                if line.startswith("default:"):
                    break
            with urllib.request.urlopen(asked) as first:  # noqa: S310
                assert first.status == 200
            with pytest.raises(urllib.error.HTTPError) as second:
                urllib.request.urlopen(asked)  # noqa: S310
            assert (second.value.code, second.value.headers["retry-after"]) == (529, "3")
            second.value.close()
            notes = [mock.stdout.readline().strip() for _ in range(2)]
        finally:
            mock.terminate()
    assert notes == ["POST /v1/messages: ok", "POST /v1/messages: 529-retry-after"]
