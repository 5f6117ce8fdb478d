"""What becomes of a request whose target fails, as the client and the providers see it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Heard, Pieces, says
from provider_hosts import Hosts, breaking, failing, fine

from gateway.availability import Availability
from gateway.availability.circuit import BELIEVED
from gateway.pipeline import tries
from gateway.server.conversation import waiting
from gateway.server.pages import metrics

CONFIG = """
providers:
  a: {dialect: openai-chat, base_url: "http://a.test/v1"}
  b: {dialect: openai-chat, base_url: "http://b.test/v1"}
  c: {dialect: openai-chat, base_url: "http://c.test/v1"}
  locked: {dialect: openai-chat, base_url: "http://locked.test/v1", api_key: "${UNSET_KEY}"}
  pool:
    dialect: openai-chat
    base_url: "http://pool.test/v1"
    api_key: [k1, k2, k3]
failover: {failures: 3, cooldown: 10s, longest_cooldown: 5m, longest_wait: 5s}
rules:
  - {name: lone, when: {model: lone}, use: "a:m"}
  - {name: again, when: {model: again}, use: "a:m", retries: 2}
  - {name: chain, when: {model: chain}, use: "a:m", fallback: ["b:m", "c:m"], retries: 0}
  - {name: rounds, when: {model: rounds}, use: "a:m", fallback: ["b:m"]}
  - {name: both, when: {model: both}, use: "a:m", retries: 2, fallback: ["b:m"]}
  - {name: keys, when: {model: keys}, use: "pool:m", fallback: ["b:m"]}
  - {name: other, when: {model: other}, use: "pool:other"}
  - {name: locked, when: {model: locked}, use: "locked:m", fallback: ["b:m"]}
