"""Claims that documents make about the project, held against the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway
from gateway.config import load
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS
from gateway.routing import CONDITIONS
from gateway.transforms import TRANSFORMS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = "".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
CONFIGS = [
    ROOT / "config.example.yaml",
    *sorted(path for path in (ROOT / "rules").glob("*.yaml") if ".test." not in path.name),
]


def test_the_package_explains_the_house_in_twenty_lines() -> None:
    """The map is short enough to be read, and names every part."""
    assert gateway.__doc__ is not None
    assert len(gateway.__doc__.strip().splitlines()) <= 20
    entrance = {"__init__", "__main__", "cli", "observe", "config_file"}
    parts = {path.stem for path in (ROOT / "gateway").iterdir() if path.suffix in ("", ".py")}
    unnamed = {part for part in parts - entrance if not re.search(rf"\b{part}\b", gateway.__doc__)}
    assert unnamed - {"__pycache__", "encodings"} == set()


@pytest.mark.parametrize("name", sorted({*CONDITIONS, *TRANSFORMS, *DIALECTS, *PROVIDERS}))
def test_the_documents_name_everything_a_config_can(name: str) -> None:
    """A condition, transform, dialect or provider that is not documented does not exist for users."""
    assert f"`{name}`" in README + DOCUMENTS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_is_sound(path: Path) -> None:
    """Without any key in the environment: nobody has one at the first start."""
    loaded = load(path.read_text(), file=path.name, environment={})
    assert [finding for finding in loaded.findings if finding.severity == "error"] == []
    assert loaded.snapshot is not None


def test_files_stay_readable() -> None:
    """No module has grown past what one sits down to read."""
    lengths = {path: path.read_text().count("\n") for path in (ROOT / "gateway").rglob("*.py")}
    assert {str(path): n for path, n in lengths.items() if n > 420} == {}


def test_the_changelog_knows_the_version() -> None:
    """Either as released, or still under way."""
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{gateway.__version__}]" in changelog or "## [Unreleased]" in changelog
