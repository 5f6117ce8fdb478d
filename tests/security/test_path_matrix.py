"""The matrix of paths: what a URL can name, asked of a gateway that serves.

Only a provider of the config, by its very name, is ever sent anything; whatever else a path holds is told
that it does not exist, in the protocol's form, and nobody is asked.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from servers import gateway as gateways
from servers.scripted import Upstream

BODY = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}

REACHES = {
    "/chat:m/v1/messages": "m",
    "/chat:m/v1/messages/": "m",
    "/chat:a/b:c/v1/messages": "a/b:c",
    "/chat:../../x/v1/messages": "../../x",
    "/chat:%2e%2e%2fx/v1/messages": "../x",
    "/chat:%252e%252e/v1/messages": "%2e%2e",
    "/chat:x%3Fkey=stolen/v1/messages": "x?key=stolen",
    "/chat:x%0d%0ah:%20v/v1/messages": "x\r\nh: v",
    "/chat:http://evil.example/v1/messages": "http://evil.example",
    "/chat:x@evil.example/v1/messages": "x@evil.example",
    "/chat:%EF%BC%8E%EF%BC%8E/v1/messages": "\N{FULLWIDTH FULL STOP}" * 2,
    "/chat:evil:8080/v1/messages": "evil:8080",
    "/v1/messages": "by-default",
    "/fast/v1/messages": "by-path",
    "/fast/../../etc/passwd/v1/messages": "by-path",
}
"""Path -> the model that the one provider is asked for."""

CLOSED = (
    *("/http://127.0.0.1:{port}/v1/messages", "/http:%2f%2f127.0.0.1:{port}/v1/messages"),
    *(
        "//127.0.0.1:{port}/v1/messages",
        "/127.0.0.1:{port}/v1/messages",
        "/@127.0.0.1:{port}/v1/messages",
    ),
    *("/https:x/v1/messages", "/file:///etc/passwd/v1/messages", "/file:/etc/passwd/v1/messages"),
    *("/unix:x/v1/messages", "/localhost:{port}/v1/messages", "/[::1]:{port}/v1/messages"),
    *(
        "/CHAT:m/v1/messages",
        "/Chat:m/v1/messages",
        "/chat%20:m/v1/messages",
        "/%20chat:m/v1/messages",
    ),
    *("/chat%00:m/v1/messages", "/chat%0a:m/v1/messages", "/chat%0d%0a:m/v1/messages"),
    *("/chat%ff:m/v1/messages", "/ch%61t%20:m/v1/messages", "/\\chat:m/v1/messages"),
    *("/%5cchat:m/v1/messages", "/../chat:m/v1/messages", "/./chat:m/v1/messages"),
    *("/%2e%2e/chat:m/v1/messages", "/%252e%252e/chat:m/v1/messages", "/..%2fchat:m/v1/messages"),
    *("/%EF%BD%83hat:m/v1/messages", "/c%D0%BDat:m/v1/messages", "/chat%EF%BC%9Am/v1/messages"),
    *("/chat%E2%80%8B:m/v1/messages", "/:m/v1/messages", "/:/v1/messages", "/::/v1/messages"),
    *("/chat:/v1/messages", "/chat/v1/messages", "/x/chat:m/v1/messages", "/nobody:m/v1/messages"),
    *(
        "/__proto__:m/v1/messages",
        "/__class__:m/v1/messages",
        "/*:m/v1/messages",
        "/.:m/v1/messages",
    ),
    *(
        "/..:m/v1/messages",
        "/%2e%2e:m/v1/messages",
        "/default:m/v1/messages",
        "/faster/v1/messages",
    ),
    *(
        "/fas/v1/messages",
        "/fast%2f/x",
        "/v1/messages/../../admin",
        "/v1//messages",
        "/v1/messages%00",
    ),
    *(
        "/v1/messages/x",
        "/v1/%6dessages%0a",
        "/" + "a" * 8_000 + ":m/v1/messages",
        "/" + "../" * 900,
    ),
    *(
        "/etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/chat:m/v1/files",
        "/v2/messages",
        "/config.yaml",
    ),
    *("/.env", "/admin/../v1/messagesx", "/chat:m/admin/reload", "/chat:m/admin/explain"),
)
"""Paths at which nothing is."""

PAGES = (
    *("/../config.yaml", "/v1/models/../../config.yaml", "/v1/models/%2e%2e%2fconfig.yaml"),
    *(
        "/v1/models/..",
        "/v1/models//etc/passwd",
        "/v1/models/file:///etc/passwd",
        "/metrics/../.env",
    ),
    *("/health/../../.env", "/chat:m/v1/models/..%2f..%2f.env", "/admin/explain", "/admin/reload"),
)
"""Paths that are asked for with GET."""

MALFORMED = (
    b"POST /v1/messages HTTP/1.1\r\nhost: h\r\nx-api-key: a\rb\r\ncontent-length: 0\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nhost: h\r\nanthropic-beta: a\0b\r\ncontent-length: 0\r\n\r\n",
    b"POST /v1/mess ages HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nhost: h\r\nbad name: x\r\ncontent-length: 0\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    b"POST /v1/messages HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n"
    b"content-length: 5\r\n\r\n0\r\n\r\n",
)
"""Requests by which one message is made to look like two."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """The one provider of the config."""
    with Upstream() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[gateways.Gateway]:
    """A gateway whose folder holds what nobody shall see."""
    folder = tmp_path_factory.mktemp("paths")
    (folder / ".env").write_text("PLANTED_KEY=planted-in-env-4711\n")
    config = f"""\