default: "c:m"
"""


class Town(Gateway):
    """A gateway whose clock the test holds in its hands."""

    now = 1000.0

    def begin(self) -> None:
        self.services = self.make_services()
        self.services.availability = Availability(lambda: self.now, lambda: self.now, lambda: 0.0)

    def ask_for(
        self, model: str, hosts: Hosts, *, stream: bool = True, session: str = "", tries: str = ""
    ) -> Heard:
        """One request of a session, by a client that counts its `tries`."""
        self.provider = hosts
        said = {"x-claude-code-session-id": session, "x-stainless-retry-count": tries}
        headers = {name: value for name, value in said.items() if value}
        body = {**ASK, "model": model, "stream": stream}
        return self.ask("POST", "/v1/messages", body, headers=headers)

    @property
    def health(self) -> Any:
        """What `/health` says of targets that fail."""
        return self.ask("GET", "/health").json.get("failing", [])

    @property
    def metrics(self) -> str:
        assert self.services is not None
        return metrics.render(self.services, tasks=0).decode()


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    monkeypatch.setattr(tries, "FIRST_WAIT", 0.0)
    made = Town(path)
    made.begin()
    return made


def first(many: int, failure: Callable[[], httpx.Response]) -> Callable[[], httpx.Response]:
    """Fails so often, and is well then."""
    plays = iter([failure] * many)
    return lambda: next(plays, fine)()


def cut(*pieces: bytes | Exception) -> Callable[[], httpx.Response]:
    """An answer that begins as a success."""
    kind = {"content-type": "text/event-stream"}
    return lambda: httpx.Response(200, headers=kind, stream=Pieces(*pieces))


# -- circuits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken", [breaking, failing(500), failing(529)], ids=["dead", "500", "529"]
)
def test_a_dead_target_is_asked_by_probes_alone(
    town: Town, broken: Callable[[], httpx.Response]
) -> None:
    """With a healthy fallback its share of the requests tends to nothing, and no client notices."""
    hosts = Hosts(a=broken)
    for _ in range(60):
        assert town.ask_for("chain", hosts).status == 200
        town.now += 3.0
    # Three to find out, then probes after 10 s, 20 s, 40 s and 80 s.
    assert Counter(hosts.hosts) == {"a": 7, "b": 60}


def test_a_target_that_came_back_is_asked_again(town: Town) -> None:
    """After the cooldown one request tries it, and then all go there as before."""
    hosts = Hosts(a=breaking)
    for _ in range(4):
        town.ask_for("chain", hosts)
    assert hosts.hosts == ["a", "b"] * 3 + ["b"]
    assert town.health == [{"target": "a:m", "state": "open", "seconds": 10.0, "status": 502}]
    town.now += 10.0
    hosts = Hosts()
    for _ in range(3):
        assert town.ask_for("chain", hosts).headers["x-gateway-target"] == "a:m"
    assert town.health == []


def test_one_request_at_a_time_tries_it(town: Town) -> None:
    """The others go to the fallback until it has answered."""
    for _ in range(3):
        town.ask_for("chain", Hosts(a=breaking))
    town.now += 10.0
    hosts = Hosts(a=lambda: httpx.Response(200, headers=STREAM, stream=Pieces(0.2, OK)))
    town.provider = hosts
    ask = ("POST", "/v1/messages", {**ASK, "model": "chain", "stream": True})
    heard = town.ask_together(*[ask] * 10)
    assert [one.status for one in heard] == [200] * 10
    assert Counter(hosts.hosts) == {"a": 1, "b": 9}


def test_a_client_that_leaves_the_probe_leaves_it_to_the_next(town: Town) -> None:
    """Nothing was learned; the target is not shut out for good."""
    for _ in range(3):
        town.ask_for("chain", Hosts(a=breaking))
    town.now += 10.0
    silent = Hosts(a=lambda: httpx.Response(200, headers=STREAM, stream=Pieces(60.0, OK)))
    town.provider = silent
    body = {**ASK, "model": "chain", "stream": True}
    asyncio.run(left_soon(town, body))
    assert silent.hosts == ["a"]
    again = Hosts()
    assert town.ask_for("chain", again).status == 200
    assert again.hosts == ["a"]


async def left_soon(town: Town, body: dict[str, Any]) -> None:
    services = town.make_services()
    asked = asyncio.create_task(town.speak(services, ("POST", "/v1/messages", body)))
    await asyncio.sleep(0.1)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)


def test_the_order_of_the_chain_is_kept(town: Town) -> None:
    """Who is passed over is passed over; the rest is asked in the order of the rule."""
    for _ in range(3):
        town.ask_for("chain", Hosts(b=breaking, a=breaking))
    hosts = Hosts(c=failing(429))
    assert town.ask_for("chain", hosts).status == 200
    assert hosts.hosts == ["c", "a"]  # a and b are out; a is asked all the same when c fails too
    assert town.health[0]["target"] == "b:m"


def test_a_lone_server_is_never_shut_out(town: Town) -> None:
    """Whatever is known of it, the next request is asked: it may have come back this moment."""
    hosts = Hosts(a=breaking)
    for _ in range(10):
        assert town.ask_for("lone", hosts).status == 502
    assert len(hosts.hosts) == 10
    assert town.health[0]["state"] == "open"
    assert town.ask_for("lone", Hosts()).status == 200
    assert town.health == []


def test_a_chain_of_dead_targets_is_asked_all_the_same(town: Town) -> None:
    """Each once per request, as if nothing was known."""
    dead = Hosts(a=breaking, b=breaking, c=breaking)
    for _ in range(5):
        assert town.ask_for("chain", dead).status == 502
    assert Counter(dead.hosts) == {"a": 5, "b": 5, "c": 5}


def test_a_chain_that_fails_is_asked_once_more(town: Town) -> None:
    """In turn, where the rule says nothing of `retries`: a failure that passes is not the client's. A
    client that asks again by itself is left to do so."""
    hosts = Hosts(a=first(2, breaking), b=first(1, breaking))
    assert town.ask_for("rounds", hosts).status == 200
    assert hosts.hosts == ["a", "b", "a", "b"]
    dead = Hosts(a=breaking, b=breaking)
    assert town.ask_for("rounds", dead, tries="1").status == 502
    assert sorted(dead.hosts) == ["a", "b"]
    assert 'gateway_retries_total{target="b:m",then="round"} 1.0' in town.metrics


@pytest.mark.parametrize(
    ("model", "hosts", "asked"),
    [
        ("rounds", {"a": failing(529), "b": failing(529)}, ["a", "b", "a"]),
        ("again", {"a": failing(529)}, ["a", "a"]),
        ("keys", {"pool": failing(429)}, ["pool", "pool"]),
    ],
)
def test_a_prompt_that_is_sent_again_is_one_turn(
    town: Town, model: str, hosts: dict[str, Callable[[], httpx.Response]], asked: list[str]
) -> None:
    """Where its cache broke is told by what was sent in the turn before, not by the try before."""
    session = {"x-claude-code-session-id": "s"}
    town.provider = Hosts()
    town.ask("POST", "/v1/messages", {**ASK, "model": model, "system": "One."}, headers=session)
    town.provider = again = Hosts(**{host: first(1, failure) for host, failure in hosts.items()})
    body = {**ASK, "model": model, "system": "Two."}
    heard = town.ask("POST", "/v1/messages", body, headers=session)
    assert (heard.status, again.hosts) == (200, asked)
    assert heard.headers["x-gateway-cache-break"] == "system"


def test_streams_that_break_off_count_too(town: Town) -> None:
    """The client asks again by itself, and shall not meet the same for ever."""
    hosts = Hosts(a=cut(says("Hel"), httpx.ReadError("gone")))
    for _ in range(3):
        heard = town.ask_for("chain", hosts)
        assert (heard.status, heard.complete) == (200, False)
    assert hosts.hosts == ["a"] * 3
    assert town.ask_for("chain", hosts).complete
    assert hosts.hosts == ["a"] * 3 + ["b"]


def test_an_error_within_a_stream_counts_too(town: Town) -> None:
    """It is told as an event, and nobody else is asked: something was said."""
    error = b'data: {"error": {"message": "overloaded", "code": 503}}\n\n'
    hosts = Hosts(a=cut(says("Hel"), error))
    for _ in range(3):
        assert b"event: error" in town.ask_for("chain", hosts).body
    assert hosts.hosts == ["a"] * 3
    assert town.health[0]["target"] == "a:m"


def test_the_refusal_of_a_request_opens_nothing(town: Town) -> None:
    """A server that says no to a request works."""
    hosts = Hosts(a=failing(400))
    for _ in range(10):
        assert town.ask_for("chain", hosts).status == 400
    assert town.health == []


def test_what_is_known_outlives_a_reload(town: Town) -> None:
    """And a provider with another address begins with a clean record."""
    for _ in range(3):
        town.ask_for("chain", Hosts(a=breaking))
    town.path.write_text(CONFIG.replace("default:", "print_system: false\ndefault:"))
    hosts = Hosts(a=breaking)
    town.ask_for("chain", hosts)
    assert hosts.hosts == ["b"]
    town.path.write_text(CONFIG.replace("http://a.test/v1", "http://a.test/v1/new"))
    hosts = Hosts()
    town.ask_for("chain", hosts)
    assert hosts.hosts == ["a"]
    assert town.health == []


# -- before the first word, and after it --------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    "broken",
    [
        cut(),
        cut(httpx.ReadError("gone")),
        cut(b": hello\n\n", httpx.ReadError("gone")),
        cut(b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n', httpx.ReadError("gone")),
        cut(b'data: {"choices": ['),
        cut(b"<html>Bad gateway</html>"),
    ],
    ids=["nothing", "reset", "comment", "role", "half", "html"],
)
def test_what_breaks_before_the_first_word_is_a_failed_try(
    town: Town, broken: Callable[[], httpx.Response], stream: bool
) -> None:
    """Headers of a success commit to nothing: the next one is asked, and its answer is whole."""
    hosts = Hosts(a=broken)
    heard = town.ask_for("chain", hosts, stream=stream)
    assert (heard.status, heard.complete, hosts.hosts) == (200, True, ["a", "b"])
    assert heard.headers["x-gateway-target"] == "b:m"


@pytest.mark.parametrize("model", ["chain", "both", "keys"])
def test_after_the_first_word_nothing_is_asked_again(town: Town, model: str) -> None:
    """No fallback, no repetition and no other key: tools would run twice."""
    broken = cut(says("Hel"), httpx.ReadError("gone"))
    hosts = Hosts(a=broken, pool=broken)
    heard = town.ask_for(model, hosts)
    assert (heard.status, heard.complete, len(hosts.hosts)) == (200, False, 1)
    assert b"message_stop" not in heard.body


def test_signs_of_life_are_no_words(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that was only told to wait gets the answer of the fallback in the same stream."""
    monkeypatch.setattr(waiting, "COMMIT_AFTER", 0.02)
    monkeypatch.setattr(waiting, "HEARTBEAT", 0.02)

    async def slow(request: httpx.Request) -> httpx.Response:
        if request.url.host == "a.test":
            await asyncio.sleep(0.2)
            raise httpx.ReadError("gone")
        return fine()

    town.provider = slow
    heard = town.ask("POST", "/v1/messages", {**ASK, "model": "chain", "stream": True})
    assert (heard.status, heard.complete) == (200, True)
    assert heard.body.startswith(b"event: ping")
    assert heard.body.count(b"event: message_start") == 1
    assert b"Hello" in heard.body


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_a_target_without_its_key_gives_way(town: Town, stream: bool) -> None:
    """The fallback is asked, and nothing is held against a provider that nobody has asked."""
    hosts = Hosts()
    heard = town.ask_for("locked", hosts, stream=stream)
    assert (heard.status, hosts.hosts) == (200, ["b"])
    assert town.health == []


