"""A call as the model wrote it, and its reading from JSON envelopes. No IO."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway import json_text
from gateway.correction.leaked.cursor import Cursor, NoCall

NAMES = (
    "name",
    "tool_name",
    "tool",
    "function_name",
    "function",
    "recipient_name",
    "action",
)
ARGUMENTS = (
    "arguments",
    "parameters",
    "input",
    "args",
    "params",
    "tool_input",
    "tool_args",
    "action_input",
)
BOOKKEEPING = frozenset({"id", "type", "call_id", "tool_call_id", "tool_use_id", "index"})
SEVERAL = ("tool_calls", "tool_uses", "function_call", "tool_call")

_SCHEMAS = ("parameters", "input_schema", "inputSchema")

MAX_NESTING = 8
"""Envelopes around one call."""

_ENVELOPE = re.compile(
    r"""\{\s*["'](?:name|tool|tool_name|function)["']\s*:\s*["'](?P<name>[^"'\s]{1,128})["']\s*,\s*"""
    r"""["'](?:arguments|parameters|input|args)["']\s*:\s*(?P<rest>.+)""",
    re.DOTALL,
)
_PREFIX = re.compile(r"(?:to=)?(?:functions|default_api|tools?)[.:/]")
_SUFFIX = re.compile(r"(?::\d+|\.call)\Z")


@dataclass(frozen=True, slots=True)
class Written:
    """A call before anything was checked."""

    name: str
    arguments: str
    """JSON text, or what the model wrote for it."""


def bare_name(name: str, knows: Callable[[str], bool]) -> str:
    """The name without the decoration of a format: `functions.Read:0` is Read."""
    name = name.strip().strip("\"'")
    if knows(name):
        return name
    bare = _SUFFIX.sub("", _PREFIX.sub("", name))
    return bare if knows(bare) else name


def read_json(cursor: Cursor, *closers: str) -> list[Written]:
    """The calls in a JSON object or array, also in one that is not well-formed."""
    text = cursor.json(*closers)
    try:
        value = decoded(text)
    except ValueError:
        return [_from_broken(text)]
    return from_value(value, cursor.knows)


def decoded(text: str) -> Any:
    """The value; raises `ValueError`, and `NoCall` for two values under one key."""
    try:
        return json.loads(text, strict=False, object_pairs_hook=_fields)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if fields.setdefault(key, value) != value:
            raise NoCall
    return fields


def _from_broken(text: str) -> Written:
    """A call whose envelope can be seen although its arguments are broken: they are left as is."""
    found = _ENVELOPE.match(text)
    if found is None:
        raise NoCall
    rest = found["rest"].rstrip()
    try:
        end = json.JSONDecoder(strict=False).raw_decode(rest)[1]
    except (ValueError, RecursionError):
        end = len(rest) - 1 if rest.endswith("}") else len(rest)
    return Written(found["name"], rest[:end].rstrip())


def from_value(value: Any, knows: Callable[[str], bool], depth: int = 0) -> list[Written]:
    """The calls that a JSON value stands for; raises `NoCall`."""
    if depth > MAX_NESTING:
        raise NoCall
    if isinstance(value, list) and value:
        return [call for item in value for call in from_value(item, knows, depth + 1)]
    if not isinstance(value, dict):
        raise NoCall
    if "description" in value and any(isinstance(value.get(k), dict) for k in _SCHEMAS):
        raise NoCall  # the offer of a tool, not a call of it
    for key in (*SEVERAL, "function"):
        if isinstance(inner := value.get(key), (list, dict)) and inner:
            return from_value(inner, knows, depth + 1)
    return [_one(value, knows)]


def _one(value: dict[str, Any], knows: Callable[[str], bool]) -> Written:
    named = next((key for key in NAMES if isinstance(value.get(key), str)), None)
    if named is None:
        return _keyed(value, knows)
    for key in ARGUMENTS:
        if key in value:
            return Written(value[named], _text(value[key]))
    rest = {key: item for key, item in value.items() if key not in BOOKKEEPING | {named}}
    return Written(value[named], json_text.encode_text(rest))


def _keyed(value: dict[str, Any], knows: Callable[[str], bool]) -> Written:
    """`{"Read": {…}}`."""
    if len(value) == 1:
        ((name, arguments),) = value.items()
        if isinstance(arguments, dict) and knows(name):
            return Written(name, json_text.encode_text(arguments))
    raise NoCall


def _text(arguments: Any) -> str:
    if isinstance(arguments, str):
        return arguments or "{}"
    return "{}" if arguments is None else json_text.encode_text(arguments)
