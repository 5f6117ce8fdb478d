"""A draft as the text of a config: YAML with comments. No IO."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway import json_text
from gateway.importers.draft import Draft, Part, Ref

SCHEMA = "./schemas/config.schema.json"
"""Where the schema is, seen from the config."""

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]*[A-Za-z0-9_/-])*")
"""Texts that need no quotes, neither in a line of their own nor between braces."""

_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Texts that YAML takes for something else."""

_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")

_WIDTH = 98
_FLOW = 96
"""Columns of comments, and up to which a value stands in one line."""


def text_of(draft: Draft, title: Iterable[str], *, schema: str = SCHEMA) -> str:
    """The whole file; `title` are the paragraphs at its head, `schema` is for editors."""
    lines = [f"# yaml-language-server: $schema={schema}", "#"]
    for paragraph in title:
        lines += _comment(paragraph, "")
    lines += ["version: 1", ""]
    if draft.server.value:
        lines += _comment(draft.server.comment, "")
        lines += ["server:", *_entries(draft, draft.server.value, "  ", "server"), ""]
    lines += _named(draft, "providers", draft.providers)
    if draft.rules:
        lines += ["rules:"]
        for part in draft.rules:
            lines += [*_rule(draft, part), ""]
    lines += _comment(draft.default.comment, "")
    lines += [*_default(draft), ""]
    lines += _named(draft, "transforms", draft.transforms)
    if draft.models:
        lines += ["models:"]
        for target, facts in draft.models.items():
            lines.append(f"  {_key(target)}: {_flow(draft, facts, f'models.{target}')}")
        lines.append("")
    if draft.print_system is not None:
        lines += [f"print_system: {_flow(draft, draft.print_system, 'print_system')}", ""]
    if draft.correction.value:
        lines += _comment(draft.correction.comment, "")
        lines += [f"tool_correction: {_flow(draft, draft.correction.value, 'tool_correction')}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _named(draft: Draft, section: str, parts: Mapping[str, Part]) -> Iterator[str]:
    if not parts:
        return
    yield f"{section}:"
    for name, part in parts.items():
        yield from _comment(part.comment, "  ")
        place = f"{section}.{name}"
        if section == "transforms":
            yield f"  {_key(name)}:"
            for step in part.value["steps"]:
                yield from _step(draft, step, place)
        elif part.value:
            yield f"  {_key(name)}:"
            yield from _entries(draft, part.value, "    ", place)
        else:
            yield f"  {_key(name)}: {{}}"
    yield ""


def _step(draft: Draft, step: Mapping[str, Any], place: str) -> Iterator[str]:
    [(kind, options)] = step.items()
    yield f"    - {kind}:"
    yield from _entries(draft, options, "        ", place)


def _rule(draft: Draft, part: Part) -> Iterator[str]:
    yield from _comment(part.comment, "  ")
    first, *rest = _entries(draft, part.value, "    ", f"rules.{part.value['name']}")
    yield f"  - {first.strip()}"
    yield from rest


def _default(draft: Draft) -> list[str]:
    value = draft.default.value
    if set(value) == {"use"} and isinstance(value["use"], str):
        return [f"default: {_flow(draft, value['use'], 'default')}"]
    return ["default:", *_entries(draft, value, "  ", "default")]


def _entries(draft: Draft, value: Mapping[str, Any], indent: str, place: str) -> Iterator[str]:
    """A mapping, one line for each key; a long value in lines of its own."""
    for key, item in value.items():
        flow = _flow(draft, item, f"{place}.{key}")
        line = f"{indent}{_key(key)}: {flow}"
        if len(line) <= _FLOW or not isinstance(item, dict | list) or not item:
            yield line
        elif isinstance(item, dict):
            yield f"{indent}{_key(key)}:"
            yield from _entries(draft, item, indent + "  ", f"{place}.{key}")
        else:
            yield f"{indent}{_key(key)}:"
            yield from (f"{indent}  - {_flow(draft, one, f'{place}.{key}')}" for one in item)


def _flow(draft: Draft, value: Any, place: str) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        inner = (f"{_key(k)}: {_flow(draft, v, f'{place}.{k}')}" for k, v in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(draft, item, place) for item in value) + "]"
    if isinstance(value, str):
        guarded = draft.guarded(value, place)
        is_reference = isinstance(guarded, Ref)
        return _scalar(guarded if is_reference else guarded.replace("${", "$${"))
    if isinstance(value, float):
        return _number(value)
    return json_text.encode_text(value)


def _number(value: float) -> str:
    """YAML's numbers have a point before their exponent."""
    if value.is_integer():
        return str(int(value))
    mantissa, e, exponent = repr(value).partition("e")
    return repr(value) if not e or "." in mantissa else f"{mantissa}.0e{exponent}"


def _key(name: str) -> str:
    return _scalar(name)


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return str(text)
    return _NOT_IN_YAML.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json_text.encode_text(str(text))
    )


def _comment(text: str, indent: str) -> Iterator[str]:
    shown = "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
    for paragraph in shown.split("\n"):
        for line in textwrap.wrap(paragraph, _WIDTH - len(indent), break_on_hyphens=False):
            yield f"{indent}# {line}"