# -- limits and keys ----------------------------------------------------------------------------------


def test_a_limit_without_a_fallback_is_told_honestly(town: Town) -> None:
    """After a few refusals in a row, who asks too early gets the same status at once with what is left to
    wait, and nobody is asked."""
    hosts = Hosts(a=failing(429, **{"retry-after": "30"}))
    for _ in range(BELIEVED):
        assert town.ask_for("lone", hosts).headers["retry-after"] == "30"
    town.now += 12.0
    heard = town.ask_for("lone", hosts)
    assert (heard.status, heard.headers["retry-after"]) == (429, "18")
    assert heard.json["error"]["type"] == "rate_limit_error"
    assert "another 18 s" in heard.json["error"]["message"]
    assert hosts.hosts == ["a"] * BELIEVED
    town.now += 18.0
    assert town.ask_for("lone", Hosts()).status == 200


def test_one_refusal_shuts_nobody_out(town: Town) -> None:
    """It may have been of a moment, or of one request: who has nowhere else to go asks the provider."""
    assert town.ask_for("lone", Hosts(a=failing(429, **{"retry-after": "30"}))).status == 429
    assert town.ask_for("lone", Hosts()).status == 200
    assert town.ask_for("lone", Hosts(a=failing(400))).status == 400


def test_an_overload_is_told_as_one(town: Town) -> None:
    """With its status, so that clients do what they do then."""
    hosts = Hosts(a=failing(503, **{"retry-after": "Thu, 01 Jan 1970 00:17:00 GMT"}))
    for _ in range(BELIEVED):
        assert town.ask_for("lone", hosts).status == 529
    heard = town.ask_for("lone", hosts)
    assert (heard.status, heard.headers["retry-after"]) == (529, "20")
    assert heard.json["error"]["type"] == "overloaded_error"
    assert hosts.hosts == ["a"] * BELIEVED


