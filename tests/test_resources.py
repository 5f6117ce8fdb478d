"""Where the data of the package lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import resources


@pytest.mark.parametrize("kind", ["rules", "schemas"])
@pytest.mark.parametrize("is_installed", [True, False])
def test_data_folders(
    kind: str, is_installed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a wheel the data is inside the package; in a checkout it stands beside it."""
    package = tmp_path / "gateway"
    installed = package / "_data" / kind
    if is_installed:
        installed.mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", package)
    found = resources.data_folder("rules" if kind == "rules" else "schemas")
    assert found == (installed if is_installed else tmp_path / kind)


def test_encodings() -> None:
    """Token ranks ship inside the package."""
    path = resources.encoding_file("o200k_base")
    assert path.is_file()
    assert path.is_relative_to(resources.PACKAGE)
