"""A change is one of content: however the files are written, and whatever their times say."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from reload_stories import Story, config

from gateway.reload.trial import Trial, tried


def test_a_touched_file_is_no_change(tmp_path: Path) -> None:
    """Its time is another; nothing is loaded and nothing is told."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)

    async def told() -> bool:
        before = await story.store.current()
        os.utime(path, (1, 1))
        return await story.store.current() is before

    assert asyncio.run(told())
    assert story.outcomes == ["loaded"]


def test_a_change_that_no_time_betrays_is_found_by_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems count seconds: same second, same length, same file."""
    monkeypatch.setattr("gateway.reload.store.POLL", 0.01)
    monkeypatch.setattr("gateway.reload.watched._stamp", lambda path: None)
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)

    async def told() -> str:
        watching = asyncio.create_task(story.store.watch())
        story.told.clear()
        path.write_text(config("two"))
        await story.told.wait()
        watching.cancel()
        return await story.model()

    assert asyncio.run(asyncio.wait_for(told(), 20)) == "two"


def mount(folder: Path, name: str, text: str) -> None:
    """Writes a version of a mounted config map, as Kubernetes does: a folder of its own, then one link
    is swapped under the links that were there all the time."""
    version = folder / f"..{name}"
    version.mkdir()
    (version / "config.yaml").write_text(text)
    (version / "team.yaml").write_text("aliases: {team: lab:" + name + "}\n")
    fresh = folder / "..data_tmp"
    fresh.symlink_to(version.name)
    fresh.replace(folder / "..data")
    for file in ("config.yaml", "team.yaml"):
        if not (folder / file).is_symlink():
            (folder / file).symlink_to(f"..data/{file}")


def test_a_mounted_config_map_is_followed_with_all_its_files(tmp_path: Path) -> None:
    """Config and included file change in one swap, and serve together."""
    mount(tmp_path, "one", config("one", "include: [./team.yaml]"))
    story = Story(tmp_path / "config.yaml")

    async def told() -> list[str]:
        found = []
        for name in ("two", "three"):
            mount(tmp_path, name, config(name, "include: [./team.yaml]"))
            snapshot = await story.store.current()
            found += [snapshot.default.target.model, snapshot.aliases["team"].model]
        return found

    assert asyncio.run(told()) == ["two", "two", "three", "three"]
    assert story.outcomes == ["loaded"] * 3


def test_an_included_file_is_watched_from_the_moment_it_is_named(tmp_path: Path) -> None:
    """Also one that does not exist yet: the config is refused until it does."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)

    async def told() -> list[str]:
        path.write_text(config("two", "include: [./team.yaml]"))
        before = await story.model()
        (tmp_path / "team.yaml").write_text("aliases: {team: lab:x}\n")
        return [before, await story.model()]

    assert asyncio.run(told()) == ["one", "two"]
    assert story.outcomes == ["loaded", "refused", "loaded"]


def test_going_back_to_what_serves_clears_the_refusal(tmp_path: Path) -> None:
    """The snapshot stays the very same, and the log says that all is well."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)

    async def told() -> bool:
        before = await story.store.current()
        path.write_text("default: [\n")
        await story.store.current()
        assert story.store.refusal is not None
        path.write_text(config("one"))
        return await story.store.current() is before

    assert asyncio.run(told())
    assert story.store.refusal is None
    assert story.outcomes == ["loaded", "refused", "unchanged"]


def test_reload_looks_at_once_and_says_what_it_found(tmp_path: Path) -> None:
    """What serves already, a saved change, a mistake."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)

    async def told() -> list[str]:
        outcomes = [(await story.store.reload()).kind]
        for text in (config("two"), "default: [\n"):
            path.write_text(text)
            outcomes.append((await story.store.reload()).kind)
        path.unlink()
        return [*outcomes, (await story.store.reload()).kind]

    assert asyncio.run(told()) == ["unchanged", "loaded", "refused", "unreadable"]


def test_a_request_that_leaves_takes_no_reload_with_it(tmp_path: Path) -> None:
    """Others wait for the same one."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)

    async def told() -> str:
        path.write_text(config("two"))
        leaving = asyncio.create_task(story.model())
        await asyncio.sleep(0)
        leaving.cancel()
        return await story.model()

    assert asyncio.run(told()) == "two"
    assert story.outcomes == ["loaded", "loaded"]


def test_no_request_waits_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a config is tried at length, the one before serves."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)
    ready = threading.Event()

    def slowly(*given: Any, **named: Any) -> Trial:
        ready.wait(20)
        return tried(*given, **named)

    monkeypatch.setattr("gateway.reload.store.tried", slowly)
    monkeypatch.setattr("gateway.reload.store.LONGEST_WAIT", 0.05)

    async def told() -> list[str]:
        story.told.clear()
        path.write_text(config("two"))
        during = [await story.model(), await story.model()]
        ready.set()
        await story.told.wait()
        return [*during, await story.model()]

    assert asyncio.run(told()) == ["one", "one", "two"]


def test_a_defect_of_the_checks_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requests are served by the config before; none of them fails."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)

    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr("gateway.reload.trial.read_config", broken)

    async def told() -> str:
        path.write_text(config("two"))
        return await story.model()

    assert asyncio.run(told()) == "one"
    assert story.findings[-1].code == "defect"


def test_whoever_listens_may_object(tmp_path: Path) -> None:
    """A config that is sound may still be wrong here, such as one without keys on an open port."""
    path = tmp_path / "config.yaml"
    path.write_text(config("one"))
    story = Story(path)
    story.store.objection = lambda snapshot: "not on this port"

    async def told() -> str:
        path.write_text(config("two"))
        return await story.model()

    assert asyncio.run(told()) == "one"
    assert story.findings[-1].message == "not on this port"
