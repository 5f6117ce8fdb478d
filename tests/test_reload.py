"""A config file that changes under a running gateway."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import Finding
from gateway.config_file import read_config
from gateway.reload import ConfigError, ConfigStore


def config(model: str) -> str:
    lab = '{dialect: openai-chat, base_url: "http://127.0.0.1:9"}'
    return f"providers: {{lab: {lab}}}\ndefault: lab:{model}\n"


class Story:
    """A store, and what it reported."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcomes: list[str] = []
        self.findings: list[Finding] = []
        self.told = asyncio.Event()
        self.store = ConfigStore(path, self._report)

    def _report(self, outcome: str, findings: tuple[Finding, ...]) -> None:
        self.outcomes.append(outcome)
        self.findings += findings
        self.told.set()

    async def model(self) -> str:
        """The model of the default target, as the next request would find it."""
        return (await self.store.current()).default.target.model


@pytest.fixture
def story(tmp_path: Path) -> Story:
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    return Story(path)


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def by_rename(path: Path, text: str) -> None:
    fresh = path.with_suffix(".swp")
    fresh.write_text(text)
    fresh.replace(path)


def by_removal(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def with_an_old_time(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (1, 1))


@pytest.mark.parametrize("save", [in_place, by_rename, by_removal, with_an_old_time])
def test_the_next_request_sees_what_was_saved(
    story: Story, save: Callable[[Path, str], None]
) -> None:
    """However the editor writes the file."""

    async def told() -> list[str]:
        before = await story.model()
        save(story.path, config("two"))
        return [before, await story.model()]

    assert asyncio.run(told()) == ["one", "two"]
    assert story.outcomes == ["loaded", "loaded"]


def test_a_link_to_another_file_is_followed(tmp_path: Path) -> None:
    """Mounted config maps swap a link, not a file."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(config(name))
    link = tmp_path / "data"
    link.symlink_to("one")
    story = Story(link / "config.yaml")

    async def told() -> str:
        fresh = tmp_path / "fresh"
        fresh.symlink_to("two")
        fresh.replace(link)
        return await story.model()

    assert asyncio.run(told()) == "two"


def test_a_broken_config_is_refused_and_the_old_one_serves(story: Story) -> None:
    """With its findings, once; mending it clears the refusal."""

    async def told() -> list[str]:
        story.path.write_text("default: [\n")
        during = [await story.model(), await story.model()]
        assert story.store.refusal is not None
        story.path.write_text(config("three"))
        return [*during, await story.model()]

    assert asyncio.run(told()) == ["one", "one", "three"]
    assert story.outcomes == ["loaded", "refused", "loaded"]
    assert story.findings[0].line >= 1
    assert story.store.refusal is None


def test_a_config_that_went_away_is_no_reason_to_stop(story: Story) -> None:
    """The loaded one serves on, and the log says that the file cannot be read."""

    async def told() -> str:
        story.path.unlink()
        return await story.model()

    assert asyncio.run(told()) == "one"
    assert story.outcomes == ["loaded", "unreadable"]


def test_a_file_that_is_written_in_two_steps_is_read_when_it_is_still(story: Story) -> None:
    """The first half of a save is not taken for the whole."""

    async def write_slowly() -> None:
        story.path.write_text("providers: {}\n")
        await asyncio.sleep(0.01)
        story.path.write_text(config("two"))

    async def told() -> str:
        writing = asyncio.create_task(write_slowly())
        await asyncio.sleep(0)
        model = await story.model()
        await writing
        return model

    assert asyncio.run(told()) == "two"
    assert story.outcomes == ["loaded", "loaded"]


def test_many_requests_at_once_cause_one_load(story: Story) -> None:
    """They all wait for it, and all get the new one."""

    async def told() -> set[str]:
        story.path.write_text(config("two"))
        return set(await asyncio.gather(*(story.model() for _ in range(20))))

    assert asyncio.run(told()) == {"two"}
    assert story.outcomes == ["loaded", "loaded"]


def test_saving_the_same_text_changes_nothing(story: Story) -> None:
    """What counts is the content, not the time."""

    async def told() -> bool:
        before = await story.store.current()
        story.path.write_text(config("one"))
        return await story.store.current() is before

    assert asyncio.run(told())
    assert story.outcomes == ["loaded"]


def test_the_env_file_is_watched_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is added there serves the next request; the process's own variables win."""
    monkeypatch.delenv("LAB_MODEL", raising=False)
    monkeypatch.setenv("LAB_KIND", "from-the-process")
    path = tmp_path / "config.yaml"
    path.write_text(config("${LAB_MODEL:-none}-${LAB_KIND}"))
    story = Story(path)

    async def told() -> list[str]:
        before = await story.model()
        (tmp_path / ".env").write_text("LAB_MODEL=big\nLAB_KIND=from-the-file\n")
        return [before, await story.model()]

    assert asyncio.run(told()) == ["none-from-the-process", "big-from-the-process"]
    assert read_config(path).environment["LAB_MODEL"] == "big"


def test_without_a_sound_config_there_is_no_start(tmp_path: Path) -> None:
    """The findings tell why."""
    path = tmp_path / "config.yaml"
    path.write_text("rules: []\n")
    with pytest.raises(ConfigError) as caught:
        Story(path)
    assert caught.value.findings
    with pytest.raises(FileNotFoundError):
        Story(tmp_path / "nothing.yaml")


def test_changes_are_seen_without_requests(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the log tells of a mistake when it is saved, not when somebody asks."""
    monkeypatch.setattr("gateway.reload.store.POLL", 0.01)

    async def told() -> None:
        story.told.clear()
        watching = asyncio.create_task(story.store.watch())
        story.path.write_text("default: 5\n")
        await asyncio.wait_for(story.told.wait(), 10)
        watching.cancel()

    asyncio.run(told())
    assert story.outcomes == ["loaded", "refused"]
