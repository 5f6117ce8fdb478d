"""What client keys may spend, and that nothing of it is forgotten."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from asgi_gateway import ASK, Gateway, Heard, answering
from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.config import Budget, ClientKey, ServerSettings, Snapshot, load
from gateway.config.sections.access import PERIODS, Period, period_of
from gateway.errors import BudgetSpent
from gateway.server.access.budgets import Budgets, file_for

KEY = "gw-0123456789abcdef0123456789abcdef"
OTHER = "gw-1123456789abcdef0123456789abcdef"
CONFIG = """\
server:
  auth:
    keys:
      - {{name: ci, key: "{key}", budget: {budget}}}
      - {{name: laptop, key: "{other}"}}
providers: {{lab: {{dialect: openai-chat, base_url: "http://lab.test/v1"}}}}
models: {{"lab:m": {{price: {{input: 1, output: 10}}}}}}
default: lab:m
"""
ANSWER = json_text.encode(
    {
        "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 100},
    }
)


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    gateway = Gateway(tmp_path / "config.yaml")
    gateway.provider = answering(ANSWER, kind="application/json")
    return gateway


def configure(gateway: Gateway, budget: str) -> None:
    gateway.path.write_text(CONFIG.format(key=KEY, other=OTHER, budget=budget))


def restarted(gateway: Gateway, key: str = KEY) -> Heard:
    """One request to a gateway that has just begun."""

    async def life() -> Heard:
        services = gateway.make_services()
        services.budgets.load()
        heard = await gateway.speak(services, ("POST", "/v1/messages", ASK), {"x-api-key": key})
        await services.budgets.save()
        return heard

    return asyncio.run(life())


# -- laws ------------------------------------------------------------------------------------------

MOMENTS = st.floats(1.6e9, 2.2e9)


@given(MOMENTS, st.sampled_from(PERIODS))
def test_every_moment_lies_in_one_period(now: float, per: Period) -> None:
    """The next one begins where it ends, also when clocks are changed."""
    start, end = period_of(per, now)
    assert start <= now < end
    assert period_of(per, start) == (start, end)
    assert period_of(per, end)[0] == end


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 10**9), st.integers(0, 99)), max_size=9
    )
)
def test_nothing_that_was_spent_is_lost(spends: list[tuple[str, int, int]]) -> None:
    """Whoever writes it down, at whatever time: the file holds the sum."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "budgets.json"
        one, two = Budgets(file), Budgets(file)
        keys = tuple(ClientKey(n, KEY + n, budgets=(Budget("month", 1),)) for n in "ab")
        snapshot = with_keys(keys)

        async def spend() -> None:
            for number, (name, tokens, cents) in enumerate(spends):
                budgets = (one, two)[number % 2]
                budgets.note(snapshot, name, tokens, cents / 100)
                if number % 3:
                    await budgets.save()
            await asyncio.gather(one.save(), two.save())

        asyncio.run(spend())
        kept = Budgets(file)
        kept.load()
        totals = {account[0]: spent for account, spent in kept.saved.items()}
        for name in "ab":
            tokens = sum(t for n, t, _ in spends if n == name)
            cost = sum(c for n, _, c in spends if n == name) / 100
            found = totals.get(name)
            assert (found.tokens if found else 0) == tokens
            assert (found.cost if found else 0) == pytest.approx(cost)


def with_keys(keys: tuple[ClientKey, ...]) -> Snapshot:
    """A snapshot with these client keys."""
    made = load("default: mock:x", file="c", environment={}).snapshot
    assert made is not None
    return replace(made, server=ServerSettings(keys=keys))


# -- stories -----------------------------------------------------------------------------------------


def test_a_spent_budget_is_an_honest_429(gateway: Gateway) -> None:
    """It says which budget, what was spent of it and when the next one begins; others go on."""
    configure(gateway, "{tokens: 1500, per: day}")
    assert [restarted(gateway).status, restarted(gateway).status] == [200, 200]
    heard = restarted(gateway)
    assert (heard.status, heard.json["error"]["type"]) == (429, "rate_limit_error")
    for words in ("'ci'", "2000 of 1500 tokens per day", "server.auth.keys"):
        assert words in heard.json["error"]["message"]
    seconds_left = period_of("day", datetime.now().timestamp())[1] - datetime.now().timestamp()
    assert 0 < int(heard.headers["retry-after"]) <= seconds_left + 2
    assert restarted(gateway, OTHER).status == 200


def test_cost_is_counted_by_the_prices_of_the_config(gateway: Gateway) -> None:
    """900 tokens of the prompt at 1 a million, and 100 of the answer at 10."""
    configure(gateway, "[{cost: 0.0019, per: month}, {tokens: 1G, per: day}]".replace("1G", "900M"))
    assert restarted(gateway).status == 200
    heard = restarted(gateway)
    assert "0.0019 of a cost of 0.0019 per month" in heard.json["error"]["message"]


