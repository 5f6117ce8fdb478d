"""The tools that a request offers, sorted by who runs them. No IO.

Functions are run by the client and every format has them. Some of Anthropic's typed tools are run by
the client too and are functions by another name (`bash_20250124`). Server tools are run by the
provider: a target either has its own kind (web search), or the request's policy says what happens.
Tool types: https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct

from gateway import json_text
from gateway.errors import NO_RETRY, InvalidRequest
from gateway.json_text import Raw

Policy = Literal["auto", "drop", "refuse"]
"""What becomes of a server tool that the target lacks: `drop` it and say so; `refuse` the request with
words that help; `auto` drops it, but refuses when a search is all that is offered, because a model that is
told to search and cannot makes its results up."""

LONGEST_NAME = 64
_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")

PLACEHOLDER = "DeferredToolPlaceholder"
"""A tool that Claude Code offers so that the list is not empty; it must never be called."""

EMPTY_SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {}}

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def _schema(required: str, **properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


EDITOR = _schema(
    "command path",
    command={"type": "string", "enum": ["view", "create", "str_replace", "insert"]},
    path=TEXT,
    file_text=TEXT,
    old_str=TEXT,
    new_str=TEXT,
    insert_line=WHOLE,
    insert_text=TEXT,
    view_range={"type": "array", "items": WHOLE},
)
MEMORY = _schema(
    "command",
    command={
        "type": "string",
        "enum": ["view", "create", "str_replace", "insert", "delete", "rename"],
    },
    path=TEXT,
    file_text=TEXT,
    old_str=TEXT,
    new_str=TEXT,
    insert_line=WHOLE,
    insert_text=TEXT,
    view_range={"type": "array", "items": WHOLE},
    old_path=TEXT,
    new_path=TEXT,
)

CLIENT_TOOLS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "bash": (
        "Runs a command in a persistent bash session; `restart` begins a new one.",
        {"type": "object", "properties": {"command": TEXT, "restart": {"type": "boolean"}}},
    ),
    "text_editor": ("Views, creates and edits text files.", EDITOR),
    "memory": ("Keeps notes in files under /memories between conversations.", MEMORY),
}
"""Typed tools that the client runs, by the start of their type: what they are as functions."""

CUSTOM = ("", "custom")
"""Types of a tool that is described by the client itself."""

SERVER_TOOLS = (
    *("web_search", "web_fetch", "code_execution", "tool_search_tool", "advisor", "mcp_toolset"),
)
"""Typed tools that the provider runs, by the start of their type."""


SEARCHES = frozenset({"web_search", "web_fetch"})
"""Server tools without which the whole request makes no sense, when nothing else is offered."""


@dataclass(frozen=True, slots=True)
class Function:
    """A tool that the client runs."""

    name: str
    """As the client knows it."""
    description: str
    schema: Mapping[str, Any]
    strict: bool = False
    """The client asks for strict arguments, and the schema is of the kind that allows them."""
    cached: Mapping[str, Any] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The schema without `$schema`: several servers refuse it as an unknown keyword."""
        return {key: value for key, value in self.schema.items() if key != "$schema"}


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool that the provider runs."""

    kind: str
    """The start of its type, such as `web_search`."""
    name: str
    options: Mapping[str, Any]
    """The whole entry: `max_uses`, `allowed_domains`, `user_location`, …"""


class Offer(Struct, frozen=True):
    """What a target is offered."""

    functions: tuple[Function, ...]
    server: tuple[ServerTool, ...]
    """Those that the target has."""


class Offered(Struct, frozen=True):
    """An offer as it is sent: fields of a body, of which the tools are JSON already."""

    fields: Mapping[str, Any]
    dropped: tuple[str, ...]
    tool_names: Mapping[str, str]
    """Names as sent -> names as the client knows them, where the two differ."""
    functions: int = 0
    """How many functions are among the tools, where somebody wants to know."""

    @classmethod
    def of(
        cls,
        fields: Mapping[str, Any],
        dropped: Sequence[str],
        tool_names: Mapping[str, str],
        functions: int = 0,
    ) -> Offered:
        """Fields that hold the tools as values."""
        tools = {"tools": Raw(json_text.encode(fields["tools"]))} if "tools" in fields else {}
        return cls({**fields, **tools}, tuple(dropped), tool_names, functions)

    def size(self) -> int:
        """Bytes that it takes."""
        return 1_000 + len(bytes(self.fields.get("tools", b"")))


NO_OFFER = Offered({}, (), {})
"""Of a request that says nothing of tools."""


def offer_of(
    tools: Sequence[Mapping[str, Any]],
    dropped: list[str],
    *,
    has: frozenset[str] = frozenset(),
    policy: Policy = "auto",
) -> Offer:
    """The tools for a target that `has` these kinds of server tools. Raises `InvalidRequest`."""
    functions: dict[str, Function] = {}
    server: list[ServerTool] = []
    unable: dict[str, str] = {}
    for tool in tools:
        if (function := function_of(tool)) is not None:
            if function.name != PLACEHOLDER:
                functions.setdefault(function.name, function)
            continue
        kind = str(tool.get("type") or "")
        known = kind_of(kind)
        name = str(tool.get("name") or kind or "a tool without a name")
        if known in has:
            server.append(ServerTool(known, name, tool))
        else:
            unable[name] = known
    only_searches = not functions and not server and SEARCHES.issuperset(unable.values())
    if unable and (policy == "refuse" or (policy == "auto" and only_searches)):
        raise InvalidRequest(_unable(list(unable)), headers=NO_RETRY)
    dropped += [f"tool {name}" for name in unable]
    return Offer(tuple(functions.values()), tuple(server))


def _unable(names: Sequence[str]) -> str:
    return (
        f"The model that this request was routed to cannot run {', '.join(names)}, a tool of the "
        "provider's servers. Route requests with this tool to a provider that has it: "
        "`server_tools: {use: provider:model}` in the gateway's config, or a rule of its own."
    )


def function_of(tool: Mapping[str, Any]) -> Function | None:
    """The tool as a function; None for one that the client cannot run."""
    cached = tool.get("cache_control")
    cached = cached if isinstance(cached, dict) else None
    kind, schema = str(tool.get("type") or ""), tool.get("input_schema")
    if isinstance(schema, Mapping) or (kind in CUSTOM and tool.get("name")):
        return Function(
            name=str(tool.get("name") or ""),
            description=str(tool.get("description") or ""),
            schema=schema or EMPTY_SCHEMA,
            strict=bool(tool.get("strict")) and is_strict(schema),
            cached=cached,
        )
    for start, (description, known) in CLIENT_TOOLS.items():
        if kind.startswith(start):
            return Function(str(tool.get("name") or start), description, known, cached=cached)
    return None


def server_kinds(tools: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The kinds of server tools among these."""
    kinds = (str(tool.get("type") or "") for tool in tools if function_of(tool) is None)
    return frozenset(kind_of(kind) for kind in kinds)


