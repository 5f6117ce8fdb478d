"""The parameters of tools. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway import patterns
from gateway.transforms.base import Options
from gateway.transforms.tools.describing import cut

Tools = Sequence[dict[str, Any]]

PROPERTIES: Mapping[str, Any] = {
    "schemas": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {
                "drop": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "x-expected": "a parameter"},
                    "description": "Parameters that the model is not told of. One that the tool requires "
                    "stays: its calls would be refused.",
                    "examples": [["dangerouslyDisableSandbox"]],
                    "x-expected": "a list of parameters such as [dangerouslyDisableSandbox]",
                },
                "default": {
                    "type": "object",
                    "description": "Parameters and their `default`.",
                    "examples": [{"timeout": 120000}],
                    "x-expected": "parameters and values such as {timeout: 120000}",
                },
                "longest_description": {
                    "type": "integer",
                    "minimum": 20,
                    "description": "Characters after which the description of a parameter is cut.",
                    "examples": [200],
                },
            },
            "x-expected": "drop, default or longest_description",
        },
        "description": "Tool name or glob -> edits of its parameters.",
        "examples": [{"Bash": {"drop": ["dangerouslyDisableSandbox"]}}],
        "x-expected": "a mapping of tools to edits",
    }
}


def build(options: Options) -> Callable[[Tools], Tools]:
    """The tools with their new schemas; one that stays as it is stays the same object."""
    wanted: Mapping[str, Mapping[str, Any]] = options.get("schemas") or {}
    known = [(patterns.compile_glob(glob), edits) for glob, edits in wanted.items()]

    def edited(tools: Tools) -> Tools:
        return [_edited(tool, known) for tool in tools] if known else tools

    return edited


def _edited(tool: dict[str, Any], known: Sequence[tuple[Any, Mapping[str, Any]]]) -> dict[str, Any]:
    schema = old = tool.get("input_schema")
    for glob, edits in known:
        if isinstance(schema, dict) and glob.search(str(tool.get("name") or "")):
            schema = _with_edits(schema, edits)
    return tool if schema is old else {**tool, "input_schema": schema}


def _with_edits(schema: dict[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    needed = schema.get("required")
    required = needed if isinstance(needed, list) else []
    gone = {name for name in edits.get("drop", ()) if name not in required}
    kept = {
        name: _property(part, name, edits) for name, part in properties.items() if name not in gone
    }
    same = len(kept) == len(properties) and all(kept[name] is properties[name] for name in kept)
    return schema if same else {**schema, "properties": kept}


def _property(part: Any, name: str, edits: Mapping[str, Any]) -> Any:
    if not isinstance(part, dict):
        return part
    changes: dict[str, Any] = {}
    defaults, longest = edits.get("default", {}), edits.get("longest_description")
    if name in defaults and ("default" not in part or part["default"] != defaults[name]):
        changes["default"] = defaults[name]
    text = part.get("description")
    if longest is not None and isinstance(text, str) and len(text) > longest:
        changes["description"] = cut(text, longest)
    return {**part, **changes} if changes else part
