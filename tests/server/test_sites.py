"""Which hosts and which web pages a request may come by: tables, through the application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgi_gateway import Gateway, Heard, answering
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import ServerSettings
from gateway.server.access.sites import MOST_HOSTS, Sites

CONFIG = """\
server:
  host: "{host}"
  hosts: [gw.example.com, "*.lan"]
  origins: ["https://app.example.com", "vscode-webview://*"]
  allow_unauthenticated: true
default: mock:x
"""
PATHS = ("/health", "/", "/health/ready", "/api/hello", "/v1/models", "/v1/stats", "/nowhere")
LOOPBACK, ANYWHERE, LAN = "127.0.0.1", "0.0.0.0", "10.0.0.7"  # noqa: S104


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(host=LOOPBACK))
    return Gateway(path)


def asked(gateway: Gateway, *, path: str = "/health", **headers: str) -> Heard:
    """A request with these headers; `_` stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gateway.ask("GET", path, headers=named)


# -- the Host header ---------------------------------------------------------------------------------

HOSTS = {
    # Host header: the addresses at which the gateway listens and takes it
    "127.0.0.1:4000": {LOOPBACK, ANYWHERE, LAN},
    "127.0.0.1": {LOOPBACK, ANYWHERE, LAN},
    "127.8.9.1:4000": {LOOPBACK, ANYWHERE, LAN},
    "localhost:4000": {LOOPBACK, ANYWHERE, LAN},
    "LocalHost": {LOOPBACK, ANYWHERE, LAN},
    "localhost.:80": {LOOPBACK, ANYWHERE, LAN},
    "gateway.localhost": {LOOPBACK, ANYWHERE, LAN},
    "[::1]:4000": {LOOPBACK, ANYWHERE, LAN},
    "[::ffff:127.0.0.1]:4000": {LOOPBACK, ANYWHERE, LAN},
    "gw.example.com": {LOOPBACK, ANYWHERE, LAN},
    "GW.example.com.:8443": {LOOPBACK, ANYWHERE, LAN},
    "nas.lan": {LOOPBACK, ANYWHERE, LAN},
    "10.0.0.7:4000": {ANYWHERE, LAN},
    "192.168.1.4": {ANYWHERE, LAN},
    "[2001:db8::1]:4000": {ANYWHERE, LAN},
    "0.0.0.0:4000": {ANYWHERE, LAN},
    "evil.example": set(),
    "evil.example:4000": set(),
    "localhost.evil.example": set(),
    "127.0.0.1.evil.example": set(),
    "gw.example.com.evil.example": set(),
    "notlocalhost": set(),
    "lan": set(),
    "evil.lan@evil.example": set(),
    "user@localhost": set(),
    "localhost:4000:1": set(),
    "localhost:": set(),
    "localhost:http": set(),
    "localhost evil": set(),
    "localhost, evil.example": set(),
    "127.1": set(),
    "2130706433": set(),
    "0x7f.1": set(),
    "::1": set(),
    "[::1": set(),
    "": set(),
    " ": set(),
    ".": set(),
    "*": set(),
}


@pytest.mark.parametrize("listens", [LOOPBACK, ANYWHERE, LAN])
@pytest.mark.parametrize("host", HOSTS)
def test_the_table_of_hosts(host: str, listens: str) -> None:
    """Its own names and those of the config; an address wherever it can be reached by one."""
    settings = ServerSettings(host=listens, hosts=("gw.example.com", "*.lan"))
    assert objects(settings, host=host) == (listens not in HOSTS[host])


