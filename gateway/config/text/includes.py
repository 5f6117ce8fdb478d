"""The files that a config includes: found, read, and laid under what the config says. No IO of its own.

An entry of `include:` is the name of a preset, or the path of a file from the folder of the file that
includes it. What the including file says stands over what it includes, and a later entry stands over
the entries before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from posixpath import normpath
from typing import Any

from gateway.config.findings import Finding
from gateway.config.schema import REQUIRED, SECTIONS
from gateway.config.text.document import Document, closest, quoted, suggestion
from gateway.config.text.environment import filled, has_reference
from gateway.config.text.files import MAX_BYTES, Files
from gateway.config.text.layers import Layer, laid_over
from gateway.config.text.positions import Path, Place, Positions, Span, split_lines
from gateway.config.text.source import MAX_VALUES, parse_yaml

MAX_DEPTH = 8
MAX_FILES = 32

EXPECTED = "a list of presets and files such as [claude-code, ./team.yaml]"
EMPTY = Layer({}, {})


@dataclass(frozen=True, slots=True)
class Whole:
    """A config and everything that it includes."""

    layer: Layer
    positions: Positions
    findings: tuple[Finding, ...]
    sources: Mapping[str, str] = field(repr=False)
    """File -> its text, in the order of reading; the config's own first."""
    files: tuple[str, ...]
    """The files that it includes, also those that cannot be read."""

    def at(self, layer: Layer) -> Positions:
        """The places of a part of it."""
        return replace(self.positions, places=layer.places)


def read_whole(text: str, file: str, files: Files, environment: Mapping[str, str]) -> Whole:
    """Reads a config. The layer's value is None when nothing can be said of it but the findings."""
    reading = _Reading(text, file, files, environment)
    layer = reading.root()
    positions = reading.positions(layer)
    included = tuple(dict.fromkeys(name for name in reading.tried if name != file))
    return Whole(layer, positions, tuple(reading.found), reading.sources, included)


