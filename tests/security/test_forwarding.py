"""What crosses the gateway: no client's credential goes to a provider, no header says more than its value,
no redirect is followed, and no address in a request is asked by the gateway itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Heard
from hypothesis import given
from hypothesis import strategies as st
from servers import raw
from servers.raw import Call, Raw

from gateway.pipeline import shown
from gateway.server import Services
from gateway.upstream import Upstream

FORMATS = ("anthropic", "openai-chat", "openai-responses", "gemini", "ollama")


def config(url: str, *, more: str = "") -> str:
    """One server under every format."""
    providers = "\n".join(
        f'  {name}: {{dialect: {name}, base_url: "{url}", api_key: key-of-the-gateway{more}}}'
        for name in FORMATS
    )
    return f"providers:\n{providers}\ndefault: openai-chat:m\n"


# -- credentials -------------------------------------------------------------------------------------

PLANTED = "of-the-client-4711"
SHOWN = {
    "x-api-key": PLANTED,
    "authorization": f"Bearer {PLANTED}",
    "proxy-authorization": f"Basic {PLANTED}",
    "cookie": f"session={PLANTED}",
    "x-goog-api-key": PLANTED,
    "api-key": PLANTED,
    "x-auth-token": PLANTED,
    "x-amz-security-token": PLANTED,
    "x-forwarded-for": PLANTED,
    "referer": f"https://{PLANTED}@h/?key={PLANTED}",
    "host": f"{PLANTED}.example",
    "user-agent": "claude-cli",
    "anthropic-beta": "some-beta",
}


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_clients_credential_goes_to_no_provider(tmp_path: Path, format: str, path: str) -> None:
    """In whichever header or parameter it is shown; the provider is shown the gateway's own."""
    seen: list[httpx.Request] = []

    async def provider(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500, json={"error": {"message": "no"}})

    known = f"server: {{hosts: [{PLANTED}.example]}}\n"
    (tmp_path / "config.yaml").write_text(known + config("http://lab.example"))
    server = Gateway(tmp_path / "config.yaml", provider=provider)
    server.query = f"beta=true&key={PLANTED}&api_key={PLANTED}&token={PLANTED}".encode()
    heard = server.ask("POST", f"/{format}:m{path}", ASK, headers=SHOWN)
    assert heard.status in (200, 500)
    for request in seen:
        told = f"{request.url} {request.headers.raw!r} {request.content!r}"
        assert PLANTED not in told
        assert "key-of-the-gateway" in f"{request.headers.raw!r}"
    assert seen or path.endswith("count_tokens")


# -- headers -----------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(["request-id", "anthropic-x", "retry-after"]), st.text()))
def test_no_header_ends_before_its_value(headers: dict[str, str]) -> None:
    """Whatever a provider, a model's name or a rule puts there."""
    told = shown(headers)
    assert told.keys() == headers.keys()
    assert not [value for value in told.values() if any(c in value for c in "\r\n\0\x85")]
    assert shown(told) == told


STRANGE = (
    b"request-id: a\rset-cookie: x=1",
    b"request-id: a\nset-cookie: x=1",
    b"request-id: a\r\n set-cookie: x=1",
    b"request-id: a\0b",
    b"request-id: a\x0bb\x0cb\x1bb\x7fb\x85b",
    b"request-id: key-of-the-gateway",
    b"anthropic-ratelimit: Bearer key-of-the-gateway",
    b"retry-after: 1\x0bset-cookie: x=1",
    b"retry-after: key-of-the-gateway",
    b"set-cookie: x=1\r\nlocation: http://evil.example\r\nx-gateway-target: lie",
)


