"""What a gateway does when it starts: the lifespan, the encoder, and what is loaded when it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asgi_gateway import Transport, answering

from gateway.reload import ConfigStore
from gateway.server import Services, app, build_app
from gateway.server.paths import Receive, Scope, Send
from gateway.tokens import Tiktoken, TokenCounter
from gateway.upstream import Upstream

COUNTS_NOTHING = "default: mock:x\n"
COUNTS = COUNTS_NOTHING + 'rules: [{name: long, when: {tokens: {above: 5}}, use: "mock:y"}]\n'


def services(config: str, folder: Path) -> Services:
    """A gateway with this config, that has not started yet."""
    path = folder / "config.yaml"
    path.write_text(config)
    store = ConfigStore(path, lambda _outcome, _findings: None)
    encoder = Tiktoken()
    upstream = Upstream({"http": Transport(answering(b""))})
    return Services(store, upstream, encoder, TokenCounter(encoder))


@asynccontextmanager
async def started(gateway: Services) -> AsyncIterator[None]:
    """Between the two halves of the lifespan, as a server speaks it."""
    told: asyncio.Queue[str] = asyncio.Queue()
    says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send(message: Any) -> None:
        told.put_nowait(message["type"])

    says.put_nowait({"type": "lifespan.startup"})
    living = asyncio.ensure_future(build_app(gateway)({"type": "lifespan"}, says.get, send))
    assert await told.get() == "lifespan.startup.complete"
    yield
    says.put_nowait({"type": "lifespan.shutdown"})
    assert await told.get() == "lifespan.shutdown.complete"
    await living


async def asked(gateway: Services, path: str, method: str = "GET") -> list[dict[str, Any]]:
    """The messages of an answer."""
    return await heard(build_app(gateway), path, method)


async def heard(application: Any, path: str, method: str = "GET") -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "state": {},
    }
    await application(scope, receive, send)
    return messages


async def status(gateway: Services, path: str) -> int:
    return int((await asked(gateway, path))[0]["status"])


def test_a_config_that_counts_nothing_does_without_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ready at once, and stays so: nobody waits for what nobody uses."""
    monkeypatch.setattr(app, "FIRST", 0.0)

    async def story() -> None:
        gateway = services(COUNTS_NOTHING, tmp_path)
        async with started(gateway):
            assert not gateway.waits_for_encoder
            assert await status(gateway, "/health/ready") == 200
            await asyncio.sleep(0.05)
            assert not gateway.encoder_loaded

    asyncio.run(story())


def test_the_encoder_is_built_when_a_config_counts(tmp_path: Path) -> None:
    """In the background, also when the config that counts comes with a reload; then it is ready."""

    async def story() -> None:
        gateway = services(COUNTS_NOTHING, tmp_path)
        async with started(gateway):
            gateway.config.path.write_text(COUNTS)
            await gateway.config.reload()
            assert gateway.waits_for_encoder
            assert await status(gateway, "/health/ready") == 503
            async with asyncio.timeout(30):
                while not gateway.encoder_loaded:  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.01)
            assert await status(gateway, "/health/ready") == 200

    asyncio.run(story())


@pytest.mark.parametrize(
    "ends", ["no more come", "they never end", "one has needed it", "readiness is asked for"]
)
def test_the_first_requests_come_before_the_encoder(
    ends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is built once no more of them come, or after a while, or when one of them or somebody needs it."""
    monkeypatch.setattr(app, "LOOK_EVERY", 0.001)
    monkeypatch.setattr(app, "CALM", 0.05)

    async def story() -> None:
        gateway = services(COUNTS, tmp_path)
        gateway.tally.requests["mock:m", "200"] += 1
        waiting = asyncio.create_task(app.calm(gateway))
        for _ in range(20):
            gateway.tally.requests["mock:m", "200"] += 1
            await asyncio.sleep(0.005)
        assert not waiting.done()
        if ends != "no more come":
            gateway.life.begin(lambda: None)
        if ends == "they never end":
            monkeypatch.setattr(app, "PATIENCE", 0.05)
        if ends == "one has needed it":
            gateway.encoder.load()
        if ends == "readiness is asked for":
            assert await status(gateway, "/health/ready") == 503
        async with asyncio.timeout(5):
            await waiting

    asyncio.run(story())


def test_nobody_is_waited_for_who_has_not_come(tmp_path: Path) -> None:
    """A gateway that is asked nothing after its start makes itself ready."""

    async def story() -> None:
        await asyncio.wait_for(app.calm(services(COUNTS, tmp_path)), 0.5)

    asyncio.run(story())


def test_requests_for_pages_that_come_together_load_them_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one whose client leaves meanwhile does not end it for the others."""
    loads: list[Services] = []
    load = app.load_pages

    def counted(gateway: Services) -> Any:
        loads.append(gateway)
        return load(gateway)

    monkeypatch.setattr(app, "load_pages", counted)

    async def story() -> None:
        front = build_app(services(COUNTS_NOTHING, tmp_path))
        first, *others = [asyncio.create_task(heard(front, "/v1/models")) for _ in range(4)]
        await asyncio.sleep(0)
        first.cancel()
        assert [(await other)[0]["status"] for other in others] == [200] * 3
        assert len(loads) == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/messages", "POST"), ("/health", "GET"), ("/", "GET, HEAD"), ("/api/hello", "GET, HEAD")],
)
def test_a_wrong_method_is_told_the_right_ones(tmp_path: Path, path: str, allowed: str) -> None:
    """As HTTP asks for (https://www.rfc-editor.org/rfc/rfc9110#status.405)."""
    start, *_ = asyncio.run(asked(services(COUNTS_NOTHING, tmp_path), path, "DELETE"))
    assert start["status"] == 405
    assert (b"allow", allowed.encode()) in start["headers"]


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_bug_becomes_an_error_as_long_as_nothing_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_begun: bool
) -> None:
    """Afterwards the server has to cut the connection: a second start of an answer would be a lie."""

    async def broken(_services: Services, _scope: Scope, _receive: Receive, send: Send) -> None:
        if has_begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("a bug")

    monkeypatch.setattr(app, "ENDPOINTS", {"/": app.Endpoint(("GET",), broken)})
    gateway = services(COUNTS_NOTHING, tmp_path)
    if has_begun:
        with pytest.raises(RuntimeError, match="a bug"):
            asyncio.run(asked(gateway, "/"))
    else:
        assert asyncio.run(status(gateway, "/")) == 500


def test_pages_that_cannot_be_loaded_are_an_error_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conversations go on without them, and whoever asks later has them loaded then."""
    load = app.load_pages

    def broken(_services: Services) -> Any:
        raise OSError("too many open files")

    async def story() -> list[int]:
        gateway = build_app(services(COUNTS_NOTHING, tmp_path))
        found = []
        for loads, path in ((broken, "/v1/models"), (broken, "/health"), (load, "/v1/models")):
            monkeypatch.setattr(app, "load_pages", loads)
            found.append((await heard(gateway, path))[0]["status"])
        return found

    assert asyncio.run(story()) == [500, 200, 200]
