"""`gateway correct`: corrects tool calls, one JSON line each, as the gateway does on the way.

A line of input is a call, `{"id", "name", "arguments", "tools"[, "stop_reason"]}`, or a text that may
hold calls, `{"id", "text", "tools"[, "channel"]}`. `arguments` is the text that the model wrote,
`tools` are those of an Anthropic request.

A line of output is `{"id", "status", "name", "input", "arguments", "calls", "errors", "repairs"}`. The
status is `unchanged`, `repaired`, `unrepairable`, or `unchecked` for a tool without a usable schema.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO, cast, get_args

from gateway import json_text
from gateway.cli.commands import Commands, unreadable
from gateway.correction import (
    QUIRKS,
    Call,
    Channel,
    Correction,
    Quirk,
    Repair,
    ToolCatalog,
    correct,
)
from gateway.correction.leaked import recover

SOUND, FINDINGS, USAGE = 0, 1, 2

EXAMPLE = """\
example:
  $ echo '{"id": 1, "name": "bash", "arguments": "{\\"cmd\\": \\"ls\\",}", "tools": [{"name": "Bash",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}},
    "required": ["command"], "additionalProperties": false}}]}' | tr -d '\\n' | gateway correct
"""

_STATUS: Mapping[str, str] = {
    "valid": "unchanged",
    "repaired": "repaired",
    "invalid": "unrepairable",
    "unchecked": "unchecked",
}


class BadLine(ValueError):
    """A line of the input that is no call; the message says why."""


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "correct",
        help="repair tool calls: JSON lines in, JSON lines out",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("files", nargs="*", help="files of JSON lines, - for stdin (default: -)")
    command.add_argument(
        "--quirk",
        action="append",
        choices=QUIRKS,
        default=[],
        help="an opt-in rule; may be given several times",
    )
    command.set_defaults(run=lambda told: run(told.files, quirks=frozenset(told.quirk)))


def run(files: Iterable[str], *, quirks: frozenset[Quirk] = frozenset()) -> int:
    """Corrects the lines of the files, or of stdin; gives the exit code.

    0: every line was a call. 1: some line was not, and is named on stderr. 2: a file cannot be read.
    """
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")  # whatever the locale is
    code = SOUND
    for file in files or ["-"]:
        if file == "-":
            code = max(code, _lines(sys.stdin, "<stdin>", quirks))
            continue
        try:
            with Path(file).open(encoding="utf-8", errors="surrogateescape") as lines:
                code = max(code, _lines(lines, file, quirks))
        except OSError as error:
            print(f"gateway: {unreadable(file, error)}", file=sys.stderr)
            code = USAGE
    return code


def _lines(lines: TextIO, file: str, quirks: frozenset[Quirk]) -> int:
    code = SOUND
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            print(json_text.encode_text(answer(line, quirks)), flush=True)
        except BadLine as error:
            print(f"{file}:{number}: {error}", file=sys.stderr)
            code = FINDINGS
    return code


def answer(line: str, quirks: frozenset[Quirk]) -> dict[str, Any]:
    """What is said about one line; raises `BadLine`."""
    try:
        asked = json_text.decode(line)
    except json_text.NotJSON as error:
        raise BadLine(f"not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise BadLine(f"expected an object, got {json_text.kind_of(asked)}")
    catalog = ToolCatalog(_tools(asked))
    if "text" in asked:
        return {"id": asked.get("id"), **of_text(_text(asked, "text"), catalog, _channel(asked))}
    correction = correct(
        _text(asked, "name"),
        _text(asked, "arguments"),
        catalog,
        stop_reason=None if asked.get("stop_reason") is None else _text(asked, "stop_reason"),
        quirks=quirks,
    )
    return {"id": asked.get("id"), **of_call(correction)}


def _tools(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    tools = asked.get("tools")
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise BadLine("tools: expected an array of objects")
    return tools


def _channel(asked: Mapping[str, Any]) -> Channel:
    channel = asked.get("channel") or "text"
    if channel not in get_args(Channel):
        raise BadLine(f"channel: expected one of {', '.join(get_args(Channel))}")
    return cast(Channel, channel)


def _text(asked: Mapping[str, Any], key: str) -> str:
    if not isinstance(text := asked.get(key), str):
        raise BadLine(f"{key}: expected a string")
    return text


def of_call(correction: Correction) -> dict[str, Any]:
    """A correction as the fields of a line; blank arguments of a valid call are written out as `{}`."""
    status, repairs = _STATUS[correction.status], list(map(_receipt, correction.repairs))
    if status == "unchanged" and not correction.arguments.strip():
        blank = Repair(correction.name, "parse", "", "no arguments", "object(0)")
        status, repairs = "repaired", [_receipt(blank)]
    calls = [_call(call) for call in correction.calls]
    return {
        "status": status,
        **calls[0],
        "arguments": correction.arguments,
        "calls": calls if status in ("unchanged", "repaired") else None,
        "errors": list(correction.errors),
        "repairs": repairs,
    }


def _call(call: Call) -> dict[str, Any]:
    """A call with its input decoded; None for what is no object."""
    try:
        value = json_text.decode(call.arguments) if call.arguments.strip() else {}
    except json_text.NotJSON:
        value = None
    return {"name": call.name, "input": value if isinstance(value, dict) else None}


def _receipt(repair: Repair) -> dict[str, str]:
    return {
        "tool": repair.tool,
        "rule": repair.rule,
        "path": repair.path,
        "before": repair.before,
        "after": repair.after,
    }


def of_text(text: str, catalog: ToolCatalog, channel: Channel) -> dict[str, Any]:
    """The calls that were recovered from a text, and what is left of it."""
    recovered = recover(text, catalog, channel=channel)
    return {
        "status": recovered.status,
        "text": recovered.text,
        "calls": [_call(call) for found in recovered.calls for call in found.calls],
        "errors": list(recovered.errors),
    }
