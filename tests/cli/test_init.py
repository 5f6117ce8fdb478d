"""`gateway init`: a first config, for what there is."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import init, main
from gateway.cli.init import MODELS, ask, choices_of, config_text, run
from gateway.cli.local_servers import LocalServer, find_servers
from gateway.config import load
from gateway.config_file import read_config
from gateway.providers import PROVIDERS

PLANTED = "planted-4711"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command, on a machine without keys and servers."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name not in ("PATH", "HOME")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(init, "find_servers", list)
    return tmp_path


keyed = st.sets(st.sampled_from(sorted({p.key_env for p in PROVIDERS.values() if p.key_env})))
servers = st.lists(
    st.builds(
        LocalServer,
        st.sampled_from(["ollama", "vllm", "lmstudio", "llamacpp"]),
        st.integers(1, 65535),
        st.lists(st.sampled_from(["qwen3:4b", "a/b-c.gguf", "1e3", "null", "@x"]), max_size=6).map(
            tuple
        ),
    ),
    max_size=3,
)


@given(keyed, servers, st.data())
def test_what_is_written_is_sound_and_holds_no_key(
    names: set[str], found: list[LocalServer], data: st.DataObject
) -> None:
    """Whatever keys and servers there are, and whatever is chosen: no finding, and the target is the
    one that was chosen."""
    variables = dict.fromkeys(names, PLANTED)
    choice = data.draw(st.sampled_from(choices_of(variables, found)))
    text = config_text(choice.target, choice.small, variables, found, schema="s.json")
    loaded = load(text, file="config.yaml", environment=variables)
    assert loaded.findings == ()
    assert loaded.snapshot is not None
    assert str(loaded.snapshot.default.target) == choice.target
    side = [str(rule.target) for rule in loaded.snapshot.rules]
    assert side == ([choice.small] if choice.small != choice.target else [])
    assert PLANTED not in text
    assert all(name in text for name in names)


def test_every_provider_that_is_proposed_has_a_key() -> None:
    """One can tell from the environment whether it can be asked."""
    assert all(PROVIDERS[name].key_env for name in MODELS)


def test_without_a_question(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first key that is found decides, be it in `.env`."""
    (folder / ".env").write_text(f"OPENAI_API_KEY={PLANTED}\n")
    (folder / ".env").chmod(0o600)
    assert run(Path("config.yaml"), force=False, asks=False) == 0
    assert capsys.readouterr().out == (
        "config.yaml: requests go to openai:gpt-5, side work to openai:gpt-5-mini\n"
        "next: gateway serve --config config.yaml\n"
    )
    text = (folder / "config.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=/")
    assert PLANTED not in text
    assert read_config(Path("config.yaml")).load().findings == ()


def test_variables_that_cannot_be_read_stop_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is written, and in words: the gateway could not start beside that file."""
    (folder / ".env").write_bytes(b"OPENAI_API_KEY=\xff\n")
    assert main(["init", "--yes"]) == 1
    assert capsys.readouterr().err == "gateway: .env cannot be read: byte 15 is not UTF-8\n"
    assert not (folder / "config.yaml").exists()


def test_a_file_that_exists_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it is to be replaced."""
    (folder / "mine.yaml").write_text("default: openai:mine\n")
    assert run(Path("mine.yaml"), force=False, asks=False) == 2
    assert (folder / "mine.yaml").read_text() == "default: openai:mine\n"
    assert "--force" in capsys.readouterr().err
    assert run(Path("mine.yaml"), force=True, asks=False) == 0
    assert "default: mock:mock" in (folder / "mine.yaml").read_text()
    assert run(Path("no/such/folder.yaml"), force=False, asks=False) == 1


def test_beside_the_schema_it_is_named_by_its_place(folder: Path) -> None:
    """So that the file can be shared."""
    (folder / "schemas").mkdir()
    (folder / "schemas" / "config.schema.json").write_text("{}")
    assert run(Path("config.yaml"), force=False, asks=False) == 0
    first = (folder / "config.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=./schemas/config.schema.json"


ANSWERS = {
    "nothing": (["", ""], ("openai:gpt-5", "openai:gpt-5-mini")),
    "a number": (["2", ""], ("deepseek:deepseek-chat", "deepseek:deepseek-chat")),
    "a target": (["ollama:x:y", ""], ("ollama:x:y", "ollama:x:y")),
    "both": (["1", "ollama:small"], ("openai:gpt-5", "ollama:small")),
    "what is none": (
        ["9", "gpt-5", "nobody:x", "1", "1", ""],
        ("openai:gpt-5", "openai:gpt-5-mini"),
    ),
    "the end of the input": ([], ("openai:gpt-5", "openai:gpt-5-mini")),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_two_questions(kind: str) -> None:
    """A number, a target, or the proposal; again until it is one of these."""
    answers, expected = ANSWERS[kind]
    waiting = iter(answers)

    def read(prompt: str) -> str:
        said = next(waiting, None)
        if said is None:
            raise EOFError
        return said

    choices = choices_of({"OPENAI_API_KEY": "k", "DEEPSEEK_API_KEY": "k"}, [])
    assert ask(choices, read) == expected


class Terminal(io.StringIO):
    """A person's terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_a_person_is_asked_and_a_program_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal, unless nothing is to be asked."""
    said = Terminal("deepseek:deepseek-chat\nollama:qwen3\n")
    monkeypatch.setattr("sys.stdin", said)
    monkeypatch.setattr("sys.stdout", Terminal())
    assert run(Path("asked.yaml"), force=False, asks=True) == 0
    text = (folder / "asked.yaml").read_text()
    assert "default: deepseek:deepseek-chat" in text
    assert "use: ollama:qwen3" in text
    assert run(Path("quiet.yaml"), force=False, asks=False) == 0
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert run(Path("piped.yaml"), force=False, asks=True) == 0
    assert "default: mock:mock" in (folder / "piped.yaml").read_text()


# -- servers on this machine -------------------------------------------------------------------------


class Told(BaseHTTPRequestHandler):
    """Answers with what the server was given."""

    def do_GET(self) -> None:
        """Any path."""
        server: Any = self.server
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Any]:
    """A server on a free port of the loopback interface."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


NAMES = ["qwen3:4b", "a b", "x\ny", "", 7, None, "openai/gpt-oss"]
BODIES: dict[str, tuple[int, bytes, list[tuple[str, ...]]]] = {
    "models": (
        200,
        json.dumps({"data": [{"id": name} for name in NAMES] + ["odd"]}).encode(),
        [("qwen3:4b", "openai/gpt-oss")],
    ),
    "no models": (200, b'{"data": []}', [()]),
    "another list": (200, b'{"data": 1}', []),
    "no object": (200, b"[1]", []),
    "a page": (200, b"<html>", []),
    "a refusal": (401, b'{"data": []}', []),
    "nesting": (200, b"[" * 100_000, []),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_server_that_tells_its_models_is_found(kind: str, server: Any) -> None:
    """And nothing else that listens; names that cannot stand in a target are left out."""
    server.status, server.body, expected = BODIES[kind]
    port = server.server_address[1]
    assert find_servers({port: "vllm"}) == [LocalServer("vllm", port, names) for names in expected]


def test_a_port_at_which_nobody_speaks_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a closed one nor one that keeps silent holds the command up."""
    monkeypatch.setattr("gateway.cli.local_servers.TIMEOUT", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        assert find_servers({port: "ollama"}) == []
    assert find_servers({port: "ollama"}) == []
