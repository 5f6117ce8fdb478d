"""Marked sections of the prompt, such as `<system-reminder>…</system-reminder>`. No IO.

Clients put them into the system prompt, into what the user says and into the results of tools. What the
model says is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway import patterns
from gateway.messages import MessagesRequest
from gateway.transforms import texts
from gateway.transforms.base import PATTERN, Edit, Kind, Options, PatternAt

Block = dict[str, Any]

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tag"],
    "properties": {
        "tag": {
            "type": "string",
            "pattern": "^[A-Za-z][A-Za-z0-9_.:-]*$",
            "description": "The name in the marks around the section.",
            "examples": ["system-reminder"],
            "x-expected": "a tag such as system-reminder",
        },
        "matching": {**PATTERN, "description": "Only sections in which this is found."},
        "drop": {
            "const": True,
            "description": "The section goes, with its marks.",
            "examples": [True],
            "x-expected": "true",
        },
        **texts.PROPERTIES,
    },
    "anyOf": [{"required": ["drop"]}, {"required": ["remove"]}, {"required": ["replace"]}],
    "x-expected": "a section and what becomes of it, such as {tag: system-reminder, drop: true}",
}


def build(options: Options) -> Edit:
    """The transform of checked options. Raises `ValueError`."""
    opening, closing = f"<{options['tag']}>", f"</{options['tag']}>"
    matching = patterns.compile_regex(options["matching"]) if "matching" in options else None
    edit = texts.edits_of(options)

    def becomes(inside: str) -> str:
        if matching is not None and not matching.search(inside):
            return opening + inside + closing
        return "" if options.get("drop") else opening + edit(inside) + closing

    def edited(text: str) -> str:
        return _with_sections(text, opening, closing, becomes)

    mark = opening.encode()

    def apply(request: MessagesRequest) -> MessagesRequest:
        changes: dict[str, Any] = {}
        for name in ("system", "messages"):
            raw = request.raw_field(name) or b""
            if mark in raw or b"\\u003" in raw:  # `<`, as some codecs write it
                value = request.system if name == "system" else request.messages
                new = _content(value, edited) if name == "system" else _messages(value, edited)
                if new is not value:
                    changes[name] = new
        return request.replace(**changes) if changes else request

    return apply


def _with_sections(text: str, opening: str, closing: str, becomes: Callable[[str], str]) -> str:
    """The text with each section as it becomes; one that is not closed stays. Linear."""
    parts: list[str] = []
    end = 0
    while (start := text.find(opening, end)) >= 0:
        stop = text.find(closing, start + len(opening))
        if stop < 0:
            break
        parts += (text[end:start], becomes(text[start + len(opening) : stop]))
        end = stop + len(closing)
        if not parts[-1] and text[end : end + 1] == "\n":
            end += 1  # the line that it stood in goes with it
    return "".join([*parts, text[end:]]) if parts else text


def _messages(messages: Any, edit: Callable[[str], str]) -> Any:
    edited = []
    for message in messages:
        content = message.get("content")
        new = content if message.get("role") == "assistant" else _content(content, edit)
        if new is content:
            edited.append(message)
        elif new:
            edited.append({**message, "content": new})
        # A message of which nothing is left goes: the API refuses an empty one.
    same = len(edited) == len(messages) and all(
        a is b for a, b in zip(edited, messages, strict=True)
    )
    return messages if same else edited


def _content(content: Any, edit: Callable[[str], str]) -> Any:
    """A text, or a list of blocks, after the edit; the same object if it changes nothing."""
    if isinstance(content, str):
        new = edit(content)
        return content if new == content else new if new.strip() else ""
    if not isinstance(content, list):
        return content
    blocks: list[Block] = []
    for block in content:
        new_block = _block(block, edit)
        if new_block is not None:
            blocks.append(new_block)
        elif "cache_control" in block and blocks:
            blocks[-1] = {"cache_control": block["cache_control"], **blocks[-1]}
    same = len(blocks) == len(content) and all(a is b for a, b in zip(blocks, content, strict=True))
    return content if same else blocks


def _block(block: Block, edit: Callable[[str], str]) -> Block | None:
    """A block; None when nothing of it is left."""
    if block.get("type") == "tool_result":
        inner = block.get("content")
        new = _content(inner, edit)
        return block if new is inner else {**block, "content": new}
    text = block.get("text")
    if not isinstance(text, str):
        return block
    edited = edit(text)
    if edited == text:
        return block
    return {**block, "text": edited} if edited.strip() else None


def patterns_in(options: Options) -> Iterator[PatternAt]:
    """Those that edit, and the one that finds a section."""
    yield from texts.patterns_of(options)
    if "matching" in options:
        yield PatternAt(("matching",), options["matching"])


KIND = Kind(
    "Edits or drops marked sections in the system prompt, in what the user says and in results of tools.",
    SCHEMA,
    build,
    "sections: {tag: system-reminder, matching: TodoWrite, drop: true}",
    patterns_in,
)
