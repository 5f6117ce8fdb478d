"""A change that moves too much of the recent traffic is held."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_language import COUNTER, recorded, snapshot
from reload_stories import LAB, Story, config

from gateway.recording import Recorded, compare
from gateway.reload.limit import is_too_much

LIMIT = "reload: {max_changed: 20%, at_least: 50}"
HAIKU = "rules: [{name: haiku, when: {model: '*haiku*'}, use: lab:small}]"


def traffic(haiku: int, other: int) -> list[Recorded]:
    """Requests for two models."""
    return [recorded(model="claude-haiku-4-5")] * haiku + [recorded()] * other


@pytest.fixture
def story(tmp_path: Path) -> Story:
    path = tmp_path / "config.yaml"
    path.write_text(config("one", LIMIT))
    return Story(path)


def test_a_change_beyond_the_limit_is_held_and_says_what_it_moves(story: Story) -> None:
    """Thirty of a hundred are more than a fifth: the config before serves on."""
    story.recent = traffic(30, 70)

    async def told() -> str:
        story.path.write_text(config("one", f"{LIMIT}\n{HAIKU}"))
        return (await story.store.current()).id

    before = story.store.snapshot.id
    assert asyncio.run(told()) == before
    assert story.outcomes == ["loaded", "held"]
    assert story.store.held is not None
    assert story.findings[-1].message == (
        "30 of 100 recently seen requests (30.0 %) would go elsewhere: 30 from default (lab:one) to "
        "haiku (lab:small); reload.max_changed allows 20 %"
    )


def test_a_held_change_is_taken_when_it_is_accepted(story: Story) -> None:
    """By its id: a later one is another change."""
    story.recent = traffic(30, 70)

    async def told() -> list[str]:
        story.path.write_text(config("one", f"{LIMIT}\n{HAIKU}"))
        await story.store.current()
        assert story.store.held is not None
        wrong = await story.store.reload(accept="000000000000")
        again = await story.store.reload()
        right = await story.store.reload(accept=story.store.held.id)
        return [wrong.kind, again.kind, right.kind]

    assert asyncio.run(told()) == ["held", "held", "loaded"]
    assert story.store.held is None
    assert story.store.snapshot.rules[0].name == "haiku"


def test_a_held_change_that_is_taken_back_is_held_no_longer(story: Story) -> None:
    """As is one that is made smaller, or that turns out broken."""
    story.recent = traffic(30, 70)

    async def told(text: str) -> None:
        story.path.write_text(config("one", f"{LIMIT}\n{HAIKU}"))
        await story.store.current()
        assert story.store.held is not None
        story.path.write_text(text)
        await story.store.current()

    for text in (config("one", LIMIT), "default: [\n"):
        asyncio.run(told(text))
        assert story.store.held is None
    assert story.store.refusal is not None


def test_the_limit_cannot_be_lifted_by_the_change_that_it_holds(story: Story) -> None:
    """The limit that counts is the one that serves."""
    story.recent = traffic(30, 70)

    async def told() -> None:
        story.path.write_text(config("one", HAIKU))
        await story.store.current()

    asyncio.run(told())
    assert story.outcomes[-1] == "held"


def test_a_change_within_the_limit_is_taken_and_told(story: Story) -> None:
    """The log says which requests go elsewhere now."""
    story.recent = traffic(19, 81)

    async def told() -> None:
        story.path.write_text(config("one", f"{LIMIT}\n{HAIKU}"))
        await story.store.current()

    asyncio.run(told())
    assert story.outcomes == ["loaded", "loaded"]
    assert story.findings[-1].code == "routes-changed"
    assert story.findings[-1].message.startswith("19 of 100 recently seen requests (19.0 %)")


def test_a_new_rule_that_asks_for_the_prompt_is_judged_by_the_last_prompts(story: Story) -> None:
    """The prompt of young requests is known; of others it is not, and they are not guessed."""
    hush = "rules: [{name: hush, when: {system: secret}, use: lab:small}]"
    young = [recorded(system="a secret plan")] * 30 + [recorded(system="nothing")] * 30
    story.recent = [recorded()] * 100 + young

    async def told() -> None:
        story.path.write_text(config("one", f"{LIMIT}\n{hush}"))
        await story.store.current()

    asyncio.run(told())
    assert story.outcomes[-1] == "held"
    assert "30 of 60 recently seen requests (50.0 %)" in story.findings[-1].message
    assert "of 100 it is not known, for their record lacks: system" in story.findings[-1].message


def test_a_change_of_which_too_little_can_be_told_is_held(story: Story) -> None:
    """What was spent is not in a record: nobody knows what such a rule would move."""
    story.recent = traffic(0, 100)
    dear = "rules: [{name: dear, when: {spend: {above: 5, scope: all}}, use: lab:small}]"

    async def told() -> None:
        story.path.write_text(config("one", f"{LIMIT}\n{dear}"))
        await story.store.current()

    asyncio.run(told())
    assert story.outcomes[-1] == "held"
    assert "lacks: spend of all" in story.findings[-1].message


OLD = snapshot(LAB + "default: lab:one\n" + LIMIT)
NEW = snapshot(LAB + "default: lab:one\n" + HAIKU)


@settings(max_examples=60)
@given(st.integers(0, 100), st.integers(0, 100))
def test_the_limit_is_the_one_that_is_written(haiku: int, other: int) -> None:
    """Held if and only if enough was seen, and more than a fifth of it goes elsewhere."""
    change = compare(OLD, NEW, traffic(haiku, other), COUNTER)
    seen = haiku + other
    assert is_too_much(OLD, change) is (seen >= 50 and haiku / seen > 0.2)
    assert not is_too_much(NEW, change), "a config without a limit takes everything"