def test_a_reload_keeps_the_count(gateway: Gateway) -> None:
    """Another budget for the same name goes on with what was spent; so does another key for it."""
    configure(gateway, "{tokens: 5k, per: week}")
    assert restarted(gateway).status == 200
    configure(gateway, "{tokens: 1k, per: week}")
    assert restarted(gateway).status == 429
    configure(gateway, "{tokens: 2k, per: week}")
    assert restarted(gateway).status == 200
    assert restarted(gateway).status == 429


def test_a_prompt_that_nobody_counted_is_estimated(gateway: Gateway) -> None:
    """Providers name the numbers at the end, and a client may leave before it."""
    configure(gateway, "{tokens: 2, per: hour}")
    gateway.provider = answering(
        json_text.encode({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}),
        kind="application/json",
    )
    assert [restarted(gateway).status, restarted(gateway).status] == [200, 429]


def test_a_failure_costs_nothing(gateway: Gateway) -> None:
    """The provider has done nothing for it."""
    configure(gateway, "{tokens: 1, per: hour}")
    gateway.provider = answering(b"{}", status=400, kind="application/json")
    assert [restarted(gateway).status, restarted(gateway).status] == [400, 400]


def test_counting_is_free(gateway: Gateway) -> None:
    """A spent budget does not keep a client from asking how large a prompt is."""
    configure(gateway, "{tokens: 1, per: hour}")
    assert [restarted(gateway).status, restarted(gateway).status] == [200, 429]
    headers = {"x-api-key": KEY}
    assert gateway.ask("POST", "/v1/messages/count_tokens", ASK, headers=headers).status == 200


def test_a_period_that_is_over_is_forgotten(tmp_path: Path) -> None:
    """The file does not grow."""
    now = [datetime(2026, 11, 20, 23, 59).timestamp()]
    budgets = Budgets(tmp_path / "b.json", clock=lambda: now[0])
    key = ClientKey("ci", KEY, budgets=(Budget("day", 10), Budget("month", 100)))
    snapshot = with_keys((key,))

    async def spend() -> None:
        budgets.note(snapshot, "ci", 10, 0.0)
        await budgets.save()
        with pytest.raises(BudgetSpent, match="per day"):
            budgets.check(key)
        now[0] += 120
        budgets.check(key)
        budgets.note(snapshot, "ci", 1, 0.0)
        await budgets.save()

    asyncio.run(spend())
    assert {account[1]: spent.tokens for account, spent in budgets.saved.items()} == {
        "day": 1,
        "month": 11,
    }


def test_what_cannot_be_written_counts_still(tmp_path: Path, log: StringIO) -> None:
    """The log says once that it will be forgotten."""
    (tmp_path / "file").write_text("no folder")
    budgets = Budgets(tmp_path / "file" / "b.json")
    key = ClientKey("ci", KEY, budgets=(Budget("day", 10),))

    async def spend() -> None:
        for _ in range(3):
            budgets.note(with_keys((key,)), "ci", 4, 0.0)
            await budgets.save()
        with pytest.raises(BudgetSpent, match="12 of 10"):
            budgets.check(key)

    asyncio.run(spend())
    assert log.getvalue().count("budgets_not_kept") == 1


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"spent": [["ci"]]}', b'{"spent": 1}', b"\xff"]
)
def test_a_file_that_nobody_can_read_is_laid_aside(
    tmp_path: Path, text: bytes, log: StringIO
) -> None:
    """The gateway starts, says so, and counts on from nothing."""
    file = tmp_path / "b.json"
    file.write_bytes(text)
    budgets = Budgets(file)
    budgets.load()
    assert budgets.saved == {}
    assert "budgets_lost" in log.getvalue()
    assert (tmp_path / "b.unreadable").read_bytes() == text


def test_two_configs_have_two_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of the same name in them are others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    files = {file_for(tmp_path / name) for name in ("a.yaml", "b.yaml")}
    assert len(files) == 2
    assert all(file.parent == tmp_path / "gateway" for file in files)


def test_gateways_that_write_at_once_add_up(tmp_path: Path) -> None:
    """Each waits for the other; nobody but the owner can read the file."""
    file = tmp_path / "b.json"
    key = ClientKey("ci", KEY, budgets=(Budget("month", 10),))
    snapshot = with_keys((key,))

    def gateway(_: int) -> None:
        async def spend() -> None:
            budgets = Budgets(file)
            for _ in range(5):
                budgets.note(snapshot, "ci", 1, 0.5)
                await budgets.save()

        asyncio.run(spend())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(gateway, range(4)))
    kept = Budgets(file)
    kept.load()
    [spent] = kept.saved.values()
    assert (spent.tokens, spent.cost) == (20, 10.0)
    assert os.stat(file).st_mode & 0o777 == 0o600
