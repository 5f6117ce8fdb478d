"""What only whoever runs the gateway is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgi_gateway import Gateway

from gateway.config import ClientKey, ServerSettings
from gateway.config.sections.access import hash_of
from gateway.server.access.auth import is_local, may_look_inside

CLIENT, ADMIN = "key-of-the-laptop", "key-of-the-admin"
CLIENTS = f"auth: {{keys: [{{name: laptop, key: {CLIENT}}}]}}"
CONFIGS = {
    "nobody": "",
    "clients": f"server: {{{CLIENTS}}}\n",
    "admin": f"server: {{admin: {{key: {ADMIN}}}}}\n",
    "both": f"server: {{{CLIENTS}, admin: {{hash: '{hash_of(ADMIN)}'}}}}\n",
}
"""Who has a key."""

PAGES = (
    ("GET", "/metrics"),
    ("GET", "/v1/stats"),
    ("POST", "/admin/reload"),
    ("POST", "/admin/explain"),
)

TABLE = {
    # (who has a key, the key that is shown): status
    ("nobody", ""): 200,
    ("nobody", "anything"): 200,
    ("clients", ""): 401,
    ("clients", "anything"): 401,
    ("clients", CLIENT): 403,
    ("admin", ""): 401,
    ("admin", "anything"): 401,
    ("admin", ADMIN): 200,
    ("both", ""): 401,
    ("both", "anything"): 401,
    ("both", CLIENT): 403,
    ("both", ADMIN): 200,
}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path / "config.yaml")


@pytest.mark.parametrize(("row", "status"), TABLE.items(), ids=map(str, TABLE))
def test_the_table_of_pages(gateway: Gateway, row: tuple[str, str], status: int) -> None:
    """Counts of everybody's traffic, the config, the explanation of a request; health tells less."""
    who, key = row
    gateway.path.write_text(CONFIGS[who] + "default: mock:x\n")
    forms = ({"authorization": f"Bearer {key}"}, {"x-api-key": key})
    for (method, path), form in zip(PAGES, forms * 2, strict=True):
        headers = {"content-type": "application/json", **form}
        body = ASKED if path == "/admin/explain" else {}
        assert gateway.ask(method, path, body, headers=headers).status == status, path
    for headers in forms:
        health = gateway.ask("GET", "/health", headers=headers)
        assert (health.status, health.json["status"]) == (200, "ok")
        assert ("config" in health.json) == (status == 200)
        assert status == 200 or set(health.json) == {"status", "ready"}


ASKED = {"body": {"model": "x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}}


def test_the_refusal_says_which_key_is_meant(gateway: Gateway) -> None:
    """And what to add where there is none."""
    gateway.path.write_text(CONFIGS["clients"] + "default: mock:x\n")
    heard = gateway.ask("GET", "/metrics", headers={"x-api-key": CLIENT})
    assert "server.admin.key" in heard.json["error"]["message"]


PEERS: dict[tuple[Any, tuple[str, ...]], bool] = {
    (("127.0.0.1", 1), ()): True,
    (("127.3.2.1", 1), ()): True,
    (("::1", 1), ()): True,
    (("::ffff:127.0.0.1", 1), ()): True,
    (None, ()): True,  # a unix socket
    (("10.0.0.7", 1), ()): False,
    (("::ffff:10.0.0.7", 1), ()): False,
    (("127.0.0.1", 1), ("x-forwarded-for",)): False,
    (("127.0.0.1", 1), ("forwarded",)): False,
    (None, ("x-real-ip",)): False,
}


@pytest.mark.parametrize(("row", "is_here"), PEERS.items(), ids=map(str, PEERS))
def test_without_any_key_this_machine_alone_is_told(
    row: tuple[Any, tuple[str, ...]], is_here: bool
) -> None:
    """Not what comes from it through a proxy."""
    peer, names = row
    headers = dict.fromkeys(names, "192.0.2.1")
    assert is_local(headers, {"client": peer}) is is_here
    assert may_look_inside(ServerSettings(), headers, {"client": peer}) is is_here
    keys = (ClientKey("a", CLIENT),)
    assert not may_look_inside(ServerSettings(keys=keys), headers, {"client": peer})
