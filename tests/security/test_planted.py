"""Secrets are planted wherever one can be, and looked for wherever something is shown: none is found.

A gateway serves at debug level; its providers and its proxy repeat all that they are shown, in every form
that servers have been seen to use. Everything that comes out is kept: the log, the record of traffic, the
pages, the heads of all answers and the bodies of those that are errors. (What a model says is handed on as
it is, so no model says a secret here.)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from servers import gateway as gateways
from servers.authority import authority
from servers.process import wait_until
from servers.telltale import ANSWERS, telltale

from gateway.redaction import forms_of

FORMATS = ("anthropic", "openai-chat", "openai-responses", "gemini", "ollama")
PLACES = (
    *(
        "client",
        "config",
        "environment",
        "env_file",
        "default",
        "header",
        "cookie",
        "scheme",
        "url",
    ),
    *("user", "proxy", "reasoning", "rule", "old", "aws", "tls", "admin", "keys_file"),
)
PLANTED = {place: f"planted-{place}-Zq4711Xw" for place in PLACES}
SHAPED = {
    "client-key": "sk-ant-api03-PlantedByAClient0123456789",
    "client-token": "eyJhbGciOiJIUzI1NiJ9.eyJwbGFudGVkIjoxfQ.cGxhbnRlZC1ieS1hLWNsaWVudA",
    "client-cookie": "planted-cookie-of-a-client-4711",
    "prompt": "sk-proj-PlantedInAPrompt0123456789",
    "model": "AIzaPlantedInAModelsName0123456789",
}
"""Those that the gateway is never told."""

KEYS = {
    "config": "api_key: {config}",
    "environment": 'api_key: "${{PLANTED_KEY}}"',
    "env_file": 'api_key: "${{PLANTED_IN_FILE}}"',
    "default": 'api_key: "${{NOT_SET:-{default}}}"',
    "header": "headers: {{x-extra-token: {header}, cookie: {cookie}}}",
    "scheme": 'headers: {{authorization: "Token {scheme}"}}',
    "url": "api_key: {config}",
    "proxy": 'api_key: {config}, network: {{proxy: "{proxy_url}"}}',
    "tls": "api_key: {config}, network: {{ca_file: ca.pem}}",
}
"""Where a provider's secret stands -> how the config writes it."""


BODY = {
    "model": "claude-x",
    "max_tokens": 9,
    "system": f"api_key: {SHAPED['prompt']}",
    "messages": [{"role": "user", "content": f"my key:\n{SHAPED['prompt']}"}],
}


@dataclass
class Shown:
    """Everything that came out, by where."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, where: str, text: str) -> None:
        """Keeps a text."""
        self.texts.setdefault(where, []).append(text)

    def leaks(self) -> set[tuple[str, str]]:
        """(secret, where) for each secret that can be read, in whatever form, or by its masked end."""
        secrets = {name: forms_of(text) for name, text in {**PLANTED, **SHAPED}.items()}
        masked = {name: (f"...{text[-4:]}",) for name, text in PLANTED.items()}
        return {
            (name, where)
            for where, texts in self.texts.items()
            for name in secrets
            for form in (*secrets[name], *masked.get(name, ()))
            if any(form in text for text in texts)
        }


def config(url: str, proxy: str, *, key: str) -> str:
    """Every format, every place, every way to fail."""
    known = {**PLANTED, "proxy_url": proxy.replace("://", f"://me:{PLANTED['proxy']}@")}
    lines = [
        f"  {format}-{place}-{answer}: {{dialect: {format}, base_url: "
        f'"{address(url, place)}/{answer}", {written.format(**known)}}}'
        for format in FORMATS
        for place, written in KEYS.items()
        for answer in ANSWERS
        if place == "config" or answer in ("e401", "page")
    ]
    return f"""\
server:
  auth: {{keys: [{{name: laptop, key: {key}}}], keys_file: keys.txt}}
  admin: {{key: {PLANTED["admin"]}}}
providers:
{chr(10).join(lines)}
reasoning: {{key: {PLANTED["reasoning"]}}}
recorder: {{path: traffic.jsonl, bodies: true}}
print_system: true
transforms: {{told: [{{system: {{append: "the key is ${{PLANTED_KEY}}"}}}}]}}
apply: [told]
rules:
  - {{name: seen, when: {{header: {{x-team-token: {PLANTED["rule"]}}}}}, use: "anthropic-config-e500:m"}}
default: {{use: "openai-chat-config-e500:m", fallback: ["gemini-config-page:m", "anthropic-url-e401:m"]}}
"""


def address(url: str, place: str) -> str:
    """The server's, with a name and a password where they are planted."""
    if place != "url":
        return url
    return url.replace("://", f"://{PLANTED['user']}:{PLANTED['url']}@")


