"""Tools of the client as functions of the chat format. No IO."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import NO_RETRY, InvalidRequest

LONGEST_NAME = 64
_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")

PLACEHOLDER = "DeferredToolPlaceholder"
"""A tool that the client offers so that the list is not empty; it must never be called."""

CHOICES: Mapping[str, str] = {"auto": "auto", "any": "required", "none": "none"}
EMPTY_SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {}}


def legal_name(name: str) -> str:
    """The name under which a chat server takes a tool: its own, if that is legal.

    Others are cut and carry a digest, so that two long names stay two.
    """
    if len(name) <= LONGEST_NAME and not _ILLEGAL.search(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_ILLEGAL.sub('_', name)[: LONGEST_NAME - 9]}_{digest}"


def tools_to_chat(
    tools: Sequence[Mapping[str, Any]], dropped: list[str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The functions, and the names that had to change (as sent -> as the client knows it).

    Raises `InvalidRequest` when nothing is left of an offer of server tools: a model that is told to
    search and cannot makes its results up.
    """
    functions: list[dict[str, Any]] = []
    renamed: dict[str, str] = {}
    unable: list[str] = []
    for tool in tools:
        name = str(tool.get("name") or "")
        if name == PLACEHOLDER:
            continue
        if "input_schema" not in tool:
            unable.append(name or str(tool.get("type")))
            continue
        sent = legal_name(name)
        if sent != name:
            renamed[sent] = name
        functions.append({"type": "function", "function": _function(sent, tool)})
    if unable and not functions:
        raise InvalidRequest(
            f"The model that this request was routed to cannot run {', '.join(unable)}, a tool of "
            "Anthropic's servers. Route requests with this tool to a provider that has it.",
            headers=NO_RETRY,
        )
    dropped += [f"tool {name}" for name in unable]
    return functions, renamed


def _function(name: str, tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool["input_schema"] or EMPTY_SCHEMA
    # `$schema` names the JSON Schema draft; several servers refuse it as an unknown keyword.
    parameters = {key: value for key, value in schema.items() if key != "$schema"}
    function: dict[str, Any] = {"name": name, "parameters": parameters}
    if tool.get("description"):
        function["description"] = tool["description"]
    if tool.get("strict") and is_strict(schema):
        function["strict"] = True
    return function


def choice_to_chat(choice: Mapping[str, Any]) -> Any:
    """`tool_choice`; None when there is nothing to say."""
    kind = str(choice.get("type"))
    if kind == "tool":
        return {"type": "function", "function": {"name": legal_name(str(choice.get("name")))}}
    return CHOICES.get(kind)


def is_strict(schema: Any) -> bool:
    """The schema is of the kind that strict mode takes: closed objects, every property required.

    See https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    parts = [schema]
    while parts:  # not recursive: a schema may be nested deeper than the interpreter's stack
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            if part.get("type") == "object" and not _is_closed(part):
                return False
            parts += part.values()
    return True


def _is_closed(schema: Mapping[str, Any]) -> bool:
    required, properties = schema.get("required") or [], schema.get("properties") or {}
    if not isinstance(required, list) or not isinstance(properties, dict):
        return False
    every = all(name in required for name in properties)
    return every and schema.get("additionalProperties") is False
