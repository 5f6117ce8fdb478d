"""Keys from files, certificates, and what a config says of who may use the gateway."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.authority import pair

from gateway.config import Budget, ClientKey, Files, Loaded, load
from gateway.config.sections.access import guessable, hash_of, is_loopback, parse_expiry

KEY = "gw-0123456789abcdef0123456789abcdef"
OTHER = "gw-1123456789abcdef0123456789abcdef"


def of(server: dict[str, Any], **texts: str) -> Loaded:
    """What a config with this `server:` comes to, with files of these texts."""

    def read(name: str) -> str:
        if name not in texts:
            raise FileNotFoundError(2, "No such file or directory", name)
        return texts[name]

    text = json.dumps({"server": server, "default": "mock:x"})
    return load(text, file="config.yaml", environment={"KEY": KEY}, files=Files(read=read))


def keys(server: dict[str, Any], **texts: str) -> tuple[ClientKey, ...]:
    found = of(server, **texts)
    assert found.snapshot is not None, found.findings
    return found.snapshot.server.keys


def errors(found: Loaded) -> list[str]:
    return [one.message for one in found.findings if one.severity == "error"]


# -- keys --------------------------------------------------------------------------------------------


def test_a_config_without_keys_has_none() -> None:
    """And nothing of what can be said of keys holds for anybody."""
    made = of({}).snapshot
    assert made is not None
    assert (made.server.keys, made.server.admin, made.server.by_digest) == ((), None, {})
    assert made.server.key_named("laptop") is None
    assert made.server.listens_at_port


def test_everything_that_can_be_said_of_a_key() -> None:
    """Plain data in, values out."""
    said = {
        "name": "ci",
        "hash": hash_of(KEY),
        "expires": "2999-01-31",
        "models": ["openai:*"],
        "rules": "team-*",
        "budget": [{"tokens": "5M", "per": "day"}, {"cost": 10, "per": "month"}],
    }
    text = {
        "server": {"auth": {"keys": [said]}},
        "models": {"openai:x": {"price": {"input": 1}}},
        "rules": [{"name": "team-a", "when": {"key": "ci"}, "use": "mock:y"}],
        "default": "mock:x",
    }
    made = load(json.dumps(text), file="c", environment={}).snapshot
    assert made is not None
    [key] = made.server.keys
    assert (key.models, key.rules) == (("openai:*",), ("team-*",))
    assert key.budgets == (Budget("day", tokens=5_000_000), Budget("month", cost=10.0))
    assert key.expires == parse_expiry("2999-01-31")
    assert KEY not in repr(made.server)


def test_a_file_of_keys() -> None:
    """A name and a key or its hash in each line; the config says what else holds for a name."""
    text = f"# of the team\n\nlaptop {KEY}\nci   {hash_of(OTHER)}\n"
    auth = {"keys_file": "keys", "keys": [{"name": "ci", "models": "openai:*"}]}
    found = {key.name: key for key in keys({"auth": auth}, keys=text)}
    assert found["laptop"] == ClientKey("laptop", KEY)
    assert found["ci"] == ClientKey("ci", hash=hash_of(OTHER), models=("openai:*",))


def test_a_change_of_the_file_is_another_config() -> None:
    """So that it is taken like any other change."""
    auth = {"auth": {"keys_file": "keys"}}
    one, other = of(auth, keys=f"a {KEY}"), of(auth, keys=f"a {OTHER}")
    assert one.files == other.files == ("keys",)
    assert one.snapshot is not None
    assert other.snapshot is not None
    assert one.snapshot.id != other.snapshot.id


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("", "it holds no key"),
        ("# nothing\n", "it holds no key"),
        ("laptop", "expected a name and a key"),
        (f"lap top {KEY}", "expected a name and a key"),
        (f"a {KEY}\na {OTHER}", "another line has this name too"),
        ("a sha256:12", "64 hexadecimal digits"),
        (f"a {'x1y2' * 300}", "at most 1024"),
    ],
)
def test_a_bad_file_of_keys_is_refused(text: str | None, says: str) -> None:
    """Above all one without keys: everybody would be served. What it holds is not shown."""
    found = of({"auth": {"keys_file": "keys"}}, **({} if text is None else {"keys": text}))
    assert found.snapshot is None
    assert any(says in message for message in errors(found))
    assert KEY not in repr(found)


@given(st.text(max_size=80))
def test_whatever_the_file_holds_it_is_keys_or_a_mistake(text: str) -> None:
    """Never an open gateway."""
    found = of({"auth": {"keys_file": "keys"}}, keys=text)
    assert found.snapshot is None or found.snapshot.server.keys


def test_keys_without_a_config_key_are_still_asked_for() -> None:
    """An open port with a file of keys is as good as one with keys."""
    assert errors(of({"host": "0.0.0.0", "auth": {"keys_file": "k"}}, k=f"a {KEY}")) == []  # noqa: S104


@given(st.integers(8, 40))
def test_a_key_of_chance_is_no_finding(length: int) -> None:
    """From sixteen hexadecimal digits on."""
    key = ("0123456789abcdef" * 3)[:length]
    assert guessable(key) == (length < 16)


@pytest.mark.parametrize(
    ("typed", "last"),
    [
        ("2027-01-31", datetime(2027, 1, 31, 23, 59, 59)),
        ("2027-01-31T12:00", datetime(2027, 1, 31, 11, 59, 59)),
        ("2027-01-31 12:00:00Z", datetime(2027, 1, 31, 11, 59, 59, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 9, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_key_is_good_until_its_end(typed: str, last: datetime) -> None:
    """A date is good to its last second."""
    assert parse_expiry(typed) == last.timestamp() + 1


# -- the certificate ---------------------------------------------------------------------------------

TLS = {"tls": {"cert": "cert", "key": "key"}}
GOOD, STRANGE = pair("a.example"), pair("b.example")
OLD = pair("a.example", ends=datetime.now(UTC) - timedelta(days=2))


def test_a_certificate_and_its_key_are_taken() -> None:
    """A new one for the same names is another config."""
    one = of(TLS, cert=GOOD[0], key=GOOD[1]).snapshot
    other = of(TLS, cert=STRANGE[0], key=STRANGE[1]).snapshot
    assert one is not None
    assert other is not None
    assert one.server.tls != other.server.tls
    assert one.id != other.id
    assert "PRIVATE" not in repr(one.server)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"cert": GOOD[0]}, "`server.tls.key`: it cannot be read"),
        ({"key": GOOD[1]}, "`server.tls.cert`: it cannot be read"),
        ({"cert": GOOD[1], "key": GOOD[1]}, "it holds no certificate"),
        ({"cert": GOOD[0], "key": GOOD[0]}, "it holds no private key"),
        ({"cert": GOOD[0], "key": "-----BEGIN PRIVATE KEY-----"}, "it holds no private key"),
        ({"cert": GOOD[0], "key": STRANGE[1]}, "not the key of the first certificate"),
        ({"cert": OLD[0], "key": OLD[1]}, "the certificate expired on"),
    ],
)
def test_a_certificate_that_cannot_serve_is_refused(texts: dict[str, str], says: str) -> None:
    """At the load, and not at the first connection."""
    found = of(TLS, **texts)
    assert found.snapshot is None
    assert any(says in message for message in errors(found))


def test_a_private_key_that_others_can_read_is_told() -> None:
    """As any file of keys."""
    text = json.dumps({"server": TLS, "default": "mock:x"})
    files = Files(read=lambda name: GOOD[name == "key"], is_open=lambda name: name == "key")
    found = load(text, file="c", environment={}, files=files)
    assert [one.code for one in found.findings] == ["readable-keys"]


# -- where it listens --------------------------------------------------------------------------------

LOOPBACK = [
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "localhost", "LOCALHOST", "localhost."),
    *("gw.localhost", "::1", "[::1]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1"),
]
BEYOND = [
    *("0.0.0.0", "::", "[::]", "::ffff:0.0.0.0", "::ffff:10.0.0.1", "10.0.0.1", "192.168.1.2"),  # noqa: S104
    *("fe80::1", "fe80::1%lo", "2001:db8::1", "nas", "nas.lan", "localhost.lan", "notlocalhost"),
    *(
        "127.1",
        "0",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.nip.io",
        "*",
        " ",
        "::127.0.0.1",
    ),
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_needs_no_key(host: str) -> None:
    """Only this machine reaches it."""
    assert is_loopback(host)
    assert errors(of({"host": host})) == []


@pytest.mark.parametrize("host", BEYOND)
def test_beyond_loopback_a_key_is_needed(host: str) -> None:
    """Or the word that it is meant. Names are not looked up: what they mean may change."""
    assert not is_loopback(host)
    assert any("other machines can reach" in one for one in errors(of({"host": host})))
    assert errors(of({"host": host, "allow_unauthenticated": True})) == []
    assert errors(of({"host": host, "auth": {"keys": [{"name": "a", "hash": hash_of(KEY)}]}})) == []
    admin = {"admin": {"hash": hash_of(KEY)}}
    assert errors(of({"host": host, **admin})) != []  # the admin key is none for clients


@pytest.mark.parametrize(
    ("server", "at_port", "mode"),
    [
        ({}, True, None),
        ({"socket": "gw.sock"}, False, 0o600),
        ({"socket": "gw.sock", "port": 4000}, True, 0o600),
        ({"socket": {"path": "gw.sock", "mode": "660"}, "host": "::1"}, True, 0o660),
    ],
)
def test_a_socket_stands_in_place_of_the_port_or_beside_it(
    server: dict[str, Any], at_port: bool, mode: int | None
) -> None:
    """Beside it where a host or a port is named."""
    made = of(server).snapshot
    assert made is not None
    assert made.server.listens_at_port == at_port
    assert (made.server.socket.mode if made.server.socket else None) == mode


@pytest.mark.parametrize(
    ("mode", "is_safe"),
    [("600", True), ("660", True), ("0666", False), ("606", False), ("604", True)],
)
def test_a_socket_for_every_user_needs_a_key(mode: str, is_safe: bool) -> None:
    """To connect is to write."""
    server = {"socket": {"path": "gw.sock", "mode": mode}}
    found = of(server)
    assert (found.snapshot is not None) == is_safe
    opened = replace(
        of({**server, "allow_unauthenticated": True}).snapshot.server,  # type: ignore[union-attr]
        allow_unauthenticated=False,
    )
    assert opened.is_safe == is_safe