@pytest.fixture(scope="module")
def shown_by_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """What a gateway shows in a life full of failures."""
    folder, shown = tmp_path_factory.mktemp("planted"), Shown()
    lab = authority(folder)
    (folder / "ca.pem").write_text(lab.pem + (folder / "server.pem").read_text())
    (folder / "keys.txt").write_text(f"ci {PLANTED['keys_file']}\n")
    (folder / ".env").write_text(f"PLANTED_IN_FILE={PLANTED['env_file']}\n")
    environment = {
        "PLANTED_KEY": PLANTED["environment"],
        "AWS_SECRET_ACCESS_KEY": PLANTED["aws"],
        "OPENAI_API_KEY": PLANTED["aws"],
    }
    with telltale() as url, telltale() as proxy:
        text = config(url, proxy, key=PLANTED["old"])
        serving = gateways.serving(
            text, folder=folder, env=environment, options=("--log-level", "debug")
        )
        with serving as gateway:
            live(gateway, shown, lambda key: config(url, proxy, key=key))
        shown.add("log", gateway.process.log_text())
    shown.add("traffic", (folder / "traffic.jsonl").read_text())
    pem = [line for line in (folder / "server.pem").read_text().splitlines() if len(line) > 30]
    assert not [line for line in pem if line in str(shown.texts)]
    yield shown


def live(gateway: gateways.Gateway, shown: Shown, config: Callable[[str], str]) -> None:
    """Asks every provider, whole and streamed, every page, and changes the config for good and ill."""
    with httpx.Client(base_url=gateway.url, timeout=60, headers=headers(PLANTED["old"])) as client:
        providers = [
            line.strip().partition(":")[0]
            for line in gateway.config.read_text().splitlines()
            if line.startswith("  ") and "base_url" in line
        ]
        for number, provider in enumerate(providers):
            keep(shown, client, f"/{provider}:m/v1/messages", stream=number % 2 == 0)
        for provider in providers[:: len(ANSWERS)]:
            keep(shown, client, f"/{provider}:m/v1/messages/count_tokens")
        for path in ("/v1/messages", "/nobody:m/v1/messages", "/admin/explain", "/v1/messagesx"):
            keep(shown, client, f"{path}?key={SHAPED['client-key']}")
        keep(shown, client, "/v1/messages", team=PLANTED["rule"])
        keep(shown, client, f"/{providers[0]}:{SHAPED['model']}/v1/messages")
        client.headers = httpx.Headers(headers("wrong-" + SHAPED["client-cookie"]))
        keep(shown, client, "/v1/messages")
        for broken in ("providers: {{", f"servr: {PLANTED['config']}\n", "rules: 5\n"):
            gateway.config.write_text(config(PLANTED["client"]) + broken)
            keep_pages(shown, client)
        gateway.config.write_text(config(PLANTED["client"]))
        client.headers = httpx.Headers(headers(PLANTED["client"]))
        wait_until(lambda: client.get("/v1/models").status_code == 200, seconds=20, what="the key")
        keep(shown, client, f"/{providers[0]}:m/v1/messages")
        keep_pages(shown, client)


def headers(key: str) -> dict[str, str]:
    """What a client shows."""
    return {
        "x-api-key": key,
        "authorization": f"Bearer {SHAPED['client-token']}",
        "cookie": f"session={SHAPED['client-cookie']}",
        "x-other": SHAPED["client-key"],
    }


def keep(
    shown: Shown, client: httpx.Client, path: str, *, stream: bool = False, team: str = ""
) -> None:
    """Asks, and keeps the head of the answer, and its body if it is an error or holds one."""
    try:
        answer = client.post(
            path, json={**BODY, "stream": stream}, headers={"x-team-token": team} if team else None
        )
    except httpx.RemoteProtocolError as error:
        shown.add("cut", str(error))
        return
    shown.add("heads", f"{answer.status_code} {answer.headers!r} {answer.headers.raw!r}")
    if answer.status_code >= 400:
        assert answer.json()["type"] == "error"
        shown.add("errors", answer.text)
    elif "explain" in path:
        shown.add("pages", answer.text)
    else:
        shown.add("streams", answer.text)


def keep_pages(shown: Shown, client: httpx.Client) -> None:
    """Every page that can be read."""
    known = {"x-api-key": PLANTED["admin"]}
    for path in (
        "/",
        "/health",
        "/health/ready",
        "/v1/models",
        "/v1/stats",
        "/metrics",
        "/nothing",
    ):
        shown.add("pages", client.get(path, headers=known).text)
    asked = {"headers": {"x-team-token": PLANTED["rule"]}, "body": BODY}
    shown.add("pages", client.post("/admin/explain", json=asked, headers=known).text)
    shown.add("pages", client.post("/admin/reload", json={}, headers=known).text)


def test_everything_was_shown(shown_by_all: Shown) -> None:
    """The search means something: each kind of place holds a lot, and blots where secrets were."""
    sizes = {where: len("".join(texts)) for where, texts in shown_by_all.texts.items()}
    assert sizes.keys() >= {"log", "traffic", "heads", "errors", "streams", "pages"}
    for where in ("log", "traffic", "heads", "errors", "streams", "pages"):
        assert sizes[where] > 500, sizes
        assert "[secret]" in "".join(shown_by_all.texts[where]), where
    log = "".join(shown_by_all.texts["log"])
    assert '"level":"debug"' in log
    assert "api_key" in json.dumps(shown_by_all.texts["traffic"])


def test_no_planted_secret_is_shown_anywhere(shown_by_all: Shown) -> None:
    """In no form, and not in part."""
    assert shown_by_all.leaks() == set()


def test_the_search_finds_what_is_there() -> None:
    """It is not blind: each secret, in each of its forms, would be found."""
    for name, text in {**PLANTED, **SHAPED}.items():
        for form in forms_of(text):
            shown = Shown()
            shown.add("log", f"x{form}y")
            assert (name, "log") in shown.leaks()