def test_a_limit_sends_others_to_the_fallback(town: Town) -> None:
    """At once, and until the time is over."""
    hosts = Hosts(a=failing(429, **{"retry-after": "30"}))
    for _ in range(5):
        assert town.ask_for("chain", hosts).status == 200
    assert hosts.hosts == ["a", "b", "b", "b", "b", "b"]


def test_the_next_key_is_asked_at_once(town: Town) -> None:
    """A key that has reached its limit gives way to the others of its pool before any fallback."""
    limited = failing(429, **{"retry-after": "30"})
    hosts = Hosts(pool_k1=limited, pool_k2=limited)
    for _ in range(4):
        assert town.ask_for("keys", hosts, session="s").headers["x-gateway-target"] == "pool:m"
    assert hosts.keys[-1] == "k3"
    assert max(hosts.keys.count(key) for key in ("k1", "k2")) == 1
    town.begin()
    hosts = Hosts(pool=limited)
    for _ in range(3):
        assert town.ask_for("keys", hosts, session="s").headers["x-gateway-target"] == "b:m"
    assert hosts.hosts == ["pool", "pool", "pool", "b", "b", "b"]
    assert sorted(hosts.keys[:3]) == ["k1", "k2", "k3"]


def test_a_conversation_keeps_its_key(town: Town) -> None:
    """So that the provider's cache of its prompt is found; another conversation may have another."""
    hosts = Hosts()
    for session in ("one", "two", "three", "four", "five", "six") * 2:
        town.ask_for("keys", hosts, session=session)
    assert hosts.keys[:6] == hosts.keys[6:]
    assert len(set(hosts.keys)) > 1


