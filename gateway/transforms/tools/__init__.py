"""The tools on offer: which of them, with what parameters, in what words and under which names. No IO.

The order is fixed: deferred tools, then the choice, schemas, descriptions and names. Options name tools
as the client does. What stays keeps its order, so the prompt keeps its beginning.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from gateway import json_text
from gateway.json_text import Raw
from gateway.messages import MessagesRequest
from gateway.transforms import facts
from gateway.transforms.base import (
    Edit,
    Kind,
    Options,
    PatternAt,
    Place,
    TemplateAt,
    entries,
)
from gateway.transforms.templates import is_template
from gateway.transforms.tools import choosing, deferred, describing, renaming, schemas
from gateway.transforms.tools.history import told

Tools = list[dict[str, Any]]

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        **deferred.PROPERTIES,
        **choosing.PROPERTIES,
        **schemas.PROPERTIES,
        **describing.PROPERTIES,
        **renaming.PROPERTIES,
        "facts": facts.PROPERTY,
    },
    "x-expected": "keep, drop or describe",
}


def build(options: Options) -> Edit:
    """The transform of checked options. Raises `ValueError`."""
    resolve = deferred.build(options)
    choose = choosing.build(options)
    edit = schemas.build(options)
    describe = describing.build(options)
    rename = renaming.build(options)

    def changed(request: MessagesRequest) -> Tools | None:
        """The offer after the edits; None when it stays as it is."""
        tools = request.tools
        kept = choose(resolve(tools, request))
        changed = describe(edit(kept), request)
        same = len(changed) == len(tools) and all(map(operator.is_, changed, tools))
        return None if same else changed

    is_settled, what = _is_settled(options), object()

    def apply(request: MessagesRequest) -> MessagesRequest:
        if is_settled and request.passages:
            known = request.of("tools", what, lambda: _Changed.of(changed(request)), _Changed.size)
            tools, raw = known.tools, known.raw
        else:
            tools, raw = changed(request), None
        return rename(request if tools is None else _with_tools(request, tools, raw))

    return apply


class _Changed(Struct, frozen=True):
    """An edited offer, as it is remembered with the bytes of the client's."""

    tools: Tools | None
    raw: Raw

    @classmethod
    def of(cls, tools: Tools | None) -> _Changed:
        """With its JSON, under which is remembered what is made of it."""
        return cls(tools, Raw(b"" if tools is None else json_text.encode(tools)))

    def size(self) -> int:
        """Bytes that it takes."""
        return 100 + 2 * len(bytes(self.raw))


def _is_settled(options: Options) -> bool:
    """The same offer always becomes the same, whatever else stands in a request."""
    is_told = any(is_template(found.source) for found in templates_in(options))
    return not is_told and options.get("deferred") != "referenced"


def _with_tools(request: MessagesRequest, tools: Tools, raw: Raw | None) -> MessagesRequest:
    """The request with this offer, and its JSON if that is known. What the request says of tools that
    are gone stays readable."""
    offered = {str(tool.get("name")) for tool in tools}
    gone = {str(tool.get("name")) for tool in request.tools} - offered
    if gone:
        request = told(request, gone)
    if not tools:  # an empty offer is none, and a choice among none is an error
        return request.without("tools", "tool_choice")
    choice = request.object_field("tool_choice")
    if choice.get("type") == "tool" and choice.get("name") not in offered:
        request = request.without("tool_choice")
    if raw is None:
        return request.replace(tools=tools)
    return request.with_field("tools", tools, raw)


def patterns_in(options: Options) -> Iterator[PatternAt]:
    """Those that find facts."""
    return facts.patterns_of(options)


def templates_in(options: Options, at: Place = ("describe",)) -> Iterator[TemplateAt]:
    """The descriptions; `at` is where they stand."""
    declared = facts.declared_in(options) | describing.WORDS
    for name, value in entries(options, "describe"):
        if isinstance(value, Mapping):
            for way, text in value.items():
                yield TemplateAt((*at, name, way), text, declared)
        else:
            yield TemplateAt((*at, name), value, declared)


KIND = Kind(
    "Chooses the tools that are offered, and rewrites their parameters, descriptions and names.",
    SCHEMA,
    build,
    'tools: {drop: [NotebookEdit, "mcp__*__delete_*"], describe: {Bash: Runs a shell command.}}',
    patterns_in,
    templates_in,
    deferred.breaks_in,
)
