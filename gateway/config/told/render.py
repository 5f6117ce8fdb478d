"""Findings for people, editors and programs. No IO."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

from gateway.config.findings import Finding, Severity
from gateway.config.text.positions import printable
from gateway.config.text.source import lines_to_show

_RED, _YELLOW, _BLUE, _CYAN, _BOLD, _PLAIN = (
    f"\x1b[{code}m" for code in ("1;31", "1;33", "1;34", "1;36", "1", "0")
)
_SEVERITY_COLOR: Mapping[Severity, str] = {
    "error": _RED,
    "warning": _YELLOW,
    "note": _CYAN,
}


def render_full(
    findings: Iterable[Finding], sources: Mapping[str, str], *, color: bool = False
) -> str:
    """Each finding with its line and carets under what is meant; findings parted by an empty line.

    `sources` are the texts by file name. Their secrets are blotted out; a file that is not among them
    is named only.
    """
    lines = {file: lines_to_show(text) for file, text in sources.items()}
    return "\n\n".join(_full(found, lines.get(found.file, ()), color=color) for found in findings)


def render_concise(findings: Iterable[Finding], *, color: bool = False) -> str:
    """One line each, in the form that editors and `grep` understand; the help stands at its end."""
    return "\n".join(_concise(found, color=color) for found in findings)


def render_json(findings: Iterable[Finding]) -> str:
    """A JSON list of objects."""
    names = ("file", "line", "column", "code", "severity", "message", "help")
    values = [{name: getattr(found, name) for name in names} for found in findings]
    return json.dumps(values, indent=2, ensure_ascii=False)


def render_github(findings: Iterable[Finding]) -> str:
    """Workflow commands: GitHub shows each as an annotation at its place in a pull request.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    return "\n".join(_github(found) for found in findings)


def _full(found: Finding, lines: Sequence[str], *, color: bool) -> str:
    paint = _painter(color)
    margin = " " * len(str(found.line))
    text = [
        f"{_label(found, color=color)}: {paint(_BOLD, found.message)}",
        f"{margin}{paint(_BLUE, '-->')} {found.file}:{found.line}:{found.column}",
    ]
    if found.line <= len(lines):
        line, at = printable(lines[found.line - 1]), found.column - 1
        bar, number = paint(_BLUE, "|"), paint(_BLUE, str(found.line))
        carets = "^" * max(1, sum(_columns(char) for char in line[at : at + found.width]))
        marked = _padding(line[:at]) + paint(_SEVERITY_COLOR[found.severity], carets)
        text += [f"{margin} {bar}", f"{number} {bar} {line}".rstrip(), f"{margin} {bar} {marked}"]
    if found.help:
        text.append(f"{paint(_CYAN, 'help')}: {found.help}")
    return "\n".join(text)


def _concise(found: Finding, *, color: bool) -> str:
    help = f" ({found.help})" if found.help else ""
    place = f"{found.file}:{found.line}:{found.column}"
    return f"{place}: {_label(found, color=color)}: {found.message}{help}"


def _github(found: Finding) -> str:
    level = "notice" if found.severity == "note" else found.severity
    properties = {
        "file": found.file,
        "line": found.line,
        "endLine": found.line,
        "col": found.column,
        "endColumn": found.column + found.width,
        "title": found.code,
    }
    named = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    help = f" ({found.help})" if found.help else ""
    return f"::{level} {named}::{_escaped(found.message + help)}"


def _escaped(value: object, special: str = "") -> str:
    """A value as a workflow command carries it."""
    text = str(value)
    for char in ("%", "\r", "\n", *special):
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _label(found: Finding, *, color: bool) -> str:
    return _painter(color)(_SEVERITY_COLOR[found.severity], f"{found.severity}[{found.code}]")


def _painter(color: bool) -> Callable[[str, str], str]:
    """Puts text in colour, or leaves it as it is."""
    return lambda code, text: f"{code}{text}{_PLAIN}" if color else text


def _padding(before: str) -> str:
    """White space as wide as `before`, tabs kept, so that the carets stand under their text."""
    return "".join("\t" if char == "\t" else " " * _columns(char) for char in before)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
