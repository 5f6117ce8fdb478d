"""Imports: what is hidden from a library, and what the code imports only when it is needed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path

import pytest

from gateway.imports import without

PACKAGE = Path(__file__).parent.parent / "gateway"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages that nobody has imported."""
    for name in ("hidden_one", "open_one"):
        (tmp_path / name).mkdir()
        for file in ("__init__.py", "inner.py"):
            (tmp_path / name / file).touch()
        for module in (name, f"{name}.inner"):
            monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("packages")
def test_a_hidden_package_is_not_found_and_then_found_again() -> None:
    """With everything below it; others are found all the while."""
    with without("hidden_one"):
        for name in ("hidden_one", "hidden_one.inner"):
            with pytest.raises(ModuleNotFoundError):
                import_module(name)
        assert import_module("open_one.inner") is sys.modules["open_one.inner"]
    assert import_module("hidden_one.inner") is sys.modules["hidden_one.inner"]


def test_what_is_imported_already_stays() -> None:
    """Somebody uses it, so nobody else shall be told that it is not there."""
    with without("json"):
        assert import_module("json") is sys.modules["json"]
    assert sys.modules["json"] is not None


def test_a_failure_inside_hides_nothing_for_good() -> None:
    """The package is found again, whatever happened."""
    with pytest.raises(ZeroDivisionError), without("no_such_package"):
        _ = 1 / 0
    assert "no_such_package" not in sys.modules


def late_imports() -> Iterator[tuple[str, str, str]]:
    """Every import inside a function: file, module, and the name that is taken from it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        functions = [
            n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        for node in (inner for function in functions for inner in ast.walk(function)):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                for alias in node.names:
                    yield path.name, node.module, alias.name
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    yield path.name, alias.name, ""


@pytest.mark.parametrize(("file", "module", "name"), sorted(set(late_imports())))
def test_what_is_imported_late_is_there(file: str, module: str, name: str) -> None:
    """A start does not find a mistake in these, so this does."""
    found = import_module(module)
    assert not name or hasattr(found, name) or util.find_spec(f"{module}.{name}") is not None
