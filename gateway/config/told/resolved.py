"""A config after its includes and its overlay: every value with the place that it comes from. No IO.

References to the environment stay references, so nothing that a variable holds is shown; a secret that
stands in a file is not shown either. Without such secrets the text is a config that means the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.config.redaction import is_reference, is_secret_path, looks_secret
from gateway.config.snapshot import ServerSettings
from gateway.config.text import overlays
from gateway.config.text.document import dotted
from gateway.config.text.environment import variables
from gateway.config.text.files import Files
from gateway.config.text.includes import read_whole
from gateway.config.text.positions import Path, Positions
from gateway.config.text.source import scalar_text

HIDDEN = "***"
"""What stands in place of a secret."""

DEFAULTS: Mapping[str, Mapping[str, Any] | str] = {
    "server": {"host": ServerSettings().host, "port": ServerSettings().port},
    "missing_key": "refuse",
    "server_tools": "auto",
}
"""What holds where nothing is said."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that is no mapping and no list, or an empty one."""

    path: Path
    value: Any = field(repr=False)
    """As it is written; never a secret."""
    file: str | None
    """None for a default."""
    line: int
    column: int
    variables: Mapping[str, bool]
    """The variables that it refers to, and whether they are set."""

    @property
    def origin(self) -> str:
        """For people: `config.yaml:3, PORT is not set`."""
        place = f"{self.file}:{self.line}" if self.file is not None else "default"
        told = (
            f"{name} is {'set' if is_set else 'not set'}" for name, is_set in self.variables.items()
        )
        return ", ".join([place, *told])


@dataclass(frozen=True, slots=True)
class Resolved:
    """A config that is no mapping has no settings."""

    value: Mapping[str, Any] = field(repr=False)
    """The whole, without secrets."""
    settings: Mapping[Path, Setting]
    """In the order of the text."""
    files: tuple[str, ...]
    overlay: str | None
    overlays: tuple[str, ...]


def resolve(text: str, *, file: str, environment: Mapping[str, str], files: Files) -> Resolved:
    """What a config says in an environment; see `gateway.config.load` for what is wrong with it."""
    whole = read_whole(text, file, files, environment)
    name, _ = overlays.chosen(whole.layer, whole.positions, environment)
    layer = overlays.applied(whole.layer, name)
    positions = whole.at(layer)
    value = layer.value if isinstance(layer.value, dict) else {}
    shown = _masked(value, (), positions)
    settings = {one.path: one for one in _settings(shown, (), positions, environment)}
    return Resolved(
        value=_with_defaults(shown, settings) if value else {},
        settings=settings,
        files=tuple(whole.sources),
        overlay=name,
        overlays=tuple(overlays.names(whole.layer)),
    )


def as_yaml(resolved: Resolved, *, schema: str) -> str:
    """The config in lines of one value each, with the place of it in a comment; `schema` is where an
    editor finds the schema."""
    lines = [f"# yaml-language-server: $schema={schema}", "#"]
    lines += [f"# {'from' if not at else 'and'} {name}" for at, name in enumerate(resolved.files)]
    lines += [f"# with the overlay {resolved.overlay}"] if resolved.overlay is not None else []
    written = list(_block(resolved.value, (), "", resolved.settings))
    width = min(60, max((len(line) for line, _ in written), default=0))
    lines += [f"{line:<{width}}  # {origin}" if origin else line for line, origin in written]
    return "\n".join(lines) + "\n"


def as_data(resolved: Resolved) -> list[dict[str, Any]]:
    """`[{key, value, file, line, column, variables}]`; a default has no file."""
    return [
        {
            "key": dotted(one.path),
            "value": one.value,
            "file": one.file,
            "line": one.line,
            "column": one.column,
            "variables": dict(one.variables),
        }
        for one in resolved.settings.values()
    ]


def _masked(value: Any, path: Path, positions: Positions) -> Any:
    match value:
        case dict():
            return {
                HIDDEN if looks_secret(name) else name: _masked(item, (*path, name), positions)
                for name, item in value.items()
            }
        case list():
            return [_masked(item, (*path, at), positions) for at, item in enumerate(value)]
        case None | bool():
            return value
        case _:
            typed = positions.typed(path) or str(value)
            is_hidden = is_secret_path(path) or looks_secret(typed)
            return HIDDEN if typed and is_hidden and not is_reference(typed) else value


def _settings(
    value: Any, path: Path, positions: Positions, environment: Mapping[str, str]
) -> Iterator[Setting]:
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    if value and not isinstance(value, str) and isinstance(value, Mapping | list):
        for step, item in inner:
            yield from _settings(item, (*path, step), positions, environment)
        return
    span = positions.value(path)
    named = sorted(variables(value)) if isinstance(value, str) else []
    yield Setting(
        path,
        value,
        span.file or positions.file,
        span.line,
        span.column,
        {name: bool(environment.get(name)) for name in named},
    )


def _with_defaults(value: Mapping[str, Any], settings: dict[Path, Setting]) -> dict[str, Any]:
    whole = dict(value)
    for name, default in DEFAULTS.items():
        if isinstance(default, str):
            whole.setdefault(name, default)
            settings.setdefault((name,), Setting((name,), default, None, 0, 0, {}))
        elif isinstance(section := whole.get(name, {}), Mapping):
            whole[name] = {**section}
            for key, item in default.items():
                if key not in section:
                    whole[name][key] = item
                    settings[name, key] = Setting((name, key), item, None, 0, 0, {})
    return whole


def _block(
    value: Any, path: Path, indent: str, settings: Mapping[Path, Setting]
) -> Iterator[tuple[str, str]]:
    """Lines, each with where its value comes from."""
    if isinstance(value, Mapping):
        parts = ((name, f"{scalar_text(name)}:", item) for name, item in value.items())
    else:
        parts = ((at, "-", item) for at, item in enumerate(value))
    for step, head, item in parts:
        inner = (*path, step)
        if not isinstance(item, Mapping | list) or not item:
            written = scalar_text(item) if not isinstance(item, Mapping | list) else repr(item)
            yield f"{indent}{head} {written}", settings[inner].origin if inner in settings else ""
            continue
        lines = list(_block(item, inner, indent + "  ", settings))
        if head == "-":
            first, origin = lines[0]
            yield f"{indent}- {first.lstrip()}", origin
            yield from lines[1:]
        else:
            yield f"{indent}{head}", ""
            yield from lines
