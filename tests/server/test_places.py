"""Where the gateway listens: ports, unix sockets, TLS."""

from __future__ import annotations

import errno
import http.client
import json
import os
import signal
import socket
import ssl
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

import pytest
from servers.authority import pair
from servers.process import Running, free_port, running, wait_until

from gateway.cli import main
from gateway.server.connections.listening import listen
from gateway.server.connections.sockets import leave, listen_unix

LONG = {"model": "x", "max_tokens": 9, "messages": [{"role": "user", "content": "a" * 400_000}]}


@pytest.fixture
def folder() -> Iterator[Path]:
    """One with a short name: those of sockets are bounded."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        yield Path(made)


# -- ports -------------------------------------------------------------------------------------------

OPEN = ["0.0.0.0", "::", "10.0.0.7", "nas.lan", "::ffff:10.0.0.7", "127.1", "0", ""]  # noqa: S104


@pytest.mark.parametrize("host", OPEN)
def test_the_command_line_opens_no_port_without_keys(
    host: str, folder: Path, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """The config knows nothing of it; the refusal says what would do."""
    (folder / "config.yaml").write_text("default: mock:x\n")
    assert main(["serve", "--config", str(folder / "config.yaml"), "--host", host]) == 1
    assert "server.auth.keys" in capsys.readouterr().err


def test_a_name_that_only_pretends_is_refused(
    folder: Path, log: StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts at the end is the address at which it listens."""
    opened = socket.socket()
    opened.bind(("0.0.0.0", 0))  # noqa: S104 - as if /etc/hosts said so of localhost
    monkeypatch.setattr("gateway.server.connections.listening.listen", lambda host, port: opened)
    (folder / "config.yaml").write_text("default: mock:x\n")
    words = ["serve", "--config", str(folder / "config.yaml"), "--host", "localhost"]
    assert main(words) == 1
    assert "0.0.0.0 can be reached" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(
    folder: Path, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its address, and what to do."""
    taken = listen("127.0.0.1", 0)
    taken.listen()
    (folder / "config.yaml").write_text("default: mock:x\n")
    port = str(taken.getsockname()[1])
    code = main(["serve", "--config", str(folder / "config.yaml"), "--port", port])
    taken.close()
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


# -- unix sockets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_a_socket_is_open_to_whom_it_says(folder: Path, mode: int) -> None:
    """Whatever the umask is, and from the first moment."""
    before = os.umask(0o000)
    try:
        listener = listen_unix(folder / "gw", mode)
        assert os.umask(0o000) == 0o000
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "gw").stat().st_mode) == mode
    listener.close()


def test_what_was_left_behind_is_taken_away(folder: Path) -> None:
    """A gateway that was killed cannot take its socket with it."""
    listen_unix(folder / "gw").close()
    listener = listen_unix(folder / "gw")
    listener.close()
    leave(folder / "gw")
    assert not (folder / "gw").exists()
    leave(folder / "gw")


def test_a_socket_at_which_somebody_listens_is_left_alone(folder: Path, log: StringIO) -> None:
    """Also at the end: the name may be another gateway's by then."""
    first = listen_unix(folder / "gw")
    with pytest.raises(OSError, match="another process") as caught:
        listen_unix(folder / "gw")
    assert caught.value.errno == errno.EADDRINUSE
    leave(folder / "gw")
    assert (folder / "gw").exists()
    assert "socket_left" in log.getvalue()
    first.close()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(folder: Path, kind: str) -> None:
    """A mistake in the config deletes nothing."""
    path = folder / "gw"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        listen_unix(folder / "other").close()
        path.symlink_to(folder / "other")
    with pytest.raises(OSError, match="no socket"):
        listen_unix(path)
    assert path.exists()


# -- a gateway that serves both ----------------------------------------------------------------------


class Unix(http.client.HTTPConnection):
    """HTTP at a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def status(connection: http.client.HTTPConnection, body: object = None) -> int:
    if body is None:
        connection.request("GET", "/health")
    else:
        connection.request("POST", "/v1/messages", json.dumps(body))
    answer = connection.getresponse()
    answer.read()
    return answer.status


def write(folder: Path, name: str) -> str:
    """A new certificate for a name, and its key; gives the certificate."""
    cert, key = pair(name)
    (folder / "cert.pem").write_text(cert)
    (folder / "key.pem").write_text(key)
    (folder / "key.pem").chmod(0o600)
    return cert


@contextmanager
def started(folder: Path, port: int, name: str) -> Iterator[Running]:
    (folder / "config.yaml").write_text(
        f"server: {{port: {port}, socket: gw.sock, tls: {{cert: cert.pem, key: key.pem}}}}\n"
        "default: mock:x\n"
    )
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(folder / "config.yaml")]
    with running(command, ready_url=lambda: serves(folder), folder=folder, name=name) as process:
        yield process


def serves(folder: Path) -> bool:
    """Somebody answers at the socket."""
    with closing(Unix(folder / "gw.sock")) as connection:
        try:
            return status(connection) == 200
        except OSError:
            return False


def served(port: int) -> bytes:
    """The certificate that a new connection is shown."""
    text = ssl.get_server_certificate(("127.0.0.1", port), timeout=10)
    return ssl.PEM_cert_to_DER_cert(text)


def test_tls_at_the_port_and_none_at_the_socket(folder: Path) -> None:
    """Long bodies too; a new certificate serves new connections, those under way go on; a mistake in it
    changes nothing; what is killed and begins again finds its place; at the end the socket is gone."""
    port, first = free_port(), write(folder, "one.example")
    with started(folder, port, "first") as gateway:
        trusted = ssl.create_default_context(cadata=first)
        trusted.check_hostname = False
        tls = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trusted)
        plain = Unix(folder / "gw.sock")
        for connection in (tls, plain):
            assert status(connection) == 200
            assert status(connection, LONG) == 200
            assert status(connection) == 200
        second = write(folder, "two.example")
        expected = ssl.PEM_cert_to_DER_cert(second)
        wait_until(lambda: served(port) == expected, seconds=10, what="the new certificate")
        assert status(tls, LONG) == 200
        (folder / "cert.pem").write_text(first)
        wait_until(lambda: "config_refused" in gateway.log_text(), seconds=10, what="a refusal")
        assert served(port) == expected
        (folder / "cert.pem").write_text(second)
        bare = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with pytest.raises((http.client.HTTPException, OSError)):
            status(bare)
        for one in (tls, plain, bare):
            one.close()
        gateway.process.kill()
        gateway.process.wait()
    assert (folder / "gw.sock").exists()
    with started(folder, port, "second") as again:
        assert served(port) == expected
        assert serves(folder)
        again.process.send_signal(signal.SIGTERM)
        again.process.wait(timeout=15)
    assert not (folder / "gw.sock").exists()
