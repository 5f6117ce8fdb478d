"""Fragments of schema as the tables of the code have them, made ready for editors. No IO but for
`attribute_docs`, which reads source files."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from gateway.config.text.source import parse_yaml

_SUCH_AS = re.compile(r'such as (\[.*?\]|\{.*?\}|"[^"]*"|[^\s,]+)')


def described(fragment: Mapping[str, Any]) -> dict[str, Any]:
    """A fragment of a table with what its keys lack in descriptions and examples."""
    complete = dict(fragment)
    if "properties" in complete:
        keys = complete["properties"].items()
        complete["properties"] = {name: described_key(schema) for name, schema in keys}
    if "anyOf" in complete:
        complete["anyOf"] = [described(branch) for branch in complete["anyOf"]]
    if "items" in complete:
        complete["items"] = described(complete["items"])
    return complete


def described_key(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a key, with a description and an example."""
    complete = described(schema)
    if expected := complete.get("x-expected"):
        complete.setdefault("description", f"{expected[0].upper()}{expected[1:]}.")
    complete.setdefault("examples", [_sample(complete)])
    return complete


def _sample(schema: Mapping[str, Any]) -> Any:
    """A value that fits: the one that `x-expected` names, or the simplest."""
    if match := _SUCH_AS.search(schema.get("x-expected", "")):
        return example(match[1])
    match schema:
        case {"enum": [first, *_]}:
            return first
        case {"anyOf": [first, *_]}:
            return _sample(first)
        case {"type": "boolean"}:
            return True
        case {"type": "integer" | "number"}:
            return 1
        case {"type": "array", "items": items}:
            return [_sample(items)]
        case {"type": "object", "properties": properties}:
            name = next(iter(properties))
            return {name: _sample(properties[name])}
        case {"type": "object"}:
            return {"name": "text"}
        case _:
            return "text"


def example(text: str) -> Any:
    """The value of a piece of YAML."""
    value, _, _ = parse_yaml(text, "example")
    return value


def attribute_docs(owner: type) -> Mapping[str, str]:
    """Field -> the docstring under it in the source of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    docs: dict[str, str] = {}
    name: str | None = None
    for statement in getattr(body, "body", []):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=str(field))):
                name = field
            case ast.Expr(value=ast.Constant(value=str(text))) if name is not None:
                docs[name] = " ".join(text.split())
                name = None
            case _:
                name = None
    return docs
