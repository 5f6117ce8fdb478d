"""Providers with limits: who waits, who is told what, and that everybody gives back what they had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Heard, Pieces, says

from gateway import json_text
from gateway.pipeline import UpstreamRequest
from gateway.server import Services
from gateway.server.conversation import waiting
from gateway.server.pages import metrics

ANSWER = says("Hello", "stop") + b"data: [DONE]\n\n"
BOUND = 10.0
"""Seconds after which a story is stuck."""


@dataclass
class Lab:
    """A provider whose answers wait until they are let go."""

    began: list[str] = field(default_factory=list)
    """What each request said, in the order in which they came."""
    most: int = 0
    """The most that were there at once."""
    answer: bytes = ANSWER
    pieces: list[bytes | float | Exception] = field(default_factory=list)
    """What is answered instead, with pauses."""
    _now: int = 0
    _go: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json_text.decode(request.content)
        self.began.append(body["messages"][-1]["content"])
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await self._go.acquire()
        finally:
            self._now -= 1
        kind = "text/event-stream" if body.get("stream") else "application/json"
        pieces = self.pieces or [self.answer]
        return httpx.Response(200, headers={"content-type": kind}, stream=Pieces(*pieces))

    def let_go(self, many: int = 1) -> None:
        for _ in range(many):
            self._go.release()


@dataclass
class Story:
    """A gateway with one such provider, and clients that ask at their own times."""

    lab: Lab
    gateway: Gateway
    services: Services

    def ask(self, text: str, *, session: str | None = None, **body: object) -> asyncio.Task[Heard]:
        content = {"messages": [{"role": "user", "content": text}], "stream": True, **body}
        if session is not None:
            content["metadata"] = {"user_id": json_text.encode_text({"session_id": session})}
        asked = ("POST", "/v1/messages", {**ASK, **content})
        return asyncio.create_task(self.gateway.speak(self.services, asked))

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(BOUND):
            while not holds():  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0.001)

    def at(self, running: int, queued: int) -> Callable[[], bool]:
        return lambda: self.state == {"running": running, "queued": queued}

    @property
    def state(self) -> dict[str, int]:
        return self.services.rooms.state().get("lab", {"running": 0, "queued": 0})

    @property
    def metrics(self) -> str:
        return metrics.render(self.services, tasks=0).decode()


def config(limits: str, more: str = "default: lab:m") -> str:
    return f"""
providers:
  lab: {{dialect: openai-chat, base_url: "http://lab.test/v1", limits: {limits}}}
  other: {{dialect: openai-chat, base_url: "http://other.test/v1"}}
{more}
"""


@asynccontextmanager
async def story(folder: Path, limits: str, more: str = "default: lab:m") -> AsyncIterator[Story]:
    path = folder / "config.yaml"
    path.write_text(config(limits, more))
    lab = Lab()

    async def provider(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/count_tokens"):
            return httpx.Response(200, json={"input_tokens": 7})
        if request.url.host == "other.test":
            return httpx.Response(
                200, headers={"content-type": "text/event-stream"}, stream=Pieces(ANSWER)
            )
        return await lab(request)

    gateway = Gateway(path, provider=provider)
    services = gateway.make_services()
    following = asyncio.create_task(services.rooms.follow())
    try:
        yield Story(lab, gateway, services)
    finally:
        following.cancel()
        await services.shadows.close()
        await services.pace.close()


def tell(told: Coroutine[Any, Any, None]) -> None:
    """Runs a story, which is stuck after a while."""

    async def bounded() -> None:
        async with asyncio.timeout(BOUND):
            await told

    asyncio.run(bounded())


def test_twenty_requests_go_two_by_two(tmp_path: Path) -> None:
    """Never more than the limit at once, all of them answered, and nothing is left afterwards."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 2}") as here:
            asked = [here.ask(str(number)) for number in range(20)]
            await here.until(here.at(2, 18))
            here.lab.let_go(20)
            heard = await asyncio.gather(*asked)
            assert [one.status for one in heard] == [200] * 20
            assert all(one.complete and b"message_stop" in one.body for one in heard)
            assert here.lab.most == 2
            assert here.state == {"running": 0, "queued": 0}
            assert 'gateway_room_wait_seconds_count{provider="lab"} 20.0' in here.metrics

    tell(told())


