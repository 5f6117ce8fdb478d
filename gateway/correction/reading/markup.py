"""Arguments that were written as tags, as several models' own formats do. No IO."""

from __future__ import annotations

import re

from gateway.correction.folding import folded
from gateway.correction.reading.failures import Malformed, Truncated

_OUTER = re.compile(
    r"\s*<(?P<tag>function_calls|tool_calls?|invoke|function|arguments|args|parameters|input|tool_use)"
    r"(?:[=\s][^<>]{0,200})?>(?P<inner>.*)</(?P=tag)>\s*\Z",
    re.DOTALL,
)
_ITEM = re.compile(
    r"\s*+(?:<(?P<tag>parameter|param|arg)(?:=|\s+name\s*=\s*)[\"']?(?P<name>[\w.$\-]{1,128})[\"']?\s*>"
    r"|<(?P<pair>arg_key)>\s*(?P<key>[^<>]{1,128}?)\s*</arg_key>\s*<arg_value>"
    r"|<(?P<plain>[A-Za-z_][\w.\-]{0,127})>)"
)
_LINES = re.compile(r"\n(.*)\n[ \t]*\Z", re.DOTALL)
_MAX_OUTER = 4


def arguments(text: str, keys: frozenset[str]) -> dict[str, str] | None:
    """The parameters as texts; None when the text is no markup of arguments.

    Raises `Truncated` when a tag is not closed, `Malformed` when something stands between tags.
    """
    for _ in range(_MAX_OUTER):
        if (outer := _OUTER.match(text)) is None:
            break
        text = outer["inner"]
    values: dict[str, str] = {}
    position, end = 0, len(text.rstrip())
    while position < end:
        item = _ITEM.match(text, position)
        if item is None or (item["plain"] and folded(item["plain"]) not in keys):
            if values:
                raise Malformed("something stands between two parameters")
            return None
        name, closing = _closing(item)
        stop = text.find(closing, item.end())
        if stop < 0:
            raise Truncated("a parameter does not end")
        if name in values:
            raise Malformed("two values of one parameter")
        values[name] = _content(text[item.end() : stop])
        position = stop + len(closing)
    return values or None


def _closing(item: re.Match[str]) -> tuple[str, str]:
    if item["pair"]:
        return item["key"], "</arg_value>"
    if item["plain"]:
        return item["plain"], f"</{item['plain']}>"
    return item["name"], f"</{item['tag']}>"


def _content(value: str) -> str:
    """The value without the line breaks that set it apart from its tags."""
    match = _LINES.match(value)
    return match[1] if match else value
