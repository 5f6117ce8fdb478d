"""Calls between the special tokens of chat templates. No IO.

<|tool_calls_section_begin|><|tool_call_begin|>functions.Read:0<|tool_call_argument_begin|>{…}…
<|channel|>commentary to=functions.Read <|constrain|>json<|message|>{…}<|call|>
[TOOL_CALLS]Read[ARGS]{…}      <|python_tag|>{…}      <|tool_call>call:Read{…}<tool_call|>
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.correction.leaked import literals
from gateway.correction.leaked.cursor import Cursor, NoCall
from gateway.correction.leaked.written import Written, read_json

_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,127}|")
_ID = re.compile(r"[\w-]{0,64}")
_LINE = re.compile(r"[A-Za-z]{0,16}")
_BLANKS = re.compile(r"[ \t]{0,16}")


def enclosed(opener: str, *closers: str) -> Callable[[Cursor], list[Written]]:
    """JSON or Python's writing between two tokens."""

    def read(cursor: Cursor) -> list[Written]:
        cursor.literal(opener)
        cursor.space()
        if cursor.peek() == "{":
            found = read_json(cursor, *closers)
            while _another(cursor):
                found += read_json(cursor, *closers)
        elif cursor.peek() == "[":
            found = _array(cursor, *closers)
        else:
            found = literals.calls(cursor)
        cursor.trailing(*closers)
        return found

    return read


def _another(cursor: Cursor) -> bool:
    start = cursor.pos
    cursor.space()
    cursor.skip(";", ",")
    cursor.space()
    if cursor.peek() == "{":
        return True
    cursor.pos = start
    return False


def _array(cursor: Cursor, *closers: str) -> list[Written]:
    """An array of JSON envelopes, or one of calls in Python's writing."""
    start = cursor.pos
    cursor.literal("[")
    cursor.space()
    python = cursor.peek() not in ("{", "[", "")
    cursor.pos = start
    return literals.calls(cursor) if python else read_json(cursor, *closers)


# -- tokens around each call ------------------------------------------------------------------------

_SECTIONS = ("<|tool_calls_section_begin|>", "<|tool_calls_begin|>", "<|tool_call_begin|>")


def sections(cursor: Cursor) -> list[Written]:
    """A token before the name, one between the name and the arguments, one after them."""
    opener = cursor.starts(*_SECTIONS)
    if opener != "<|tool_call_begin|>":
        cursor.literal(*_SECTIONS)
    found = []
    while cursor.trailing("<|tool_call_begin|>"):
        found.append(_section(cursor))
    if not found:
        raise NoCall
    cursor.trailing("<|tool_calls_section_end|>", "<|tool_calls_end|>")
    return found


def _section(cursor: Cursor) -> Written:
    cursor.space()
    name = cursor.some(_NAME)
    cursor.space()
    separator = cursor.literal("<|tool_sep|>", "<|tool_call_argument_begin|>")
    if separator == "<|tool_sep|>" and name == "function":
        name = cursor.some(_NAME)
    cursor.space()
    fenced = cursor.skip("```")
    if fenced:
        cursor.take(_LINE)
    cursor.space()
    arguments = cursor.json("<|tool_call_end|>", "<｜tool▁call▁end｜>")
    cursor.space()
    if fenced:
        cursor.literal("```")
    cursor.finish("<|tool_call_end|>")
    return Written(name, arguments)


# -- the tokens of one family -----------------------------------------------------------------------


def bracketed(cursor: Cursor) -> list[Written]:
    """`[TOOL_CALLS]` and an array, or names with their arguments."""
    cursor.literal("[TOOL_CALLS]")
    cursor.space()
    if cursor.peek() == "[":
        found = _array(cursor)
    elif cursor.peek() == "{":
        found = read_json(cursor)
        while _another(cursor):
            found += read_json(cursor)
    else:
        found = [named(cursor)]
    cursor.trailing("[/TOOL_CALLS]")
    return found


def named(cursor: Cursor) -> Written:
    """`Read[ARGS]{…}`, with `[CALL_ID]…` between them at times."""
    name = cursor.some(_NAME)
    cursor.space()
    if cursor.skip("[CALL_ID]"):
        cursor.take(_ID)
    cursor.skip("[ARGS]")
    cursor.space()
    return Written(name, cursor.json())


def announced(cursor: Cursor) -> list[Written]:
    """`[Tool call: Read] Arguments: {…}`."""
    cursor.literal("[Tool call:", "[Tool Call:", "[tool call:", "[tool_call:", "[Tool use:")
    cursor.space()
    name = cursor.some(_NAME)
    cursor.space()
    if cursor.skip("(ID:", "(id:"):
        cursor.space()
        cursor.take(_ID)
        cursor.literal(")")
    cursor.literal("]")
    cursor.space()
    cursor.skip("Arguments:", "arguments:", "Input:", "with arguments")
    cursor.space()
    return [Written(name, cursor.json())]


def channelled(cursor: Cursor) -> list[Written]:
    """A message to a tool, in a channel; its tokens may have been taken out."""
    recipient = ""
    cursor.skip("<|start|>")
    cursor.skip("assistant")
    cursor.space()
    if cursor.skip("to="):
        recipient = cursor.some(_NAME)
        cursor.space()
    tokens = cursor.skip("<|channel|>")
    channel = cursor.skip("commentary", "analysis")
    cursor.take(_BLANKS)
    if not recipient:
        if not channel:
            raise NoCall
        cursor.literal("to=")
        recipient = cursor.some(_NAME)
        cursor.space()
    cursor.skip("<|constrain|>")
    cursor.space()
    cursor.skip("json", "code")
    cursor.space()
    if not cursor.skip("<|message|>") and tokens:
        raise NoCall
    cursor.space()
    return [Written(recipient, cursor.json("<|call|>"))]


def gemma(opener: str, *closers: str) -> Callable[[Cursor], list[Written]]:
    """`call:Read{file_path:<|"|>/a<|"|>}` between two tokens."""

    def read(cursor: Cursor) -> list[Written]:
        cursor.literal(opener)
        cursor.space()
        found = []
        while cursor.starts("call:"):
            found.append(literals.braced_call(cursor))
            cursor.space()
        if not found:
            raise NoCall
        cursor.finish(*closers, before=opener)
        return found

    return read


def steps(cursor: Cursor) -> list[Written]:
    """`Action: Read`, and on the next line `Action Input: {…}`."""
    cursor.literal("Action:")
    cursor.space()
    name = cursor.some(_NAME)
    cursor.take(_BLANKS)
    cursor.literal("\n")
    cursor.literal("Action Input:")
    cursor.space()
    return [Written(name, cursor.json())]


def fenced(cursor: Cursor) -> list[Written]:
    """A code fence whose language says that it holds calls."""
    cursor.literal("```tool_code\n", "```tool_call\n", "```tool_calls\n", "```tool_use\n")
    cursor.space()
    found: list[Written] = []
    while not cursor.starts("```"):
        if cursor.peek() in ("{", "["):
            found += _array(cursor) if cursor.peek() == "[" else read_json(cursor)
        else:
            found += literals.calls(cursor)
        cursor.space()
    cursor.literal("```")
    if not found:
        raise NoCall
    return found