def test_it_comes_back_to_its_key(town: Town) -> None:
    """When the limit is over."""
    first = Hosts()
    town.ask_for("keys", first, session="s")
    [own] = first.keys
    limited = Hosts(**{f"pool_{own}": failing(429, **{"retry-after": "30"})})
    town.ask_for("keys", limited, session="s")
    town.now += 31.0
    back = Hosts()
    town.ask_for("keys", back, session="s")
    assert back.keys == [own]


def test_a_key_that_is_refused_is_left_alone(town: Town) -> None:
    """For every model of the provider; people are told which one by its place."""
    hosts = Hosts(pool_k2=failing(401))
    for session in ("one", "two", "three", "four", "five", "six"):
        assert town.ask_for("keys", hosts, session=session).status == 200
        assert town.ask_for("other", hosts, session=session).status == 200
    assert hosts.keys.count("k2") == 1
    [told] = town.health
    assert (told["target"], told["key"], told["status"]) == ("pool", "key 2 of 3", 401)
    assert "k2" not in str(told)


def test_when_all_keys_are_refused_the_client_is_told(town: Town) -> None:
    """With the provider's own words; a person has to act, and sees on the next request whether it helped."""
    hosts = Hosts(pool=failing(401))
    assert town.ask_for("other", hosts, session="s").status == 401
    assert sorted(hosts.keys) == ["k1", "k2", "k3"]
    assert town.ask_for("other", hosts, session="s").status == 401
    assert len(hosts.keys) == 4
    assert town.ask_for("other", Hosts(), session="s").status == 200


# -- repetitions --------------------------------------------------------------------------------------