def test_a_session_that_floods_does_not_hold_up_another(tmp_path: Path) -> None:
    """With fifty of one in line, the other's first goes second; and each keeps its own order."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}") as here:
            first = here.ask("busy", session="a")
            await here.until(here.at(1, 0))
            asked = [first]
            for number in range(50):
                asked.append(here.ask(f"a{number}", session="a"))
                await here.until(here.at(1, number + 1))
            asked += [here.ask(f"b{number}", session="b") for number in range(2)]
            await here.until(here.at(1, 52))
            here.lab.let_go(53)
            await asyncio.gather(*asked)
            assert here.lab.began[:6] == ["busy", "a0", "b0", "a1", "b1", "a2"]
            assert [one for one in here.lab.began if one[0] == "a"] == [f"a{n}" for n in range(50)]

    tell(told())


def test_a_stream_that_waits_for_room_is_kept_awake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pings, from before anything was sent for it."""
    monkeypatch.setattr(waiting, "COMMIT_AFTER", 0.01)
    monkeypatch.setattr(waiting, "HEARTBEAT", 0.01)

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}") as here:
            first = here.ask("first")
            await here.until(here.at(1, 0))
            second = here.ask("second")
            await here.until(here.at(1, 1))
            await asyncio.sleep(0.1)
            assert here.lab.began == ["first"]
            here.lab.let_go(2)
            heard = (await asyncio.gather(first, second))[1]
            assert heard.pieces[0].startswith(b"event: ping")
            assert heard.body.count(b"event: ping") > 2
            assert heard.complete
            assert b"message_stop" in heard.body

    tell(told())


@pytest.mark.parametrize("stream", [True, False])
def test_a_full_line_is_a_429_that_says_when_and_why(tmp_path: Path, stream: bool) -> None:
    """Whole seconds in `retry-after`; the provider and the setting in words."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1, queue: 1}") as here:
            asked = [here.ask("first")]
            await here.until(here.at(1, 0))
            asked.append(here.ask("second"))
            await here.until(here.at(1, 1))
            refused = await here.ask("third", stream=stream)
            assert refused.status == 429
            assert int(refused.headers["retry-after"]) >= 1
            error = refused.json["error"]
            assert error["type"] == "rate_limit_error"
            for words in ("lab", "`providers.lab.limits.queue`", "`concurrency`"):
                assert words in error["message"]
            assert 'gateway_no_room_total{provider="lab",why="full"} 1.0' in here.metrics
            assert 'gateway_limited_requests{provider="lab",state="queued"} 1.0' in here.metrics
            here.lab.let_go(2)
            await asyncio.gather(*asked)
            [row] = here.services.tally.to_json()["limits"]
            assert (row["let_in"], row["refused_full"]) == (2, 1)

    tell(told())


def test_a_wait_that_is_over_is_a_429_too(tmp_path: Path) -> None:
    """Nobody waits for longer than the config lets them."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1, wait: 50ms}") as here:
            first = here.ask("first")
            await here.until(here.at(1, 0))
            refused = await here.ask("second", stream=False)
            assert refused.status == 429
            assert "`providers.lab.limits.wait`" in refused.json["error"]["message"]
            here.lab.let_go()
            assert (await first).status == 200
            assert here.state == {"running": 0, "queued": 0}

    tell(told())


FALLBACK = """
rules: [{name: r, use: "lab:m", fallback: ["other:m"], retries: 3}]
default: lab:m
"""


@pytest.mark.parametrize("opened", [False, True], ids=["in time", "after pings"])
def test_without_room_the_fallback_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: bool
) -> None:
    """Also once the stream was opened by pings; the target without room is neither asked again nor
    counted as one that failed."""
    if opened:
        monkeypatch.setattr(waiting, "COMMIT_AFTER", 0.01)
        monkeypatch.setattr(waiting, "HEARTBEAT", 0.01)

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1, wait: 80ms}", FALLBACK) as here:
            first = here.ask("first")
            await here.until(here.at(1, 0))
            heard = await here.ask("second")
            assert heard.status == 200
            assert heard.body.startswith(b"event: ping") == opened
            assert b"message_stop" in heard.body
            assert here.lab.began == ["first"]
            assert here.services.tally.no_room == {("lab", "late"): 1}
            here.lab.let_go()
            await first

    tell(told())