def kind_of(type: str) -> str:
    """`web_search_20250305` -> `web_search`; a type that is not known stays as it is."""
    return next((start for start in SERVER_TOOLS if type.startswith(start)), type)


def legal_name(name: str, *, letter_first: bool = False) -> str:
    """The name under which a server takes a tool: its own, if that is legal.

    Others are cut and carry a digest, so that two long names stay two. `letter_first` is for servers
    whose names begin with a letter or `_`.
    """
    starts_well = not letter_first or name[:1] == "_" or name[:1].isalpha()
    if 0 < len(name) <= LONGEST_NAME and not _ILLEGAL.search(name) and starts_well:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    start = "" if starts_well and name else "_"
    return f"{start}{_ILLEGAL.sub('_', name)}"[: LONGEST_NAME - 9] + f"_{digest}"


def legal_id(id: str, longest: int) -> str:
    """The id under which a server takes a call: one that is too long becomes a digest of itself."""
    if len(id) <= longest:
        return id
    return "call_" + hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def renamed(offer: Offer, *, letter_first: bool = False) -> dict[str, str]:
    """Names as sent -> names as the client knows them, where the two differ."""
    sent = {legal_name(f.name, letter_first=letter_first): f.name for f in offer.functions}
    return {new: old for new, old in sent.items() if new != old}


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
