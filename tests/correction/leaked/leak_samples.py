"""Tools, and calls of them in every format that is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from gateway.correction import Correction, ToolCatalog


def _tool(name: str, required: list[str], **properties: Mapping[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {"name": name, "input_schema": schema}


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
TOOLS = ToolCatalog(
    [
        _tool("Shell", ["command"], command=STRING, timeout=INTEGER),
        _tool("Open", ["file"], file=STRING, lines=INTEGER, raw={"type": "boolean"}),
        _tool("Put", ["file", "text"], file=STRING, text=STRING),
        _tool("Label", ["labels"], labels={"type": "array", "items": STRING}),
        _tool("mcp__clock__now", []),
    ]
)

Call = tuple[str, dict[str, Any]]
"""A tool's name and its input."""

OPEN: Call = ("Open", {"file": "/srv/ä.txt"})
OPEN_TOP: Call = ("Open", {"file": "/srv/ä.txt", "lines": 7})
NOW: Call = ("mcp__clock__now", {})

_JSON = '{"name": "Open", "arguments": {"file": "/srv/ä.txt"}}'
_NOW = '{"name": "mcp__clock__now", "arguments": {}}'

MARKED: dict[str, tuple[str, list[Call]]] = {
    "hermes": (f"<tool_call>\n{_JSON}\n</tool_call>", [OPEN]),
    "hermes, two": (
        f"<tool_call>\n{_JSON}\n</tool_call>\n<tool_call>\n{_NOW}\n</tool_call>",
        [OPEN, NOW],
    ),
    "hermes, not closed between": (
        f"<tool_call>{_JSON}\n<tool_call>{_NOW}</tool_call>",
        [OPEN, NOW],
    ),
    "hermes, encoded twice": (
        f"<tool_call>{json.dumps({'name': 'Open', 'arguments': json.dumps(OPEN[1])})}</tool_call>",
        [OPEN],
    ),
    "hermes, a bracket missing": (f"<tool_call>\n{_JSON[:-1]}\n</tool_call>", [OPEN]),
    "hermes, a bracket too many": (f"<tool_call>\n{_JSON}}}\n</tool_call>", [OPEN]),
    "hermes, its end inside a string": (
        '<tool_call>{"name":"Put","arguments":{"file":"a","text":"x</tool_call>y"}}</tool_call>',
        [("Put", {"file": "a", "text": "x</tool_call>y"})],
    ),
    "hermes, raw line breaks": (
        '<tool_call>{"name":"Put","arguments":{"file":"a","text":"1\n2\n"}}</tool_call>',
        [("Put", {"file": "a", "text": "1\n2\n"})],
    ),
    "hermes, fenced inside": (f"<tool_call>\n```json\n{_JSON}\n```\n</tool_call>", [OPEN]),
    "hermes, flat": ('<tool_call>{"tool":"Open","file":"/srv/ä.txt"}</tool_call>', [OPEN]),
    "hermes, keyed": ('<tool_call>{"Open":{"file":"/srv/ä.txt"}}</tool_call>', [OPEN]),
    "hermes, and the end of the turn": (f"<tool_call>{_JSON}</tool_call><|im_end|>", [OPEN]),
    "openai": (
        '<tool_call>{"type":"function","function":{"name":"Open","arguments":'
        '"{\\"file\\":\\"/srv/ä.txt\\"}"}}</tool_call>',
        [OPEN],
    ),
    "a call with its name as an attribute": (
        '<tool_call name="Open">{"file": "/srv/ä.txt"}</tool_call>',
        [OPEN],
    ),
    "qwen": (
        "<tool_call>\n<function=Open>\n<parameter=file>\n/srv/ä.txt\n</parameter>\n"
        "<parameter=lines>\n7\n</parameter>\n</function>\n</tool_call>",
        [OPEN_TOP],
    ),
    "qwen, a value that looks like markup": (
        "<function=Put>\n<parameter=file>\na\n</parameter>\n<parameter=text>\n"
        "<parameter=x>\n</parameter> {1}\n</parameter>\n</function>",
        [("Put", {"file": "a", "text": "<parameter=x>\n</parameter> {1}"})],
    ),
    "seed": (
        "<seed:tool_call>\n<function=Open>\n<parameter=file>/srv/ä.txt</parameter>\n</function>\n"
        "</seed:tool_call>",
        [OPEN],
    ),
    "invoke": (
        '<function_calls>\n<invoke name="Open">\n<parameter name="file">/srv/ä.txt</parameter>\n'
        '</invoke>\n<invoke name="mcp__clock__now">\n</invoke>\n</function_calls>',
        [OPEN, NOW],
    ),
    "invoke, with a prefix": (
        '<ns:function_calls>\n<ns:invoke name="Open">\n'
        '<ns:parameter name="file">/srv/ä.txt</ns:parameter>\n'
        '<ns:parameter name="lines">7</ns:parameter>\n</ns:invoke>\n</ns:function_calls>',
        [OPEN_TOP],
    ),
    "invoke, values as they are": (
        '<invoke name="Put"><parameter name="file">a</parameter>'
        '<parameter name="text">\none\n\n</parameter></invoke>',
        [("Put", {"file": "a", "text": "\none\n\n"[1:-1]})],
    ),
    "invoke, several lines": (
        '<invoke name="Put"><parameter name="file">a</parameter>'
        '<parameter name="text">one\ntwo\n</parameter></invoke>',
        [("Put", {"file": "a", "text": "one\ntwo\n"})],
    ),
    "invoke, with children": (
        "<function_calls><invoke><tool_name>Open</tool_name><parameters>"
        "<file>/srv/ä.txt</file></parameters></invoke></function_calls>",
        [OPEN],
    ),
    "dsml": (
        '<｜DSML｜function_calls><｜DSML｜invoke name="Open">'
        '<｜DSML｜parameter name="file" string="true">/srv/ä.txt</｜DSML｜parameter>'
        '<｜DSML｜parameter name="lines" string="false">7</｜DSML｜parameter>'
        "</｜DSML｜invoke></｜DSML｜function_calls>",
        [OPEN_TOP],
    ),
    "tool_use": (
        '<tool_use>\n<name>Open</name>\n<arguments>{"file": "/srv/ä.txt"}</arguments>\n</tool_use>',
        [OPEN],
    ),
    "function": ('<function=Open>{"file": "/srv/ä.txt"}</function>', [OPEN]),
    "glm": (
        "<tool_call>Open\n<arg_key>file</arg_key>\n<arg_value>/srv/ä.txt</arg_value>\n"
        "<arg_key>lines</arg_key>\n<arg_value>7</arg_value>\n</tool_call>",
        [OPEN_TOP],
    ),
    "glm, an array": (
        '<tool_call>Label<arg_key>labels</arg_key><arg_value>["a", "b"]</arg_value></tool_call>',
        [("Label", {"labels": ["a", "b"]})],
    ),
    "glm, nothing": ("<tool_call>mcp__clock__now</tool_call>", [NOW]),
    "python in an element": ('<tool_call>[Open(file="/srv/ä.txt")]</tool_call>', [OPEN]),
    "nemotron": (f"<TOOLCALL>[{_JSON}]</TOOLCALL>", [OPEN]),
    "mistral": (f"[TOOL_CALLS] [{_JSON}, {_NOW}]</s>", [OPEN, NOW]),
    "mistral, names": (
        '[TOOL_CALLS]Open[CALL_ID]c1[ARGS]{"file": "/srv/ä.txt"}'
        "[TOOL_CALLS]mcp__clock__now[ARGS]{}",
        [OPEN, NOW],
    ),
    "llama": (
        '<|python_tag|>{"name": "Open", "parameters": {"file": "/srv/ä.txt"}}; '
        '{"name": "mcp__clock__now", "parameters": {}}<|eom_id|>',
        [OPEN, NOW],
    ),
    "llama, python": ('<|python_tag|>Open.call(file="/srv/ä.txt", lines=7)', [OPEN_TOP]),
    "deepseek": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Open\n```json\n"
        '{"file":"/srv/ä.txt"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>'
        "mcp__clock__now\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        [OPEN, NOW],
    ),
    "deepseek, short": (
        '<｜tool▁call▁begin｜>Open<｜tool▁sep｜>{"file":"/srv/ä.txt"}<｜tool▁call▁end｜>'
        "<｜end▁of▁sentence｜>",
        [OPEN],
    ),
    "kimi": (
        "<|tool_calls_section_begin|> <|tool_call_begin|> functions.Open:0 "
        '<|tool_call_argument_begin|> {"file": "/srv/ä.txt"} <|tool_call_end|>'
        "<|tool_call_begin|>functions.mcp__clock__now:1<|tool_call_argument_begin|>{}"
        "<|tool_call_end|><|tool_calls_section_end|>",
        [OPEN, NOW],
    ),
    "harmony": (
        "<|start|>assistant<|channel|>commentary to=functions.Open <|constrain|>json<|message|>"
        '{"file":"/srv/ä.txt"}<|call|>',
        [OPEN],
    ),
    "harmony, the recipient first": (
        "<|start|>assistant to=functions.Open<|channel|>commentary json<|message|>"
        '{"file":"/srv/ä.txt"}',
        [OPEN],
    ),
    "harmony, without tokens": (
        'assistantcommentary to=functions.Open json{"file":"/srv/ä.txt"}',
        [OPEN],
    ),
    "gemma": (
        '<|tool_call>call:Open{file:<|"|>/srv/ä.txt<|"|>,lines:7}<tool_call|>',
        [OPEN_TOP],
    ),
    "gemma, functions": (
        "<start_function_call>call:Open{file:<escape>/srv/ä.txt<escape>}<end_function_call>",
        [OPEN],
    ),
    "granite": (f"<|tool_call|>[{_JSON}]", [OPEN]),
    "lfm": (
        "<|tool_call_start|>[Open(file='/srv/ä.txt'), mcp__clock__now()]<|tool_call_end|>",
        [OPEN, NOW],
    ),
    "internlm": (f"<|action_start|><|plugin|>{_JSON}<|action_end|>", [OPEN]),
    "cohere": (
        '<|START_ACTION|>[{"tool_call_id":"0","tool_name":"Open",'
        '"parameters":{"file":"/srv/ä.txt"}}]<|END_ACTION|>',
        [OPEN],
    ),
    "announced": ('[Tool call: Open (ID: c_1)]\nArguments: {"file": "/srv/ä.txt"}', [OPEN]),
    "steps": ('Action: Open\nAction Input: {"file": "/srv/ä.txt"}', [OPEN]),
    "tool_code": ('```tool_code\nprint(default_api.Open(file="/srv/ä.txt"))\n```', [OPEN]),
    "a record": (
        '<call_record tool="Open">\n<parameter name="file">/srv/ä.txt</parameter>\n</call_record>',
        [OPEN],
    ),
}
"""Name of the format -> text, and the calls in it. Any of them may stand after other text."""

WHOLE: dict[str, tuple[str, list[Call]]] = {
    "json": (_JSON, [OPEN]),
    "json array": (f"[{_JSON},\n{_NOW}]\n", [OPEN, NOW]),
    "tool": ('{"tool": "Open", "parameters": {"file": "/srv/ä.txt"}}', [OPEN]),
    "openai": (
        '{"tool_calls": [{"id": "c", "type": "function", "function": {"name": "Open", '
        '"arguments": "{\\"file\\": \\"/srv/ä.txt\\"}"}}]}',
        [OPEN],
    ),
    "fence": (f"```json\n{_JSON}\n```", [OPEN]),
    "python": ('Open(file="/srv/ä.txt", lines=7)', [OPEN_TOP]),
    "python array": ("[Open(file='/srv/ä.txt'), mcp__clock__now()]", [OPEN, NOW]),
    "name and arguments": ('Open[ARGS]{"file": "/srv/ä.txt"}', [OPEN]),
    "functools": (f"functools[{_JSON}]", [OPEN]),
}
"""Calls that only the whole of an answer can be."""

ALL = {**MARKED, **{f"whole: {name}": sample for name, sample in WHOLE.items()}}

QUOTATIONS: dict[str, Callable[[str], str]] = {
    "fence": lambda text: f"```\n{text.replace('```', '~~~')}\n```",
    "fence of tildes": lambda text: f"See:\n\n~~~~xml\n{text.replace('~', '-')}\n~~~~\nDone.",
    "inline code": lambda text: f"The tag ```` {text} ````",
    "quotation marks": lambda text: f'It is "{text}"',
    "curly marks": lambda text: f"It is “{text}”",
    "block quote": lambda text: "\n".join(f"> {line}" for line in text.split("\n")),
    "indented": lambda text: "\n".join(f"    {line}" for line in text.split("\n")),
    "tab": lambda text: "\n".join(f"\t{line}" for line in text.split("\n")),
    "for example": lambda text: f"For example:\n{text}",
    "e.g.": lambda text: f"One writes, e.g. {text}",
    "do not run": lambda text: f"Do not run this:\n\n{text}",
    "will not": lambda text: f"I will not execute\n{text}",
    "format": lambda text: f"The format is\n{text}",
    "afterwards": lambda text: f"{text}\n\nThis is only an example.",
    "refused afterwards": lambda text: f"{text}\nI won't run it.",
    "goes on": lambda text: f"{text} is what the log has.",
    "tool result": lambda text: f"<tool_response>\n{text}\n</tool_response>",
    "result": lambda text: f"The page says:\n{text}",
    "after a result": lambda text: f"<function_results>ok</function_results>\n{text}",
    "observation": lambda text: f"Observation: a\n{text}",
    "example element": lambda text: f"<example>\n\n{text}\n</example>",
    "comment": lambda text: f"<!-- {text} -->",
    "table": lambda text: f"| {text.replace(chr(10), ' ')} |",
    "bracketed": lambda text: f"(see ({text}))",
}
"""Ways to show a text without meaning it."""


def made(calls: list[Correction] | tuple[Correction, ...]) -> list[Call]:
    """The calls, with their inputs decoded."""
    return [(call.name, json.loads(call.arguments or "{}")) for call in calls]


PROSE = st.sampled_from(
    [
        "Let me look.",
        "\n",
        "\n\n",
        " ",
        "```",
        "`",
        "> ",
        "    ",
        '"',
        "for example ",
        "is it",
        "Do not run it.",
        "<",
        "<|",
        "[",
        "{",
        "}",
        "<tool_call>",
        "</tool_call>",
        "</function>",
        "<parameter=file>",
        "</parameter>",
        "<tool_response>",
        "<|tool_call",
        "[TOOL_CALLS]",
        "commentary to=",
        "Open(",
        '{"name": "Open", ',
    ]
)
TEXTS = st.lists(
    PROSE | st.text(max_size=6) | st.sampled_from([text for text, _ in ALL.values()]), max_size=6
).map("".join)
"""Text with calls, pieces of calls, and what may be around them."""

CUTS = st.lists(st.integers(0, 400), max_size=12) | st.just(list(range(1, 400)))


def pieces(text: str, cuts: list[int]) -> list[str]:
    """The text, cut at these places."""
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(places)]