def test_a_stream_that_was_opened_is_refused_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pings have sent the status already; the error says what the 429 would have, as a type after which
    clients ask for a stream again."""
    monkeypatch.setattr(waiting, "COMMIT_AFTER", 0.01)

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1, wait: 80ms}") as here:
            first = here.ask("first")
            await here.until(here.at(1, 0))
            heard = await here.ask("second")
            assert heard.body.startswith(b"event: ping")
            assert b"event: error" in heard.pieces[-1]
            assert b"overloaded_error" in heard.pieces[-1]
            assert b"`providers.lab.limits.wait`" in heard.pieces[-1]
            assert heard.complete
            assert b"message_stop" not in heard.body
            here.lab.let_go()
            await first

    tell(told())


@pytest.mark.parametrize("times", [1, 2])
def test_a_client_that_leaves_gives_its_place_back(tmp_path: Path, times: int) -> None:
    """In line or under way, once or twice cancelled; the next one is let in at once."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}") as here:
            asked = {}
            for number, name in enumerate(("running", "queued", "stays")):
                asked[name] = here.ask(name)
                await here.until(here.at(1, number))
            for name in ("queued", "running"):
                for _ in range(times):
                    asked[name].cancel()
                    await asyncio.sleep(0)
            await here.until(lambda: here.lab.began == ["running", "stays"])
            here.lab.let_go()
            assert (await asked["stays"]).status == 200
            assert here.state == {"running": 0, "queued": 0}

    tell(told())


def test_a_failure_gives_its_place_back(tmp_path: Path) -> None:
    """Whatever the provider answers."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}") as here:
            here.lab.answer = b"data: {broken"
            here.lab.let_go(3)
            for _ in range(3):
                heard = await here.ask("x")
                assert heard.status >= 500
            assert here.state == {"running": 0, "queued": 0}

    tell(told())


def test_new_limits_are_for_those_who_wait_too(tmp_path: Path) -> None:
    """A reload drops nobody: more room lets the next ones in; no limits let all of them in."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}") as here:
            asked = [here.ask(str(number)) for number in range(6)]
            await here.until(here.at(1, 5))
            here.gateway.path.write_text(config("{concurrency: 3}"))
            await here.services.config.reload()
            await here.until(here.at(3, 3))
            here.gateway.path.write_text(config("{concurrency: 1}"))
            await here.services.config.reload()
            here.lab.let_go(2)
            await here.until(here.at(1, 3))
            here.gateway.path.write_text(
                config("{concurrency: 1}").replace(", limits: {concurrency: 1}", "")
            )
            await here.services.config.reload()
            await here.until(here.at(4, 0))
            here.lab.let_go(4)
            heard = await asyncio.gather(*asked)
            assert [one.status for one in heard] == [200] * 6

    tell(told())


def test_tokens_are_counted_and_put_right_by_the_answer(tmp_path: Path) -> None:
    """The second prompt waits until the first answer says that it was not as much."""
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}\n\n'

    async def told() -> None:
        async with story(tmp_path, "{tokens: 1500/min}") as here:
            here.lab.answer = says("Hello", "stop") + usage + b"data: [DONE]\n\n"
            first = here.ask("one " * 1000)
            await here.until(here.at(1, 0))
            second = here.ask("two " * 1000)
            await here.until(here.at(1, 1))
            here.lab.let_go()
            await first
            await here.until(here.at(1, 0))
            here.lab.let_go()
            assert (await second).status == 200

    tell(told())


def test_a_copy_takes_no_room_from_real_requests(tmp_path: Path) -> None:
    """It is left out when somebody is there."""
    rules = """
rules:
  - {name: copied, when: {model: "copied*"}, use: "other:m", shadow: "lab:m"}
default: lab:m
"""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}", rules) as here:
            first = here.ask("first")
            await here.until(here.at(1, 0))
            assert (await here.ask("left out", model="copied")).status == 200
            await here.services.shadows.close()
            here.lab.let_go()
            await first
            assert (await here.ask("copy", model="copied")).status == 200
            await here.until(here.at(1, 0))
            here.lab.let_go()
            await here.until(here.at(0, 0))
            assert here.lab.began == ["first", "copy"]

    tell(told())


