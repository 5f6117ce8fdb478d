"""Every config that is shipped or shown is sound: the example, the presets, the snippets of documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from gateway.cases import read_suite
from gateway.config import Finding, load, render_concise
from gateway.config.schema import SECTIONS
from gateway.config.schemas.rule_schema import rule
from gateway.config.text.source import parse_yaml, scalar_text
from gateway.config_file import files_around, read_config
from gateway.transforms import TRANSFORMS

ROOT = Path(__file__).parent.parent.parent
SHIPPED = [
    ROOT / "config.example.yaml",
    *sorted(path for path in (ROOT / "rules").glob("*.yaml") if ".test." not in path.name),
]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINE = "# yaml-language-server: $schema="

FILES = replace(files_around(ROOT), read=lambda name: "")
"""The presets, and every file that a document may name; empty."""

IN_PARTS = frozenset({"unknown-transform", "unknown-provider", "unset-variable", "no-target"})
"""What is no mistake of a part, because the rest would hold it."""


def snippets(path: Path) -> Iterator[tuple[str, str]]:
    """The blocks of YAML in a document, each with its place."""
    text = path.read_text("utf-8")
    for match in re.finditer(r"^( *)```ya?ml\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        line = text.count("\n", 0, match.start()) + 1
        block = re.sub(f"^{match[1]}", "", match[2], flags=re.MULTILINE)
        yield f"{path.name}:{line}", block


SNIPPETS = dict(snippet for path in DOCUMENTS for snippet in snippets(path))


DECIDES = frozenset({"use", "weights", "refuse", "continue"})
PARTS: tuple[tuple[frozenset[str], Callable[[str, Mapping[str, Any]], str]], ...] = (
    (
        SECTIONS,
        lambda text, value: text + ("" if "default" in value else "\ndefault: mock:mock\n"),
    ),
    (
        frozenset(rule()["properties"]),
        lambda text, value: (
            "rules:\n  -\n"
            + ("" if "name" in value else "    name: part\n")
            + ("" if DECIDES & set(value) else "    use: mock:mock\n")
            + indent(text, "    ")
            + "\ndefault: mock:mock\n"
        ),
    ),
    (
        frozenset(TRANSFORMS),
        lambda text, value: (
            f"apply: [t]\ntransforms:\n  t:\n    -\n{indent(text, '      ')}\ndefault: mock:mock\n"
        ),
    ),
)
"""The keys of a part of a config, and what makes it a whole one."""


def mistakes(snippet: str, name: str) -> list[Finding]:
    """What is wrong with a snippet, as the kind of part that it can be taken for."""
    value, _, found = parse_yaml(snippet, name)
    if found or not isinstance(value, dict):
        return found
    if "tests" in value and "config" in value:
        read_suite(snippet, name)
        return []
    wholes = [complete(snippet, value) for known, complete in PARTS if set(value) <= known]
    assert wholes, f"neither a config nor a part of one: {', '.join(value)}"
    return min((errors(text, name) for text in wholes), key=len)


def errors(text: str, name: str) -> list[Finding]:
    """What would be wrong even if the rest of the config were there."""
    found = load(text, file=name, environment={}, files=FILES).findings
    return [one for one in found if one.severity == "error" and one.code not in IN_PARTS]


@pytest.mark.parametrize("name", SNIPPETS)
def test_what_a_document_shows_can_be_used(name: str) -> None:
    """Each block of YAML is a config, a part of one, or a file of tests."""
    assert render_concise(mistakes(SNIPPETS[name], name)) == ""


def test_there_are_snippets_to_look_at() -> None:
    """The pattern that finds them still does, in the guide and in the reference."""
    assert {name.partition(":")[0] for name in SNIPPETS} >= {"README.md", "rules.md"}


def test_a_broken_snippet_would_be_seen() -> None:
    """A key that does not exist, in a section and in a rule."""
    for snippet in ("server: {prot: 1}\n", "when: {modle: a}\n", f"use: {scalar_text('openai')}\n"):
        assert mistakes(snippet, "document")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_is_sound(path: Path) -> None:
    """On a machine without keys; and editors find the schema of it."""
    config = read_config(path)
    loaded = load(config.text, file=path.name, environment={}, files=config.files)
    assert [one for one in loaded.findings if one.severity == "error"] == []
    first = config.text.splitlines()[0]
    assert first.startswith(LINE)
    assert (path.parent / first.removeprefix(LINE)).resolve().is_file()


@pytest.mark.parametrize("path", SHIPPED[1:], ids=lambda path: path.stem)
def test_every_preset_can_be_included(path: Path, tmp_path: Path) -> None:
    """By its name, from any folder, with a target of one's own."""
    file = tmp_path / "config.yaml"
    file.write_text(f"include: [{path.stem}]\ndefault: mock:mine\n")
    config = read_config(file)
    loaded = load(config.text, file="config.yaml", environment={}, files=config.files)
    assert loaded.snapshot is not None
    assert str(loaded.snapshot.default.target) == "mock:mine"
    assert loaded.snapshot.rules
