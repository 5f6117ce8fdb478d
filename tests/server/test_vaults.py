"""The secret for reasoning state: from the config, or from a file that is made once."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.config import ReasoningSettings
from gateway.server.vaults import Vaults, default_file, secret_of, shared_secret


def test_the_config_s_key_is_the_secret() -> None:
    """Gateways on several machines share sessions by sharing the key."""
    assert secret_of(ReasoningSettings(key="from the config")) == b"from the config"


def test_a_file_is_made_once_and_is_its_owner_s(tmp_path: Path) -> None:
    """The second gateway reads what the first one wrote; nobody else can."""
    path = tmp_path / "state" / "gateway" / "reasoning.key"
    first = shared_secret(path)
    assert len(first) >= 32
    assert shared_secret(path) == first == path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert [entry.name for entry in path.parent.iterdir()] == ["reasoning.key"]


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    """As a machine that lost its power may leave it: everybody could open what it seals."""
    path = tmp_path / "reasoning.key"
    path.write_bytes(b"")
    assert len(shared_secret(path)) >= 32
    assert shared_secret(path) == path.read_bytes()


def test_workers_that_start_at_once_find_one_secret(tmp_path: Path) -> None:
    """The file appears whole or not at all."""
    path = tmp_path / "reasoning.key"
    with ThreadPoolExecutor(16) as pool:
        secrets = list(pool.map(lambda _: shared_secret(path), range(64)))
    assert len(set(secrets)) == 1


def test_without_a_place_for_the_file_the_gateway_says_so_and_serves(
    tmp_path: Path, log: io.StringIO
) -> None:
    """A read-only home loses thinking over restarts, and nothing else."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    settings = ReasoningSettings(key_file=str(blocked / "reasoning.key"))
    assert secret_of(settings) == secret_of(settings)
    line = json.loads(log.getvalue().splitlines()[0])
    assert line["event"] == "reasoning_key_not_kept"
    assert "reasoning.key" in line["help"]


def test_a_reload_keeps_the_vault(tmp_path: Path) -> None:
    """Equal settings are one vault, other settings another."""
    vaults = Vaults()
    settings = ReasoningSettings(key_file=str(tmp_path / "a"))
    assert vaults.vault(settings) is vaults.vault(ReasoningSettings(key_file=str(tmp_path / "a")))
    assert vaults.vault(settings) is not vaults.vault(ReasoningSettings(key="other"))


def test_the_file_stands_in_the_user_s_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the XDG specification puts it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_file() == tmp_path / "gateway" / "reasoning.key"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_file() == tmp_path / ".local" / "state" / "gateway" / "reasoning.key"