providers: {{chat: {{dialect: openai-chat, base_url: "{upstream.url}/v1", api_key: planted-key-4711}}}}
rules: [{{name: fast, when: {{path_prefix: /fast}}, use: "chat:by-path"}}]
default: chat:by-default
"""
    with gateways.serving(config, folder=folder) as serving:
        yield serving


def said(url: str, request: bytes) -> bytes:
    """What the gateway says to these bytes, until it closes."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as line:
        line.sendall(request)
        parts = []
        while part := line.recv(65536):
            parts.append(part)
    return b"".join(parts)


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """A request whose path is written as it stands here."""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


@pytest.mark.parametrize(("path", "model"), REACHES.items())
def test_a_provider_of_the_config_is_reached(
    gateway: gateways.Gateway, upstream: Upstream, path: str, model: str
) -> None:
    """The rest of the path is the name of a model, and travels as such."""
    before = len(upstream.requests)
    answer = said(gateway.url, request("POST", path, json.dumps(BODY).encode()))
    [received] = upstream.requests[before:]
    assert (received.path, received.query) == ("/v1/chat/completions", "")
    assert received.body["model"] == model
    head = answer.partition(b"\r\n\r\n")[0]
    assert b"\r\nh: v" not in head
    assert re.fullmatch(rb"[\x20-\x7e\r\n]+", head)


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_else_is_reached(gateway: gateways.Gateway, upstream: Upstream, path: str) -> None:
    """And the client is told so in the protocol's form."""
    before = len(upstream.requests)
    written = path.format(port=upstream.port)
    answer = said(gateway.url, request("POST", written, json.dumps(BODY).encode()))
    assert upstream.requests[before:] == []
    status, body = int(answer.split(b" ")[1]), answer.partition(b"\r\n\r\n")[2]
    assert status in (400, 404, 405)
    told = json.loads(body)
    assert told["type"] == "error"
    assert b"planted" not in answer


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_a_file(gateway: gateways.Gateway, upstream: Upstream, path: str) -> None:
    """Nothing that lies beside the config, nor anywhere else."""
    before = len(upstream.requests)
    answer = said(gateway.url, request("GET", path))
    assert upstream.requests[before:] == []
    assert int(answer.split(b" ")[1]) in (400, 404, 405)
    assert b"planted" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize("raw", MALFORMED, ids=lambda raw: raw.split(b"\r\n")[2].decode("latin-1"))
def test_a_request_that_could_be_read_as_two_is_refused(
    gateway: gateways.Gateway, upstream: Upstream, raw: bytes
) -> None:
    """Before anybody is asked."""
    before = len(upstream.requests)
    assert said(gateway.url, raw).split(b" ")[1] == b"400"
    assert upstream.requests[before:] == []


READS = ("file:///etc/passwd", "/etc/passwd", "./config.yaml", "../.env", "!include .env")


@pytest.mark.parametrize("path", READS)
def test_operators_pages_read_no_files(gateway: gateways.Gateway, path: str) -> None:
    """What an explanation or a reload is asked with is taken as it stands, never as the name of a file."""
    asked = {
        "path": path,
        "headers": {"include": path},
        "body": {**BODY, "system": path, "model": path},
    }
    explained = said(gateway.url, request("POST", "/admin/explain", json.dumps(asked).encode()))
    assert b"planted" not in explained
    assert b"root:" not in explained
    for body in ({"config": path}, {"accept": path}, {"path": path}):
        reloaded = said(gateway.url, request("POST", "/admin/reload", json.dumps(body).encode()))
        assert b"planted" not in reloaded
        assert b"root:" not in reloaded
