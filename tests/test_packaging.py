"""What an installed gateway consists of."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gateway import __version__, resources

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run([*map(str, command)], check=True, timeout=300, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_and_its_data_and_nothing_beside(wheel: Path) -> None:
    """`rules/` and `schemas/` ship as `gateway/_data`, the token ranks lie in the package."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"gateway", f"rules_gateway-{__version__}.dist-info"}
    for needed in (
        "gateway/_data/rules/claude-code.yaml",
        "gateway/_data/schemas/config.schema.json",
        "gateway/encodings/o200k_base.tiktoken.gz",
        "gateway/encodings/NOTICE",
        "gateway/py.typed",
    ):
        assert needed in names


def test_an_installed_wheel_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """From another folder, with nothing but the wheel on the path, data is found and tokens count."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        "import gateway, gateway.resources as r, gateway.tokens as t, pathlib;"
        "assert str(pathlib.Path.cwd()) in gateway.__file__, gateway.__file__;"
        "assert (r.data_folder('schemas') / 'config.schema.json').is_file();"
        "assert (r.data_folder('rules') / 'claude-code.yaml').is_file();"
        "print(t.Tiktoken().count('hello world'))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "2\n", done.stderr


@pytest.mark.parametrize("folder", ["rules", "schemas"])
def test_data_folders_hold_no_code(folder: str) -> None:
    """They are data in a checkout as in the wheel."""
    found = resources.data_folder(folder)  # type: ignore[arg-type]  # the two literals
    assert found.is_dir()
    assert not list(found.rglob("*.py"))
