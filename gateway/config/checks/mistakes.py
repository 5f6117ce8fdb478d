"""What a schema refuses of a document, in the words of the person who wrote it. No IO.

Imported when there is something to tell (see `structure`): its validator knows why it refuses, and takes
longer to import than most configs take to load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from gateway.config.findings import Finding
from gateway.config.redaction import is_secret_path
from gateway.config.schema import build
from gateway.config.schemas.schema_parts import Schema
from gateway.config.text.document import Document, closest, quoted, suggestion
from gateway.config.text.positions import Path
from gateway.providers import PROVIDERS

Problem = tuple[Path, Finding]
"""A finding, and the path that it is about."""

_TYPE_NAMES: Mapping[str, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_IS = ("is", "are")
_CONTAINERS: Mapping[type, str] = {dict: "object", list: "array"}


def mistakes(document: Document, schema: Schema) -> list[Problem]:
    """Everything that the schema refuses, once."""
    found: dict[Problem, None] = {}
    for error in Draft202012Validator(schema).iter_errors(document.value):
        for specific in _specific(error):
            found.update(dict.fromkeys(_explain(specific, document)))
    return list(found)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(build())


def _specific(error: ValidationError) -> Iterator[ValidationError]:
    """The error itself; of alternatives, the errors of the one that was meant.

    A mapping means the alternative that is a mapping, a list the one that is a list. For any other
    value the phrase of the whole says more than the reasons of each part.
    """
    container = _CONTAINERS.get(type(error.instance))
    if error.validator != "anyOf" or container is None:
        yield error
        return
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    meant = [inner for inner in branches.values() if not any(_is_other_type(e) for e in inner)]
    if len(meant) != 1:
        yield error
        return
    for inner in meant[0]:
        yield from _specific(inner)


def _is_other_type(error: ValidationError) -> bool:
    return not error.relative_path and error.validator in ("type", "enum", "const")


def _explain(error: ValidationError, document: Document) -> Iterator[Problem]:
    path: Path = tuple(error.absolute_path)
    yield from _EXPLAINED.get(str(error.validator), _bad_value)(error, path, document)


# -- one function for each kind of error -------------------------------------------------------------


def _unknown_keys(error: ValidationError, path: Path, document: Document) -> Iterator[Problem]:
    known = list(_schema(error)["properties"])
    instance: Any = error.instance
    for name in instance:
        if name not in known:
            inner = (*path, name)
            message = f"{document.where(path)}unknown key {quoted(name)}"
            help = suggestion(name, known)
            span = document.positions.key(inner)
            yield inner, document.positions.error("unknown-key", span, message, help)


def _missing_keys(error: ValidationError, path: Path, document: Document) -> Iterator[Problem]:
    required: Any = error.validator_value
    instance: Any = error.instance
    missing = [f"`{name}`" for name in required if name not in instance]
    message = f"{document.where(path)}{' and '.join(missing)} {_IS[len(missing) > 1]} missing"
    help = ""
    match path:
        case ():
            help = "add the target of what no rule matches, such as `default: openai:gpt-5`"
        case ("providers", str(name)):
            message += "; only a known provider can do without"
            close = closest(name, PROVIDERS)
            help = f"did you mean `{close}`?" if close else f"known are {', '.join(PROVIDERS)}"
    yield path, document.positions.error("missing-key", document.positions.key(path), message, help)


def _bad_value(error: ValidationError, path: Path, document: Document) -> Iterator[Problem]:
    if "propertyNames" in error.absolute_schema_path:
        yield from _bad_name(error, path, document)
        return
    message = f"{document.where(path)}expected {_expected(error)}, got {document.got(path)}"
    span, help = document.positions.value(path), _value_help(error, path, document)
    yield path, document.positions.error("bad-value", span, message, help)


def _bad_name(error: ValidationError, path: Path, document: Document) -> Iterator[Problem]:
    inner = (*path, str(error.instance))
    message = f"{document.where(inner)}expected {_expected(error)}"
    yield inner, document.positions.error("bad-name", document.positions.key(inner), message)


_EXPLAINED: Mapping[str, Callable[[ValidationError, Path, Document], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
}


# -- words -------------------------------------------------------------------------------------------


def _expected(error: ValidationError) -> str:
    """The phrase of the schema, of the one around it for the same value, or one for its type."""
    at: Any = error
    while at is not None and at.absolute_path == error.absolute_path:
        if "x-expected" in _schema(at):
            return str(_schema(at)["x-expected"])
        at = at.parent
    types = _schema(error).get("type", [])
    names = [_TYPE_NAMES[name] for name in ([types] if isinstance(types, str) else types)]
    choices = [f"`{choice}`" for choice in _choices(_schema(error)) if choice]
    return " or ".join(names or choices) or "another value"


def _value_help(error: ValidationError, path: Path, document: Document) -> str:
    value, typed = error.instance, document.positions.typed(path) or ""
    if is_secret_path(path):
        return ""
    if isinstance(value, str):
        close = closest(value, _choices(_schema(error))) if value == typed else None
        return f"did you mean `{close}`?" if close else ""
    if not isinstance(value, bool | int | float):
        return ""
    read = str(value).lower() if isinstance(value, bool) else str(value)
    reading = "" if typed.lower() == read else f"YAML reads a bare `{typed}` as {read}"
    if not _validator().evolve(schema=_schema(error)).is_valid(typed):
        return reading
    return f'{reading}: quote it, as in "{typed}"' if reading else f'quote it, as in "{typed}"'


def _schema(error: ValidationError) -> Mapping[str, Any]:
    """The schema that the value does not fit; `false` and `true` are never reached in ours."""
    schema: Any = error.schema
    return schema if isinstance(schema, Mapping) else {}


def _choices(schema: Mapping[str, Any]) -> list[str]:
    """The words that a schema allows, in any of its alternatives."""
    choices = [choice for choice in schema.get("enum", ()) if isinstance(choice, str)]
    for branch in schema.get("anyOf", ()):
        choices += _choices(branch)
    return choices
