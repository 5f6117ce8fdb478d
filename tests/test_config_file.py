"""A config on disk: its `.env`, what it includes, who can read it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Finding
from gateway.config.text.files import MAX_BYTES
from gateway.config_file import read_config
from gateway.reload import ConfigError, ConfigStore

LAB = 'providers: {lab: {dialect: openai-chat, base_url: "http://127.0.0.1:9"}}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Closed to others, and no variable that matters is set."""
    for name in [name for name in os.environ if name.endswith("_KEY") or name == "GATEWAY_ENV"]:
        monkeypatch.delenv(name)
    tmp_path.chmod(0o700)
    return tmp_path


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    """A file with these permissions."""
    path.write_text(text)
    path.chmod(mode)
    return path


def found(path: Path) -> list[tuple[str, int, str]]:
    """File, line and code of what is wrong with a config."""
    findings = read_config(path, name=path.name).load().findings
    return [(one.file, one.line, one.code) for one in findings]


def test_presets_are_included_by_name(folder: Path) -> None:
    """Those that ship with the gateway."""
    path = write(folder / "config.yaml", "include: [claude-code]\nserver: {port: 4001}\n")
    loaded = read_config(path).load()
    assert loaded.snapshot is not None
    assert loaded.snapshot.rules
    assert [Path(name).name for name in loaded.files] == ["claude-code.yaml"]


def test_files_are_included_from_the_folder_of_the_including_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the process runs, and however the config is named."""
    (folder / "team").mkdir()
    write(folder / "team" / "a.yaml", "include: [b.yaml]\n")
    write(folder / "team" / "b.yaml", f"{LAB}default: lab:b\n")
    path = write(folder / "config.yaml", "include: [team/a.yaml]\n")
    for named in (path, Path("config.yaml"), Path("team/../config.yaml")):
        monkeypatch.chdir(folder)
        loaded = read_config(named).load()
        assert loaded.snapshot is not None, loaded.findings
    write(path, f"include: [{folder}/team/b.yaml]\n")
    assert found(path) == []


def test_what_is_no_file_is_not_read(folder: Path) -> None:
    """A folder, a pipe that nobody writes to, and more than any config holds."""
    os.mkfifo(folder / "pipe.yaml")
    write(folder / "long.yaml", "#" * (MAX_BYTES + 1))
    write(folder / "latin.yaml", "").write_bytes(b"# \xe9")
    names = ["./pipe.yaml", "./long.yaml", "./latin.yaml", "./", "./none.yaml"]
    path = write(folder / "config.yaml", f"include: [{', '.join(names)}]\ndefault: mock:x\n")
    assert [code for _, _, code in found(path)] == ["unreadable-include"] * len(names)


OPEN, SHUT = 0o644, 0o640


@pytest.fixture
def passable(folder: Path) -> Iterator[None]:
    """Everybody can pass through the folders above; pytest's own are closed otherwise."""
    modes = {place: place.stat().st_mode for place in folder.parents}
    closed = {place: mode for place, mode in modes.items() if not mode & 0o001}
    for place, mode in closed.items():
        place.chmod(mode | 0o011)
    yield
    for place, mode in closed.items():
        place.chmod(mode)


@pytest.mark.parametrize(
    ("text", "env", "mode", "expected"),
    [
        ("", "A_KEY=abc\n", OPEN, [(".env", 1, "readable-keys")]),
        ("", "A_KEY=abc\n", SHUT, []),
        ("", "# note\n\nPORT=1\nexport OPENAI_API_KEY=abc\n", OPEN, [(".env", 4, "readable-keys")]),
        ("", "PORT=1\nA_KEY=\n", OPEN, []),
        ("", "what is this\nPORT=1\n", SHUT, [(".env", 1, "bad-env-line")]),
        (
            "providers: {openai: {api_key: abc}}\n",
            "",
            OPEN,
            [("config.yaml", 2, "plain-secret"), ("config.yaml", 2, "readable-keys")],
        ),
        ("providers: {openai: {api_key: abc}}\n", "", SHUT, [("config.yaml", 2, "plain-secret")]),
        (
            "include: [./keys.yaml]\n",
            "",
            OPEN,
            [("keys.yaml", 2, "plain-secret"), ("keys.yaml", 2, "readable-keys")],
        ),
    ],
)
def test_a_file_with_keys_that_everybody_can_read_is_told(
    folder: Path,
    passable: None,
    text: str,
    env: str,
    mode: int,
    expected: list[tuple[str, int, str]],
) -> None:
    """At its first key; a file without keys is nobody's secret. What cannot be read as a variable is
    told as well, at its line."""
    folder.chmod(0o755)
    write(folder / ".env", env, mode)
    keys = "# keys\nserver: {auth: {keys: [{name: a, key: the-key-of-a-laptop-4711}]}}\n"
    write(folder / "keys.yaml", keys, mode)
    path = write(folder / "config.yaml", f"default: mock:x\n{text}", mode)
    assert found(path) == expected
    folder.chmod(0o700)
    assert "readable-keys" not in {code for _, _, code in found(path)}


class Story:
    """A store, and what it reported."""

    def __init__(self, path: Path, env: str | None = None) -> None:
        self.outcomes: list[str] = []
        self.store = ConfigStore(path, self._report, env=env)

    def _report(self, outcome: str, findings: tuple[Finding, ...]) -> None:
        self.outcomes.append(outcome)

    async def model(self) -> str:
        """The model of the default target, as the next request would find it."""
        return (await self.store.current()).default.target.model


def test_every_included_file_is_watched(folder: Path) -> None:
    """Also those of included files, those that an edit adds, and those that are not there yet."""
    write(folder / "deep.yaml", "default: lab:one\n")
    write(folder / "team.yaml", "include: [./deep.yaml]\n")
    path = write(folder / "config.yaml", f"include: [./team.yaml]\n{LAB}")
    story = Story(path)

    async def told() -> list[str]:
        models = [await story.model()]
        write(folder / "deep.yaml", "default: lab:two\n")
        models.append(await story.model())
        write(folder / "team.yaml", "include: [./deep.yaml, ./more.yaml]\n")
        models.append(await story.model())
        write(folder / "more.yaml", "default: lab:three\n")
        models.append(await story.model())
        write(folder / "more.yaml", "default: [\n")
        models.append(await story.model())
        write(path, f"default: lab:four\n{LAB}")
        models.append(await story.model())
        write(folder / "more.yaml", "default: lab:five\n")
        return [*models, await story.model()]

    assert asyncio.run(told()) == ["one", "two", "two", "three", "three", "four", "four"]
    assert story.outcomes == ["loaded", "loaded", "refused", "loaded", "refused", "loaded"]


def test_an_overlay_serves_where_it_is_named(folder: Path) -> None:
    """By the variable, by `.env`, or by name; the name wins."""
    text = f"{LAB}default: lab:a\noverlays: {{b: {{default: 'lab:b'}}, c: {{default: 'lab:c'}}}}\n"
    path = write(folder / "config.yaml", text)
    assert asyncio.run(Story(path).model()) == "a"
    write(folder / ".env", "GATEWAY_ENV=b\n")
    assert asyncio.run(Story(path).model()) == "b"
    assert asyncio.run(Story(path, "c").model()) == "c"
    with pytest.raises(ConfigError):
        Story(path, "d")