def test_an_answer_is_asked_about_within_its_own_room(tmp_path: Path) -> None:
    """A model that mends a tool call of the answer would wait for that answer's end otherwise."""
    rules = """
tool_correction: {mode: model, model: "lab:helper", model_timeout: 9s}
default: lab:m
"""
    tool = {
        "name": "read",
        "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
    }
    tool["input_schema"]["required"] = ["n"]  # type: ignore[index]

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}", rules) as here:
            call = {"id": "c1", "type": "function", "function": {"name": "read"}}
            wrong = {**call, "index": 0, "function": {"name": "read", "arguments": '{"n": "few"}'}}
            right = {**call, "function": {"name": "read", "arguments": '{"n": 3}'}}
            delta = {"choices": [{"delta": {"tool_calls": [wrong]}, "finish_reason": "tool_calls"}]}
            here.lab.answer = b"data: " + json_text.encode(delta) + b"\n\ndata: [DONE]\n\n"
            asked = here.ask("go", tools=[tool])
            here.lab.let_go()
            await here.until(lambda: len(here.lab.began) == 2)
            message = {"role": "assistant", "content": None, "tool_calls": [right]}
            here.lab.answer = json_text.encode(
                {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
            )
            here.lab.let_go()
            heard = await asked
            assert b'{\\"n\\":3}' in heard.body.replace(b" ", b"")
            assert here.state == {"running": 0, "queued": 0}

    tell(told())


def test_a_size_is_asked_for_where_there_is_room(tmp_path: Path) -> None:
    """Otherwise it is estimated; it waits for nobody, and nobody for it."""
    counting = """
  native: {dialect: anthropic, base_url: "http://other.test", limits: {concurrency: 1}}
default: native:m
"""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}", counting) as here:
            count = ("POST", "/v1/messages/count_tokens", ASK)
            endpoint = here.services.config.snapshot.endpoints["native"]
            request = UpstreamRequest(endpoint, "http://other.test/v1/messages", {}, b"")
            room = here.services.rooms.enter_now(request)
            assert room is not None
            heard = await here.gateway.speak(here.services, count)
            assert heard.headers["x-gateway-counted-by"] == "estimate"
            room.leave()
            heard = await here.gateway.speak(here.services, count)
            assert heard.headers["x-gateway-counted-by"] == "provider"
            assert here.services.rooms.state()["native"] == {"running": 0, "queued": 0}

    tell(told())


TIMED = """
rules:
  - {name: r, when: {model: "*fallback*"}, use: "lab:m", fallback: ["other:m"], timeouts: {total: 80ms}}
default: {use: "lab:m", timeouts: {total: 80ms}}
"""


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_takes_too_long_in_all(tmp_path: Path, stream: bool) -> None:
    """Before anything was said: another target, or a 504."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}", TIMED) as here:
            heard = await here.ask("slow", stream=stream)
            assert (heard.status, heard.json["error"]["type"]) == (504, "timeout_error")
            assert "timeouts.total" in heard.json["error"]["message"]
            heard = await here.ask("slow", model="x-fallback")
            assert (heard.status, heard.headers["x-gateway-target"]) == (200, "other:m")
            assert here.state == {"running": 0, "queued": 0}

    tell(told())


def test_a_stream_that_takes_too_long_is_cut(tmp_path: Path) -> None:
    """It does not end as if it were whole."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}", TIMED) as here:
            more: list[bytes | float | Exception] = [0.01, says("lo")] * 1000
            here.lab.pieces = [says("Hel"), *more]
            here.lab.let_go()
            heard = await here.ask("slow")
            assert heard.status == 200
            assert b"Hel" in heard.body
            assert not heard.complete
            assert b"message_stop" not in heard.body
            assert here.state == {"running": 0, "queued": 0}

    tell(told())


def test_health_says_how_full_it_is(tmp_path: Path) -> None:
    """Of providers that have limits and were asked; without limits there is nothing to say."""

    async def told() -> None:
        async with story(tmp_path, "{concurrency: 1}") as here:
            get = ("GET", "/health", b"")
            assert "limited" not in (await here.gateway.speak(here.services, get)).json
            asked = [here.ask("first"), here.ask("second")]
            await here.until(here.at(1, 1))
            health = (await here.gateway.speak(here.services, get)).json
            assert health["limited"] == {"lab": {"running": 1, "queued": 1}}
            stats = await here.gateway.speak(here.services, ("GET", "/v1/stats", b""))
            assert stats.json["limited_now"] == health["limited"]
            here.lab.let_go(2)
            await asyncio.gather(*asked)

    tell(told())
