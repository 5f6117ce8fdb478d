"""The tools on offer: which of them, with what parameters, in what words and under which names. No IO.

The order is fixed: deferred tools, then the choice, schemas, descriptions and names. Options name tools
as the client does. What stays keeps its order, so the prompt keeps its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

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
from gateway.transforms.tools import choosing, deferred, describing, renaming, schemas
from gateway.transforms.tools.history import told

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

    def apply(request: MessagesRequest) -> MessagesRequest:
        tools = request.tools
        kept = choose(resolve(tools, request))
        changed = describe(edit(kept), request)
        if len(changed) != len(tools) or any(
            new is not old for new, old in zip(changed, tools, strict=True)
        ):
            request = _with_tools(request, changed)
        return rename(request)

    return apply


def _with_tools(request: MessagesRequest, tools: list[dict[str, Any]]) -> MessagesRequest:
    """The request with this offer. What it says of tools that are gone stays readable."""
    offered = {str(tool.get("name")) for tool in tools}
    gone = {str(tool.get("name")) for tool in request.tools} - offered
    if gone:
        request = told(request, gone)
    if not tools:  # an empty offer is none, and a choice among none is an error
        return request.without("tools", "tool_choice")
    choice = request.object_field("tool_choice")
    if choice.get("type") == "tool" and choice.get("name") not in offered:
        request = request.without("tool_choice")
    return request.replace(tools=tools)


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