def objects(settings: ServerSettings, sites: Sites | None = None, **headers: str) -> bool:
    """A request with these headers is refused."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    scope: dict[str, Any] = {"headers": [(name.encode(), b"") for name in named]}
    return (sites or Sites()).objection(settings, named, scope) is not None


def test_the_application_asks_the_same(gateway: Gateway) -> None:
    """With the config that serves."""
    for host in HOSTS:
        expected = 200 if LOOPBACK in HOSTS[host] else 403
        assert asked(gateway, host=host).status == expected, host


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_behind_the_same_door(gateway: Gateway, path: str) -> None:
    """Health too: it tells who listens here."""
    heard = asked(gateway, path=path, host="evil.example")
    assert (heard.status, heard.json["error"]["type"]) == (403, "permission_error")


def test_the_refusal_says_how_to_mend_it(gateway: Gateway) -> None:
    """A proxy in front sends its own name: whoever set it up reads this."""
    message = asked(gateway, host="proxy.example").json["error"]["message"]
    for words in ("'proxy.example'", "server.hosts", "Host: localhost"):
        assert words in message


def test_messages_are_behind_the_door_too(gateway: Gateway) -> None:
    """Nothing is asked of a provider for a page that was pointed here."""
    gateway.provider = answering(b"", status=400)
    gateway.path.write_text(CONFIG.format(host=LOOPBACK).replace("mock:x", "llamacpp:x"))
    body = {"model": "x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    for path in ("/v1/messages", "/llamacpp:x/v1/messages", "/v1/messages/count_tokens"):
        assert gateway.ask("POST", path, body, headers={"host": "evil.example"}).status == 403
        assert gateway.ask("POST", path, body, headers={"host": "localhost"}).status != 403


def test_a_saved_change_lets_the_next_request_in(gateway: Gateway) -> None:
    """And the one after it is refused again when the name is taken out."""

    gateway.path.write_text(CONFIG.format(host=LOOPBACK).replace("gw.example.com", "new.example"))
    assert asked(gateway, host="new.example").status == 200
    assert asked(gateway, host="gw.example.com").status == 403


@given(st.text(max_size=30))
def test_no_other_name_is_taken(host: str) -> None:
    """Whatever a Host header holds: the names of this machine, and no others."""
    name = host.rpartition(":")[0] or host
    if not objects(ServerSettings(), host=host):
        bare = name.strip("[]").lower().rstrip(".")
        assert (
            bare == "localhost"
            or bare.endswith(".localhost")
            or bare[:4] in ("127.", "::1", "::ff")
        )


def test_two_hosts_are_none() -> None:
    """What reads the first and what reads the last would not agree."""
    scope: dict[str, Any] = {"headers": [(b"host", b"evil.example"), (b"host", b"localhost")]}
    sites, headers = Sites(), {"host": "localhost"}
    assert not sites.are_plain(ServerSettings(), headers, scope)
    assert sites.objection(ServerSettings(), headers, scope) is not None


def test_the_ordinary_host_is_looked_at_once() -> None:
    """Afterwards it is one look into a set, which does not grow with what is sent."""
    sites, settings = Sites(), ServerSettings()
    assert not sites.are_plain(settings, {"host": "localhost"}, {"headers": [(b"host", b"")]})
    for number in range(2 * MOST_HOSTS):
        headers = {"host": f"localhost:{number % 60000}"}
        scope: dict[str, Any] = {"headers": [(b"host", b"")]}
        assert sites.objection(settings, headers, scope) is None
        assert sites.are_plain(settings, headers, scope) == (number < MOST_HOSTS)
    assert not sites.are_plain(ServerSettings(hosts=("a",)), {"host": "localhost:1"}, scope)


def test_the_address_of_the_command_line_counts() -> None:
    """`--host` stands over the config."""
    assert objects(ServerSettings(), host="nas.example")
    assert not objects(ServerSettings(), Sites(("NAS.example",)), host="nas.example")


# -- origins -----------------------------------------------------------------------------------------

OWN = "localhost:4000"
ORIGINS = {
    # (Host, Origin, Sec-Fetch-Site): the request is taken
    (OWN, None, None): True,
    (OWN, None, "none"): True,
    (OWN, None, "same-origin"): True,
    (OWN, None, "same-site"): True,
    (OWN, None, "cross-site"): False,
    (OWN, None, "Cross-Site"): False,
    (OWN, "http://localhost:4000", None): True,
    (OWN, "http://localhost:4000", "same-origin"): True,
    (OWN, "HTTP://LOCALHOST:4000", None): True,
    ("localhost", "http://localhost", None): True,
    ("localhost:80", "http://localhost", None): True,
    ("gw.example.com", "https://gw.example.com", None): True,
    (OWN, "http://localhost", None): False,
    (OWN, "http://localhost:3000", "same-site"): False,
    (OWN, "http://127.0.0.1:4000", None): False,
    (OWN, "https://evil.example", "cross-site"): False,
    (OWN, "https://evil.example", None): False,
    (OWN, "http://evil.example:4000", None): False,
    (OWN, "http://localhost:4000.evil.example", None): False,
    (OWN, "http://evil.example@localhost:4000", None): False,
    (OWN, "http://localhost:4000/path", None): False,
    (OWN, "null", None): False,
    (OWN, "file://", None): False,
    (OWN, "", None): False,
    (OWN, "https://app.example.com", "cross-site"): True,
    (OWN, "https://APP.example.com", None): True,
    (OWN, "http://app.example.com", None): False,
    (OWN, "https://app.example.com:444", None): False,
    (OWN, "https://app.example.com.evil.example", None): False,
    (OWN, "vscode-webview://0a1b2c", None): True,
    (None, "http://localhost:4000", None): False,
    ("evil.example", "http://evil.example", "same-origin"): False,
}


@pytest.mark.parametrize(("row", "is_taken"), ORIGINS.items(), ids=map(str, ORIGINS))
def test_the_table_of_origins(
    gateway: Gateway, row: tuple[str | None, str | None, str | None], is_taken: bool
) -> None:
    """Programs tell no origin; a page tells its own, and has to be the gateway's or one of the config."""
    names = ("host", "origin", "sec-fetch-site")
    headers = {name: value for name, value in zip(names, row, strict=True) if value is not None}
    heard = gateway.ask("GET", "/health", headers=headers)
    assert heard.status == (200 if is_taken else 403)
    assert ("server." in heard.json.get("error", {}).get("message", "")) != is_taken


