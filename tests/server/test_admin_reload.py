"""`POST /admin/reload`, and what health tells of the config."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from asgi_gateway import Gateway

from gateway.server.pages import metrics

CONFIG = (
    'providers: {lab: {dialect: openai-chat, base_url: "http://127.0.0.1:9"}}\ndefault: lab:m\n'
)
KEYS = """\
server:
  auth: {keys: [{name: laptop, key: of-the-laptop}]}
  admin: {key: of-the-operator}
"""
JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return Gateway(path)


def test_a_reload_tells_what_came_of_it(gateway: Gateway) -> None:
    """Here nothing has changed; the config is told as health tells it."""
    heard = gateway.ask("POST", "/admin/reload", {}, headers=JSON)
    assert heard.status == 200
    assert heard.json["outcome"] == "unchanged"
    assert heard.json["findings"] == []
    config = gateway.ask("GET", "/health").json["config"]
    assert config["id"] == heard.json["config"]["id"]
    assert (config["last_refusal"], config["held"]) == (None, None)


def test_the_metrics_count_what_came_of_it(tmp_path: Path) -> None:
    """Loaded, refused or unchanged, and since when the config serves."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    services = Gateway(path).make_services()

    async def reload(text: str) -> None:
        path.write_text(text)
        await services.config.reload()

    for text in (CONFIG.replace("lab:m", "lab:n"), "default: nothing", CONFIG):
        asyncio.run(reload(text))
    lines = metrics.render(services, tasks=0).decode().splitlines()
    assert 'gateway_config_reloads_total{outcome="loaded"} 2.0' in lines
    assert 'gateway_config_reloads_total{outcome="refused"} 1.0' in lines
    assert any(line.startswith("gateway_config_loaded_timestamp_seconds ") for line in lines)


def test_a_reload_asks_for_the_admin_key_where_there_is_one(gateway: Gateway) -> None:
    """It decides what serves everybody, so a client's key does not do."""
    gateway.path.write_text(KEYS + CONFIG)
    assert gateway.ask("POST", "/admin/reload", {}, headers=JSON).status == 401
    shown = {**JSON, "x-api-key": "of-the-laptop"}
    assert gateway.ask("POST", "/admin/reload", {}, headers=shown).status == 403
    shown = {**JSON, "x-api-key": "of-the-operator"}
    assert gateway.ask("POST", "/admin/reload", {}, headers=shown).status == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_web_page_cannot_have_a_browser_ask_for_a_reload(gateway: Gateway, kind: str) -> None:
    """Without a question before, browsers send only bodies that are not declared as JSON."""
    heard = gateway.ask("POST", "/admin/reload", {}, headers={"content-type": kind})
    assert heard.status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b'{"accept": 1}', b'{"acept": true}'])
def test_what_means_nothing_is_refused(gateway: Gateway, body: bytes) -> None:
    """A wish that was mistyped is not taken for none."""
    assert gateway.ask("POST", "/admin/reload", body, headers=JSON).status == 400
