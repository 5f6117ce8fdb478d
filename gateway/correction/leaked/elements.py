"""Calls written as elements: `<tool_call>…</tool_call>`, `<invoke name=…>`, `<function=…>`. No IO.

    element    <tag>content</tag>, where a namespace may stand before the tag, or <tag=name>
    content    JSON, other elements, Python's writing, or a name and then pairs of key and value
    arguments  <parameter=key>value</parameter>, <parameter name="key">…, <key>value</key>, JSON

A value is text: what else it is, the tool's schema says.
"""

from __future__ import annotations

import re
from functools import cache

from gateway import json_text
from gateway.correction.leaked import literals
from gateway.correction.leaked.cursor import Cursor, NoCall
from gateway.correction.leaked.written import MAX_NESTING, Written, decoded, read_json

NAMESPACE = r"(?:[A-Za-z][\w.-]{0,19}:|[|｜]DSML[|｜])?"

CALL_TAGS = frozenset(
    {"invoke", "function", "tool_call", "tool_use", "tool", "call_record", "function_call", "call"}
)
"""Elements that are one call when they say its name."""
WRAPPER_TAGS = frozenset(
    {
        "tool_call",
        "tool_calls",
        "toolcall",
        "toolcalls",
        "function_call",
        "function_calls",
        "tool_use",
        "tools",
        "invoke",
    }
)
"""Elements that hold calls."""
_PARAMETER_TAGS = frozenset({"parameter", "param", "arg", "argument"})
_NAME_TAGS = frozenset({"name", "tool_name", "function_name", "tool"})
_ARGUMENTS_TAGS = frozenset({"arguments", "parameters", "args", "input", "params"})

_OPEN = re.compile(rf"<(?P<ns>{NAMESPACE})(?P<tag>[\w-]+)(?P<rest>[^<>]*)>")
_PREFIX = re.compile(NAMESPACE)
_WORD = re.compile(r"[\w:.|｜-]{0,48}")
_INSIDE = re.compile(r"[^<>\n]{0,512}")
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,127}|")
_PAIR_KEY = re.compile(r"</arg_key>")
_PAIR_VALUE = re.compile(r"</arg_value>(?=\s*<(?:arg_key|/))")
_FENCE_LINE = re.compile(r"[A-Za-z]{0,16}")


class _Tag:
    """An opening tag that was passed over."""

    __slots__ = ("attributes", "closer", "name", "tag")

    def __init__(self, found: re.Match[str]) -> None:
        self.tag = found["tag"].lower()
        self.closer = f"</{found['ns']}{found['tag']}>"
        self.name = ""
        self.attributes: dict[str, str] = {}
        rest = found["rest"].strip()
        if rest.startswith("="):
            self.name = rest[1:].strip().strip("\"'")
        else:
            for key, *values in _ATTRIBUTE.findall(rest):
                self.attributes[key.lower()] = next(filter(None, values), "")
            for key in ("name", "tool", "function", "key"):
                self.name = self.name or self.attributes.get(key, "")


def element(cursor: Cursor) -> list[Written]:
    """The calls in the element that begins here."""
    start = cursor.pos
    cursor.literal("<")
    if _PREFIX.sub("", cursor.some(_WORD)).lower() not in CALL_TAGS | WRAPPER_TAGS:
        raise NoCall
    cursor.pos = start
    tag = _opened(cursor)
    if tag.name and tag.tag in CALL_TAGS:
        return [_call(cursor, tag)]
    if tag.name or tag.tag not in WRAPPER_TAGS:
        raise NoCall
    return _held(cursor, tag)


def _opened(cursor: Cursor) -> _Tag:
    start = cursor.pos
    cursor.literal("<")
    cursor.some(_INSIDE)
    cursor.literal(">")
    found = _OPEN.fullmatch(cursor.text, start, cursor.pos)
    if found is None:
        raise NoCall
    return _Tag(found)


@cache
def _closer(tag: str) -> re.Pattern[str]:
    return re.compile(rf"</{NAMESPACE}{re.escape(tag)}\s?>", re.IGNORECASE)


def _closes(cursor: Cursor, tag: str) -> bool:
    """Passes over the element's end, if it is there; what is left is its next child."""
    cursor.space()
    if cursor.starts("</"):
        start = cursor.pos
        cursor.pos += 2
        cursor.some(_INSIDE)
        cursor.literal(">")
        if _closer(tag).fullmatch(cursor.text, start, cursor.pos) is None:
            raise NoCall
        return True
    return False


# -- one call ---------------------------------------------------------------------------------------


def _call(cursor: Cursor, tag: _Tag) -> Written:
    cursor.space()
    if cursor.peek() == "{":
        arguments = cursor.json(tag.closer)
        cursor.finish(tag.closer)
        return Written(tag.name, arguments)
    if cursor.peek() not in ("<", ""):
        raise NoCall
    fields = _parameters(cursor, tag.tag)
    return Written(tag.name, fields if isinstance(fields, str) else json_text.encode_text(fields))


def _parameters(cursor: Cursor, parent: str, depth: int = 0) -> dict[str, object] | str:
    """The parameters up to the parent's end; JSON text where one element holds them all."""
    fields: dict[str, object] = {}
    while not _closes(cursor, parent):
        tag = _opened(cursor)
        if tag.tag in _PARAMETER_TAGS and tag.name:
            key = tag.name
        elif tag.tag in _ARGUMENTS_TAGS and not tag.attributes and not fields:
            return _arguments(cursor, tag.tag, parent, depth + 1)
        elif not tag.name and not tag.attributes:
            key = tag.tag
        else:
            raise NoCall
        if key in fields:
            raise NoCall
        fields[key] = _value(cursor, tag, parent)
    return fields


