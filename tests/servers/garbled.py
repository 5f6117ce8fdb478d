"""Tool calls as models get them wrong, and what each was meant to do. No IO.

Most leave a file behind whose name says what is wrong with the call. `{dir}` stands for the folder. The
client repairs some mistakes itself (plain numbers and JSON in quotes, a wrong name for a path): none of
those is here, so that a call that works was put right on its way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

CONTENT = 'Käse,\n\t"it\'s" 乾酪\n'
"""With all that the wrong quotes, a raw line break or a second encoding can spoil."""
FINDING = {"file": "a.py", "line": 1, "summary": "wrong", "failure_scenario": "always"}


class Garbled(NamedTuple):
    """A call as it is written."""

    name: str
    arguments: str


def _write(file: str) -> dict[str, Any]:
    return {"file_path": f"{{dir}}/{file}.txt", "content": CONTENT}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _raw(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t")


OBJECTS: Mapping[str, Garbled] = {
    "case": Garbled("write", _json(_write("case"))),
    "prefix": Garbled("functions.Write", _json(_write("prefix"))),
    "keys": Garbled("Write", _json({"filename": "{dir}/keys.txt", "text": CONTENT})),
    "wrapper": Garbled("Write", _json({"input": _write("wrapper")})),
    "number": Garbled("Bash", _json({"command": "printf 1 > {dir}/number.txt", "timeout": "5e3"})),
    "list": Garbled("Bash", _json({"command": ["printf 2 > {dir}/list.txt"]})),
    "array": Garbled("ReportFindings", _json({"findings": str([FINDING])})),
}
"""Arguments that are a JSON object: all that a format can carry which does not write them as text."""

TEXTS: Mapping[str, Garbled] = {
    "twice": Garbled("Write", _json(_json(_write("twice")))),
    "raw": Garbled("Write", _raw(_json(_write("raw")))),
    "fence": Garbled("Write", f"```json\n{_json(_write('fence'))}\n```"),
    "quotes": Garbled("Write", repr(_write("quotes"))[:-1] + ",}"),
    "brace": Garbled("Write", _json(_write("brace"))[:-1]),
    "nothing": Garbled("ListAgents", "None"),
    "two calls": Garbled("Write", _json(_write("two")) + _json(_write("three"))),
}
"""Arguments that are something else. The last holds two calls."""

_MEANT = {"case": "Write", "prefix": "Write"}
_PRINTED = {"number": b"1", "list": b"2"}


def tools(calls: Mapping[str, Garbled]) -> tuple[str, ...]:
    """The tools that are meant, in order."""
    names = tuple(_MEANT.get(kind, call.name) for kind, call in calls.items())
    return (*names, "Write") if "two calls" in calls else names


def files(calls: Mapping[str, Garbled]) -> dict[str, bytes]:
    """What the calls are meant to leave behind."""
    left = [kind for kind in calls if kind not in ("array", "nothing", "two calls")]
    left += ["two", "three"] if "two calls" in calls else []
    return {f"{kind}.txt": _PRINTED.get(kind, CONTENT.encode()) for kind in left}


HERMES = f"""\
I write it.

<tool_call>
{_json({"name": "Write", "arguments": _write("hermes")})}
</tool_call>"""
QWEN = f"""\
Now once more.

<tool_call>
<function=Write>
<parameter=file_path>
{{dir}}/qwen.txt
</parameter>
<parameter=content>
{CONTENT}
</parameter>
</function>
</tool_call>"""
"""Calls in the text of the answer, in the markup that two families of models are trained to write."""