PREFLIGHT = {
    "host": OWN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "x-api-key,content-type",
}


def test_a_listed_page_may_read_the_answer(gateway: Gateway) -> None:
    """The browser asks first, without a key, and is told what the page may send."""
    origin = "https://app.example.com"
    heard = gateway.ask("OPTIONS", "/v1/messages", headers={**PREFLIGHT, "origin": origin})
    assert (heard.status, heard.body) == (204, b"")
    assert heard.headers["access-control-allow-origin"] == origin
    assert heard.headers["access-control-allow-headers"] == "x-api-key,content-type"
    assert "POST" in heard.headers["access-control-allow-methods"]
    answer = asked(gateway, path="/", host=OWN, origin=origin)
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_no_other_page_is_told_anything(gateway: Gateway, origin: str) -> None:
    """Neither before nor after; and nothing says `*`."""
    for heard in (
        gateway.ask("OPTIONS", "/v1/messages", headers={**PREFLIGHT, "origin": origin}),
        asked(gateway, path="/", host=OWN, origin=origin),
    ):
        assert heard.status == 403
        assert not [name for name in heard.headers if name.startswith("access-control")]


def test_programs_see_nothing_of_it(gateway: Gateway) -> None:
    """Their answers have no header more than before."""
    heard = asked(gateway, path="/", host=OWN)
    assert not [name for name in heard.headers if name.startswith(("access-control", "vary"))]


def test_the_metrics_count_refusals(gateway: Gateway) -> None:
    """By their reason, so that a proxy that was set up wrongly is seen."""
    asked(gateway, host="evil.example")
    asked(gateway, host=OWN, origin="https://evil.example")
    page = gateway.ask("GET", "/metrics").body.decode()
    assert 'gateway_foreign_requests_total{reason="host"} 1.0' in page
    assert 'gateway_foreign_requests_total{reason="origin"} 1.0' in page