def _arguments(cursor: Cursor, tag: str, parent: str, depth: int = 0) -> dict[str, object] | str:
    if depth > MAX_NESTING:
        raise NoCall
    cursor.space()
    if cursor.peek() == "{":
        fields: dict[str, object] | str = cursor.json(f"</{tag}>")
        if not _closes(cursor, tag):
            raise NoCall
    else:
        fields = _parameters(cursor, tag, depth)
    if not _closes(cursor, parent):
        raise NoCall
    return fields


@cache
def _value_end(tag: str, parent: str) -> re.Pattern[str]:
    """The end of a value is followed by another value, or by the end of the call.

    So the value may hold what looks like its end.
    """
    sibling = "parameter|param|arg|argument" if tag in _PARAMETER_TAGS else "[A-Za-z_]"
    return re.compile(
        rf"</{NAMESPACE}{re.escape(tag)}>"
        rf"(?=\s*(?:<{NAMESPACE}(?:{sibling})|</{NAMESPACE}{re.escape(parent)}\s?>))",
        re.IGNORECASE,
    )


def _value(cursor: Cursor, tag: _Tag, parent: str) -> object:
    text = cursor.until(_value_end(tag.tag, parent))
    if tag.attributes.get("string") == "false":
        try:
            return decoded(text)
        except ValueError:
            return text
    wrapped = text.startswith("\n") and text.endswith("\n") and len(text) > 1
    verbatim = tag.attributes and "\n" in text.strip()
    return text[1:-1] if wrapped and not verbatim else text


# -- several calls ----------------------------------------------------------------------------------


def _held(cursor: Cursor, tag: _Tag, depth: int = 0) -> list[Written]:
    """What a wrapper holds, up to its end."""
    if depth > MAX_NESTING:
        raise NoCall
    cursor.space()
    closers = (tag.closer, "</tool_call>")
    fenced = cursor.skip("```")
    if fenced:
        cursor.take(_FENCE_LINE)
        cursor.space()
    first = cursor.peek()
    if first in ("{", "["):
        return _held_json(cursor, tag, closers, fenced=bool(fenced))
    if first == "<":
        return _children(cursor, tag.tag, depth)
    return _named(cursor, tag.tag, closers)


def _held_json(
    cursor: Cursor, tag: _Tag, closers: tuple[str, ...], *, fenced: bool
) -> list[Written]:
    if cursor.peek() == "[" and not fenced and (found := _python(cursor, closers)):
        return found
    found = []
    while cursor.peek() in ("{", "["):
        found += read_json(cursor, *closers)
        cursor.space()
        cursor.skip(",", ";")
        cursor.space()
    if fenced:
        cursor.literal("```")
    cursor.finish(*closers, before=f"<{tag.tag}>")
    return found


_BRACKET = re.compile(r"\[\s*+[A-Za-z_]")
_UP_TO_WORD = re.compile(r"\[\s*")


def _python(cursor: Cursor, closers: tuple[str, ...]) -> list[Written]:
    start = cursor.pos
    cursor.take(_UP_TO_WORD)
    cursor.pos = start
    if not _BRACKET.match(cursor.text, start):
        return []
    found = literals.calls(cursor)
    cursor.finish(*closers)
    return found


def _children(cursor: Cursor, parent: str, depth: int) -> list[Written]:
    """Elements inside a wrapper: calls, or the name and the arguments of one call."""
    found: list[Written] = []
    while not _closes(cursor, parent):
        start = cursor.pos
        tag = _opened(cursor)
        if tag.name and tag.tag in CALL_TAGS:
            found.append(_call(cursor, tag))
        elif tag.tag in _NAME_TAGS and not tag.name and not found:
            return [_described(cursor, tag.tag, parent)]
        elif tag.tag in WRAPPER_TAGS and tag.tag != parent:
            found += _held(cursor, tag, depth + 1)
        elif found:
            cursor.pos = start
            break
        else:
            raise NoCall
        cursor.space()
        if cursor.peek() != "<":
            break
    if not found:
        raise NoCall
    return found


def _described(cursor: Cursor, tag: str, parent: str) -> Written:
    """`<name>Read</name><arguments>…</arguments>`."""
    name = cursor.until(_closer(tag)).strip()
    cursor.space()
    held = _opened(cursor)
    if held.tag not in _ARGUMENTS_TAGS:
        raise NoCall
    fields = _arguments(cursor, held.tag, parent)
    return Written(name, fields if isinstance(fields, str) else json_text.encode_text(fields))


def _named(cursor: Cursor, tag: str, closers: tuple[str, ...]) -> list[Written]:
    """`Read` and then pairs of key and value, or Python's writing."""
    start = cursor.pos
    name = cursor.some(_NAME)
    if cursor.peek() == "(":
        cursor.pos = start
        found = []
        while cursor.peek() not in ("<", ""):
            found += literals.calls(cursor)
            cursor.space()
        cursor.finish(*closers)
        return found
    cursor.space()
    if cursor.peek() == "{":
        found = [Written(name, cursor.json(*closers))]
        cursor.finish(*closers)
        return found
    fields: dict[str, str] = {}
    while not _closes(cursor, tag):
        cursor.literal("<arg_key>")
        key = cursor.until(_PAIR_KEY).strip()
        cursor.space()
        cursor.literal("<arg_value>")
        if key in fields:
            raise NoCall
        fields[key] = cursor.until(_PAIR_VALUE)
    return [Written(name, json_text.encode_text(fields))]