@pytest.fixture
def naps(town: Town, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that were waited between tries; they pass at once."""
    waited: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float, *rest: Any) -> None:
        waited.append(seconds)
        town.now += seconds
        await real(0, *rest)

    monkeypatch.setattr("gateway.server.conversation.messages.asyncio.sleep", sleep)
    return waited


def test_a_short_wait_is_waited_for(town: Town, naps: list[float]) -> None:
    """Never for less than the provider asks."""
    answers = [failing(429, **{"retry-after": "2"}), fine]
    hosts = Hosts(a=lambda: answers.pop(0)())
    assert town.ask_for("again", hosts).status == 200
    assert hosts.hosts == ["a", "a"]
    assert 2.0 <= max(naps) <= 2.2


def test_a_long_wait_is_the_client_s(town: Town, naps: list[float]) -> None:
    """Or the fallback's: nobody is held up, and the provider is not asked too early."""
    hosts = Hosts(a=failing(429, **{"retry-after": "60"}))
    heard = town.ask_for("again", hosts)
    assert (heard.status, heard.headers["retry-after"], hosts.hosts) == (429, "60", ["a"])
    town.begin()
    hosts = Hosts(a=failing(429, **{"retry-after": "60"}))
    assert town.ask_for("both", hosts).status == 200
    assert (hosts.hosts, naps) == (["a", "b"], [])
    assert 'gateway_retries_withheld_total{because="wait",target="a:m"}' in town.metrics


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_who_is_left_alone_is_waited_for(town: Town, naps: list[float], stream: bool) -> None:
    """Before the first of the rounds, when everybody has asked for a short time."""
    limited = failing(429, **{"retry-after": "3"})
    for _ in range(BELIEVED):
        assert town.ask_for("rounds", Hosts(a=limited, b=limited), tries="1").status == 429
    hosts = Hosts(a=first(1, breaking), b=first(1, breaking))
    assert town.ask_for("rounds", hosts, stream=stream).status == 200
    assert hosts.hosts == ["a", "b", "a"]
    assert naps[0] >= 3.0


def test_a_client_that_asks_again_is_not_multiplied(town: Town) -> None:
    """Its own repetition is the only one; a fallback is still asked."""
    hosts = Hosts(a=failing(500))
    assert town.ask_for("again", hosts, tries="1").status == 500
    assert hosts.hosts == ["a"]
    hosts = Hosts(a=failing(500))
    assert town.ask_for("both", hosts, tries="1").status == 200
    assert hosts.hosts == ["a", "b"]


def test_the_budget_bounds_what_reaches_a_provider_that_fails(town: Town) -> None:
    """Clients that count their tries cause a tenth more at most; others a few per minute."""
    hosts = Hosts(a=failing(529))
    for _ in range(100):
        assert town.ask_for("again", hosts, tries="0").status == 529
    assert 100 < len(hosts.hosts) <= 110
    hosts = Hosts(a=failing(529))
    for _ in range(10):
        town.ask_for("again", hosts)
    assert 10 < len(hosts.hosts) <= 10 + 5 + 1
    lines = town.metrics.splitlines()
    assert any(
        line.startswith('gateway_retries_total{target="a:m",then="repeat"}') for line in lines
    )
    assert any('because="budget"' in line for line in lines)
    assert 'gateway_circuit{key="",state="open",target="a:m"} 1.0' in lines


def test_an_open_circuit_ends_the_repetitions(town: Town) -> None:
    """Where somebody else can be asked."""
    hosts = Hosts(a=failing(529))
    for _ in range(3):
        assert town.ask_for("both", hosts).status == 200
    assert hosts.hosts == ["a", "a", "a", "b", "b", "b"]


# -- what would be ------------------------------------------------------------------------------------


def test_a_running_gateway_explains_who_is_passed_over(town: Town) -> None:
    """And takes nobody's turn as the probe for that."""
    body = {"path": "/v1/messages", "body": {**ASK, "model": "chain"}}
    assert "passed_over" not in town.ask("POST", "/admin/explain", body).json
    for _ in range(3):
        town.ask_for("chain", Hosts(a=breaking))
    told = town.ask("POST", "/admin/explain", body).json
    assert (told["target"], told["passed_over"]) == ("a:m", ["a:m"])
    assert told["outgoing"]["url"].startswith("http://b.test/")
    town.now += 10.0
    town.ask("POST", "/admin/explain", body)
    hosts = Hosts()
    town.ask_for("chain", hosts)
    assert hosts.hosts == ["a"]


STREAM = {"content-type": "text/event-stream"}
OK = says("Hello", "stop") + b"data: [DONE]\n\n"
