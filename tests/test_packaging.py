"""What an installed gateway consists of."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from gateway import __version__, resources

ROOT = Path(__file__).parent.parent


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAMES = {"google-re2": "re2", "python-dotenv": "dotenv", "pyyaml": "yaml"}
"""Distribution -> the module it holds, where that has another name."""


def modules(requirements: list[str]) -> set[str]:
    """The modules that are installed with these requirements."""
    found = {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}  # type: ignore[index]
    return {NAMES.get(name, name).replace("-", "_") for name in found}


def imported(folder: str) -> set[str]:
    """What the code of a folder imports of others."""
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module))
    return {name.partition(".")[0] for name in found} - sys.stdlib_module_names


def test_what_is_installed_is_what_is_imported() -> None:
    """No dependency is missing, and none is left that nobody needs; the event loop is uvicorn's choice."""
    declared = modules(PROJECT["dependencies"])
    assert declared == imported("gateway") - {"gateway"} | {"uvloop"}
    of_bench = modules(PROJECT["optional-dependencies"]["bench"])
    assert declared | of_bench >= imported("bench") - {"gateway", "bench"} >= of_bench


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
        "--no-index",
        "--no-build-isolation",  # with what the lock installed
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
