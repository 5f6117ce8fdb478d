"""What holds for every answer of every model: laws to throw text at. No IO.

    WORDS      pieces of calls, right and wrong, to make the text of
    judged     one call, as its name and its arguments came
    recovered  calls in a text, however the text is cut
    passed     an answer through both stages, however it is cut
    held       how much of an answer is kept in memory

The first three raise AssertionError where a law is broken. Validity is asked of another validator than
the one that the gateway uses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from gateway import json_text
from gateway.correction import Channel, Corrector, Policy, ToolCatalog, correct
from gateway.correction.leaked import LeakFilter, recover
from gateway.errors import GatewayError
from gateway.messages import StopReason, Usage

STRING, INTEGER, BOOLEAN = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def _tool(name: str, required: Sequence[str], **properties: Mapping[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return {"name": name, "input_schema": schema}


_TODO = {
    "type": "object",
    "properties": {"content": STRING, "status": {"enum": ["pending", "in_progress", "completed"]}},
    "required": ["content", "status"],
}
TOOLS = [
    _tool("Write", ["file_path", "content"], file_path=STRING, content=STRING),
    _tool(
        "Edit",
        ["file_path", "old_string", "new_string"],
        file_path=STRING,
        old_string=STRING,
        new_string=STRING,
        replace_all=BOOLEAN,
    ),
    _tool("Bash", ["command"], command=STRING, timeout={"type": "number"}, background=BOOLEAN),
    _tool("Todo", ["todos"], todos={"type": "array", "items": _TODO}),
    _tool("Pick", ["of"], of={"anyOf": [STRING, INTEGER, {"type": "array", "items": INTEGER}]}),
    _tool("Tree", [], node={"$ref": "#/$defs/node"}),
    _tool("Now", []),
    {"name": "mcp__notes__add", "input_schema": {"type": "object", "required": ["text"]}},
    {"name": "Open", "input_schema": {"properties": {"limit": INTEGER, "when": {"default": 1}}}},
    {"name": "search"},
]
TOOLS[5]["input_schema"]["$defs"] = {
    "node": {
        "type": "object",
        "properties": {"name": STRING, "children": {"items": {"$ref": "#/$defs/node"}}},
    }
}
CATALOG = ToolCatalog(TOOLS)
VALIDATORS = {
    tool["name"]: Draft202012Validator(tool["input_schema"])
    for tool in TOOLS
    if "input_schema" in tool
}
NAMES = (
    *(tool["name"] for tool in TOOLS),
    *("write", "functions.Write", "WriteBash", "multi_tool_use.parallel", "add", "Wirte", "", "é"),
)
REASONS: tuple[StopReason, ...] = ("tool_use", "end_turn", "max_tokens")

_WRITE = json.dumps({"file_path": "/a", "content": "1\n\t\"'\\ é\n"})
WORDS: tuple[str, ...] = (
    *(_WRITE, '{"command": "ls"}', '{"todos":[{"content":"x","status":"done"}]}', '{"of":"5"}'),
    *('{"node":{"children":[{"name":"x"}]}}', '{"input":', '{"arguments":"', '{"name":"Write",'),
    *('"path"', '"file_path"', '"content"', '"command"', '"timeout"', "'text'", "todos", "of"),
    *("{", "}", "[", "]", ",", ":", '"', "'", '\\"', "\\", "\\n", "\\u00e9", "\\ud83d", "\n", "\t"),
    *(" ", "null", "None", "True", "false", "NaN", "-1", "1e999", "0x1F", "99999999999999999999"),
    *("//", "/*", "*/", "#", "```", "```json\n", "~~~", "`", "> ", "\ufeff", "\x00", "😀", "C:\\"),
    *("<tool_call>", "</tool_call>", "<function=Write>", "</function>", "<parameter=content>\n"),
    *("</parameter>", '<invoke name="Bash">', '<parameter name="command">', "</invoke>", "<!--"),
    *("<function_calls>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "<tool_use>"),
    *("<name>", "</name>", "<arguments>", "[TOOL_CALLS]", "[ARGS]", "<|tool_call|>", "<|call|>"),
    *(
        "commentary to=functions.Bash",
        "<|channel|>",
        "<|message|>",
        "<｜DSML｜",
        "Action:",
        "Write(",
    ),
    *(
        "Action Input:",
        "functools[",
        'file_path="',
        "Now()",
        "<tool_response>",
        "for example ",
        "-->",
    ),
    *(
        "Do not run it.",
        "]]>",
        "<![CDATA[",
        "&lt;",
        "</",
        "<|",
        "print(default_api.Bash(",
        "=",
        "(",
    ),
    *(")", '<tool_call>{"name":"Now","arguments":{}}</tool_call>', "<tool_call>Now</tool_call>"),
)


def judged(name: str, arguments: str, reason: StopReason) -> None:
    """The laws of one call: nothing valid is changed, repairs validate and are final, the rest stays."""
    correction = correct(name, arguments, CATALOG, stop_reason=reason)
    if correction.status != "repaired":
        assert (correction.name, correction.arguments, correction.more) == (name, arguments, ())
    if _is_valid(name, arguments):
        assert correction.status == "valid", correction
    if correction.status in ("valid", "repaired"):
        assert not (correction.closed and reason == "max_tokens")
        for call in correction.calls:
            assert _is_valid(call.name, call.arguments), (correction, call)
            again = correct(call.name, call.arguments, CATALOG)
            assert (again.status, again.calls) == ("valid", (call,)), (correction, again)


def recovered(text: str, channel: Channel) -> None:
    """The laws of a text: what is recovered is valid, and without a call it stays as it is."""
    found = recover(text, CATALOG, channel=channel)
    assert bool(found.calls) == (found.status == "repaired")
    if not found.calls:
        assert found.text == text
    for call in found.calls:
        assert call.status in ("valid", "repaired")
        assert _is_valid(call.name, call.arguments), call


def passed(pieces: Sequence[str], channel: Channel, reason: StopReason) -> None:
    """The laws of a stream: cuts change nothing, and no more is said than was told."""
    streamed, whole = _said(pieces, channel, reason), _said(["".join(pieces)], channel, reason)
    assert streamed == whole, (streamed, whole)
    for event in whole:
        if event[0] == "call":
            assert _is_valid(*event[1:]), event


def held(pieces: Sequence[tuple[Channel, str]]) -> int:
    """The most characters that the stage before correction has kept to itself at any time."""
    sink, told, most = _Sink(), 0, 0
    filter = LeakFilter(sink, CATALOG, channels=("text", "reasoning"), report=_ignore)
    for channel, text in pieces:
        told += len(text)
        _teller(filter, channel)(text)
        most = max(most, told - sink.size)
    return most


def _said(pieces: Sequence[str], channel: Channel, reason: StopReason) -> list[tuple[str, ...]]:
    """What the client is told: (channel, text), (`call`, name, arguments), (`finish`, reason)."""
    sink = _Sink()
    corrector = Corrector(sink, lambda: CATALOG, policy=Policy(), report=_ignore)
    filter = LeakFilter(corrector, CATALOG, channels=("text", "reasoning"), report=_ignore)
    tell = _teller(filter, channel)
    for piece in pieces:
        tell(piece)
    filter.finish(reason)
    return sink.said


def _teller(filter: LeakFilter, channel: Channel) -> Callable[[str], None]:
    return filter.text if channel == "text" else filter.thinking


def _ignore(_: object) -> None:
    """Reports are judged elsewhere."""


def _is_valid(name: str, arguments: str) -> bool:
    """The call could not be better: another validator says so."""
    if name not in VALIDATORS:
        return False
    try:
        value = json_text.decode(arguments) if arguments.strip() else {}
    except json_text.NotJSON:
        return False
    return isinstance(value, dict) and VALIDATORS[name].is_valid(value)


class _Sink:
    """Keeps what is said, with neighbouring texts of one channel joined."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []
        self.size = 0
        """Characters of text."""
        self._name = ""
        self._parts: list[str] = []

    def text(self, text: str) -> None:
        self._say("text", text)

    def texts(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self.text(piece)

    def thinking(self, text: str) -> None:
        self._say("thinking", text)

    def _say(self, channel: str, text: str) -> None:
        self.size += len(text)
        if text and self.said and self.said[-1][0] == channel:
            self.said[-1] = (channel, self.said[-1][1] + text)
        elif text:
            self.said.append((channel, text))

    def tool_start(self, id: str | None, name: str) -> None:
        self._name = name
        self._parts = []

    def tool_input(self, fragment: str) -> None:
        self._parts.append(fragment)

    def tool_end(self) -> None:
        self.said.append(("call", self._name, "".join(self._parts)))

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        self.said.append(("finish", reason))

    def signature(self, signature: str) -> None:
        raise AssertionError(signature)

    def redacted_thinking(self, data: str) -> None:
        raise AssertionError(data)

    def block(self, block: Mapping[str, Any]) -> None:
        raise AssertionError(block)

    def usage(self, usage: Usage) -> None:
        raise AssertionError(usage)

    def fail(self, error: GatewayError) -> None:
        raise error