@pytest.mark.parametrize("status", [b"200 OK", b"429 No", b"500 No"])
def test_a_provider_puts_nothing_into_an_answers_head(tmp_path: Path, status: bytes) -> None:
    """No header of its own choice, no line of its own, and no key that it was shown."""
    lines = iter(STRANGE)

    async def script(call: Call) -> bool:
        body = b'{"type":"message","role":"assistant","content":[],"stop_reason":"end_turn"}'
        head = b"HTTP/1.1 " + status + b"\r\ncontent-type: application/json\r\n" + next(lines)
        await call.say(head + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        return False

    async def play() -> list[Heard]:
        async with raw.serving(script) as provider, connected(tmp_path, provider.url) as ask:
            return [await ask("/anthropic:m/v1/messages", ASK) for _ in STRANGE]

    for heard in asyncio.run(play()):
        assert heard.headers.keys().isdisjoint({"set-cookie", "location"})
        assert heard.headers.get("x-gateway-target") == "anthropic:m"
        assert all(value.isprintable() for value in heard.headers.values())
        assert "key-of-the-gateway" not in f"{heard.headers} {heard.body!r}"


BROKEN = ("a\r\nx-evil: 1", "a\nx-evil: 1", "a\rb", "a\0b", "a\r\n\r\nPOST / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("more", ["", ", network: {http2: true}"])
@pytest.mark.parametrize("value", BROKEN)
def test_a_client_puts_nothing_into_a_requests_head(tmp_path: Path, value: str, more: str) -> None:
    """The server's parser takes no such header; should one come all the same, it is not sent."""

    async def script(call: Call) -> bool:
        return False

    async def play() -> tuple[Heard, list[Call]]:
        async with raw.serving(script) as provider:
            async with connected(tmp_path, provider.url, more=more) as ask:
                heard = await ask("/anthropic:m/v1/messages", ASK, {"anthropic-beta": value})
            return heard, provider.calls

    heard, calls = asyncio.run(play())
    assert heard.status >= 400
    assert not [call for call in calls if b"evil" in call.head or call.turn]


# -- redirects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["", ", network: {http2: true}"])
def test_no_redirect_is_followed(tmp_path: Path, more: str) -> None:
    """A provider cannot send the prompt, or the key, to somebody else; and it is no success."""
    moved = iter(REDIRECTS)

    async def play() -> tuple[list[Heard], Raw, Raw]:
        async with raw.serving(_nothing) as elsewhere:

            async def script(call: Call) -> bool:
                head = f"HTTP/1.1 {next(moved)} Moved\r\nlocation: {elsewhere.url}/v1/messages\r\n"
                await call.say(f"{head}content-length: 0\r\n\r\n".encode())
                return False

            async with raw.serving(script) as provider:
                async with connected(tmp_path, provider.url, more=more) as ask:
                    heard = [await ask("/openai-chat:m/v1/messages", ASK) for _ in REDIRECTS]
                return heard, provider, elsewhere

    heard, provider, elsewhere = asyncio.run(play())
    assert len(provider.calls) == len(REDIRECTS)
    assert elsewhere.connections == 0
    assert all(one.status >= 400 and one.json["type"] == "error" for one in heard)


REDIRECTS = (300, 301, 302, 303, 304, 305, 307, 308)


# -- addresses in a request --------------------------------------------------------------------------


def sources(url: str) -> dict[str, dict[str, Any]]:
    """Blocks that name an address, and places where a careless server might look for one."""
    link = {"type": "url", "url": f"{url}/x.png"}
    return {
        "image": {"type": "image", "source": link},
        "document": {"type": "document", "source": {**link, "url": f"{url}/x.pdf"}},
        "tool result": {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": [{"type": "image", "source": link}],
        },
        "text": {"type": "text", "text": f"Look at {url}/x ![x]({url}/x.png)"},
        "file": {"type": "image", "source": {"type": "file", "file_id": f"{url}/x"}},
        "userinfo": {"type": "image", "source": {**link, "url": url.replace("://", "://a:b@")}},
        "metadata service": {
            "type": "image",
            "source": {**link, "url": "http://169.254.169.254/latest/meta-data/"},
        },
        "a file's address": {"type": "image", "source": {**link, "url": "file:///etc/passwd"}},
    }


@pytest.mark.parametrize("format", FORMATS)
def test_an_address_in_a_request_is_never_asked(tmp_path: Path, format: str) -> None:
    """The gateway fetches nothing: the address is handed to the provider, or left out and disclosed."""
    call = {"type": "tool_use", "id": "t", "name": "Read", "input": {}}

    async def refuse(call: Call) -> bool:
        await call.say(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")
        return False

    async def play() -> tuple[Raw, Raw]:
        async with raw.serving(_nothing) as listener, raw.serving(refuse) as provider:
            async with connected(tmp_path, provider.url) as ask:
                for source, block in sources(listener.url).items():
                    before = [{"role": "assistant", "content": [call]}]
                    messages = before if source == "tool result" else []
                    said = {"role": "user", "content": [block]}
                    body = {**ASK, "messages": [{"role": "user", "content": "Hi"}, *messages, said]}
                    await ask(f"/{format}:m/v1/messages", body)
                    await ask(f"/{format}:m/v1/messages/count_tokens", body)
                    await ask("/admin/explain", body)
            return listener, provider

    listener, provider = asyncio.run(play())
    assert listener.connections == 0
    assert len(provider.calls) >= len(sources(""))
    assert not [call for call in provider.calls if b"root:" in call.body]


# -- a gateway whose connections are real -------------------------------------------------------------

Asks = Callable[..., Awaitable[Heard]]


async def _nothing(_call: Call) -> bool:
    return False


class Connected(Gateway):
    """With the gateway's own transport in place of functions."""

    def make_services(self) -> Services:
        services = super().make_services()
        services.upstream = Upstream()
        return services


@asynccontextmanager
async def connected(folder: Path, url: str, *, more: str = "") -> AsyncIterator[Asks]:
    """Asks a gateway whose one server is at this address."""
    path = folder / "config.yaml"
    path.write_text(config(url, more=more))
    server = Connected(path)
    services = server.make_services()

    async def ask(path: str, body: object, headers: dict[str, str] | None = None) -> Heard:
        return await server.speak(services, ("POST", path, body), headers)

    try:
        yield ask
    finally:
        await services.upstream.close()