class _Reading:
    def __init__(self, text: str, file: str, files: Files, environment: Mapping[str, str]) -> None:
        self.file = file
        self.found: list[Finding] = []
        self.sources = {file: text}
        self.tried: list[str] = [file]
        self._files = files
        self._environment = environment
        self._layers: dict[str, Layer] = {}
        self._values = 0

    def positions(self, layer: Layer) -> Positions:
        """The places of the whole."""
        lines: dict[str, Sequence[str]] = {
            name: split_lines(text) for name, text in self.sources.items()
        }
        own = lines.pop(self.file)
        return Positions(self.file, own, layer.places, lines)

    def root(self) -> Layer:
        value, positions, findings = parse_yaml(self.sources[self.file], self.file)
        self.found += findings
        self._values += len(positions.places)
        own = Layer(without_empty(value), positions.places)
        return self._with_included(own, positions, (self.file,))

    def _with_included(self, own: Layer, positions: Positions, above: tuple[str, ...]) -> Layer:
        """`above` are the files that led here, this one last."""
        if not isinstance(own.value, dict) or "include" not in own.value:
            return own
        below = EMPTY
        for path in self._entries(own, positions):
            layer = self._included(own, positions, path, above)
            below = laid_over(layer, below)
        own = own.without("include")
        return laid_over(own, below) if below is not EMPTY else own

    def _entries(self, own: Layer, positions: Positions) -> Sequence[Path]:
        entries = own.value["include"]
        document = Document(own.value, positions)
        paths: list[Path] = [("include",)]
        if isinstance(entries, list):
            paths = [("include", index) for index in range(len(entries))]
            if all(isinstance(entry, str) and entry for entry in entries):
                return paths
        for path in paths:
            if not isinstance(entry := document.raw(*path), str) or not entry or path[1:] == ():
                message = f"`include`: expected {EXPECTED}, got {document.got(path)}"
                span = positions.value(path)
                self.found.append(positions.error("bad-value", span, message))
        return ()

    def _included(
        self, own: Layer, positions: Positions, path: Path, above: tuple[str, ...]
    ) -> Layer:
        entry, lacking = filled(own.value["include"][path[1]], self._environment)
        typed = quoted(positions.typed(path) or "")
        if lacking:
            message = f"the environment variable {lacking[0]} is not set"
            return self._refuse(positions, path, "unset-variable", message)
        name = self._located(entry, above[-1])
        if name is None:
            known = suggestion(entry, self._files.presets)
            a_file = "a file is named with its ending, as in ./team.yaml"
            help = known if closest(entry, self._files.presets) else f"{known}; {a_file}"
            message = f"no preset is called {typed}"
            return self._refuse(positions, path, "unknown-preset", message, help.removeprefix("; "))
        if name in above:
            message = (
                f"{typed} leads back to this file"
                if name == above[-1]
                else (f"{typed} includes this file, by way of {_chain(above[above.index(name) :])}")
            )
            return self._refuse(positions, path, "include-cycle", message)
        if len(above) > MAX_DEPTH or len(self.tried) > MAX_FILES:
            message = f"more than {MAX_FILES} files, or includes more than {MAX_DEPTH} deep"
            return self._refuse(positions, path, "too-large", message)
        if name not in self._layers:
            self._layers[name] = self._read(name, positions, path, above)
        return self._layers[name]

    def _read(self, name: str, positions: Positions, path: Path, above: tuple[str, ...]) -> Layer:
        self.tried.append(name)
        typed = quoted(positions.typed(path) or "")
        try:
            text = self._files.read(name)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            message = f"{typed} cannot be read: {why}"
            shown = "" if has_reference(positions.typed(path)) else quoted(name)
            help = f"it is looked for at {shown}" if shown else ""
            return self._refuse(positions, path, "unreadable-include", message, help)
        if len(text) > MAX_BYTES:
            message = f"{typed} is longer than {MAX_BYTES} bytes"
            return self._refuse(positions, path, "too-large", message)
        self.sources[name] = text
        value, inner, findings = parse_yaml(text, name)
        self.found += [finding for finding in findings if finding.code != "empty"]
        self._values += len(inner.places)
        if self._values > MAX_VALUES:
            message = f"more than {MAX_VALUES} values in all files together"
            return self._refuse(positions, path, "too-large", message)
        if value is not None and not isinstance(value, dict):
            got = Document(value, inner).got(())
            message = f"expected settings such as `rules:`, got {got}"
            self.found.append(inner.error("bad-value", inner.value(()), message))
        layer = Layer(without_empty(value) if isinstance(value, dict) else {}, inner.places)
        whole = self._with_included(layer, inner, (*above, name))
        return Layer(whole.value, _placed(whole.places, name))

    def _located(self, entry: str, including: str) -> str | None:
        """The file of an entry; None for a preset that does not exist."""
        if "/" in entry or entry.endswith((".yaml", ".yml")):
            return normpath((PurePath(including).parent / entry).as_posix())
        return self._files.presets.get(entry)

    def _refuse(
        self, positions: Positions, path: Path, code: str, message: str, help: str = ""
    ) -> Layer:
        span = positions.value(path)
        self.found.append(positions.error(code, span, f"`include`: {message}", help))
        return EMPTY


def _chain(files: Sequence[str]) -> str:
    return ", ".join(quoted(file) for file in files)


def _placed(places: Mapping[Path, Place], file: str) -> dict[Path, Place]:
    """The places, in their file; what came from yet another one is there already."""
    return {
        path: replace(place, value=_in(place.value, file), key=place.key and _in(place.key, file))
        for path, place in places.items()
    }


def _in(span: Span, file: str) -> Span:
    return span if span.file is not None else replace(span, file=file)


def without_empty(value: Any) -> Any:
    """A section all of whose lines are comments is as good as absent."""
    if not isinstance(value, dict):
        return value
    return {
        name: section
        for name, section in value.items()
        if section is not None or name in REQUIRED or name not in SECTIONS
    }
