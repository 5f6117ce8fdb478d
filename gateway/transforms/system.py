"""The system prompt: remove, then replace, then prepend, then append. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway import patterns
from gateway.messages import BILLING, MessagesRequest
from gateway.transforms import facts, templates, texts
from gateway.transforms.base import Edit, Kind, Options, PatternAt, TemplateAt, text_option
from gateway.transforms.texts import TextEdit

System = str | list[dict[str, Any]]

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        **texts.PROPERTIES,
        "prepend": text_option(
            "Put in front, as a block of its own; may be a template.", "You work in {{ cwd }}."
        ),
        "append": text_option(
            "Put at the end, as a block of its own; may be a template.", "Be brief."
        ),
        "block": {
            "anyOf": [{"type": "integer"}, {"type": "string", "minLength": 1}],
            "description": "Only this block is edited, and what is added becomes part of it: its number "
            "(0 is the first and -1 the last, the client's attribution not counted), words that stand "
            "in it, or `/a pattern/`. Without it every block is.",
            "examples": [0, "# Tone and style"],
            "x-expected": "a number such as 0, or words of the block",
        },
        "facts": facts.PROPERTY,
    },
    "x-expected": "remove, replace, prepend or append",
}


def build(options: Options) -> Edit:
    """The transform of checked options. Raises `ValueError`."""
    edit = texts.edits_of(options)
    read, declared = facts.reader_of(options), facts.declared_in(options)
    prepend = templates.compiled(options.get("prepend") or "", read, declared)
    append = templates.compiled(options.get("append") or "", read, declared)
    is_meant = _choice(options["block"]) if "block" in options else None

    def apply(request: MessagesRequest) -> MessagesRequest:
        system = request.system
        before, after = prepend(request), append(request)
        if is_meant is not None:
            changed = _in_block(system, is_meant, lambda text: _around(edit(text), before, after))
        else:
            changed = _edited(system, edit)
            if before or after:
                changed = _extended(changed, before, after)
        return request if changed is system else request.replace(system=changed)

    return apply


def patterns_in(options: Options) -> Iterator[PatternAt]:
    """Those that edit, those that find facts, and the one that finds a block."""
    yield from texts.patterns_of(options)
    yield from facts.patterns_of(options)
    block = options.get("block")
    if isinstance(block, str) and len(block) > 1 and block[0] == block[-1] == "/":
        yield PatternAt(("block",), block[1:-1])


def templates_in(options: Options) -> Iterator[TemplateAt]:
    """What is put in front and at the end."""
    for name in ("prepend", "append"):
        if name in options:
            yield TemplateAt((name,), options[name], facts.declared_in(options))


def _edited(system: System, edit: TextEdit) -> System:
    """The system prompt with the edits made in each block; the same object if none changed it.

    A block that becomes empty goes: the API refuses empty text. Its cache mark goes to the block
    before it, so that the prompt is cached as far as it was.
    """
    if isinstance(system, str):
        edited = edit(system)
        return system if edited == system else edited
    blocks: list[dict[str, Any]] = []
    changed = False
    for block in system:
        text = block.get("text") or ""
        edited = edit(text)
        if edited == text:
            blocks.append(block)
            continue
        changed = True
        if edited.strip():
            blocks.append({**block, "text": edited})
        elif "cache_control" in block and blocks:
            blocks[-1] = {"cache_control": block["cache_control"], **blocks[-1]}
    return blocks if changed else system


def _extended(system: System, prepend: str, append: str) -> System:
    if isinstance(system, str):
        return _around(system, prepend, append)
    first = [{"type": "text", "text": prepend}] if prepend else []
    last = [{"type": "text", "text": append}] if append else []
    return [*first, *system, *last]


def _around(text: str, prepend: str, append: str) -> str:
    return "\n\n".join(part for part in (prepend, text, append) if part)


# -- one block ---------------------------------------------------------------------------------------

Choice = Any
"""From the texts of the blocks to the index of the one that is meant, or None."""


def _choice(wanted: int | str) -> Choice:
    if isinstance(wanted, int):
        return lambda found: wanted if -len(found) <= wanted < len(found) else None
    pattern = patterns.compile_text_pattern(wanted)
    return lambda found: next((i for i, text in enumerate(found) if pattern.search(text)), None)


def _in_block(system: System, is_meant: Choice, edit: TextEdit) -> System:
    """The system prompt with one block edited; the same object if there is no such block."""
    blocks: Sequence[Any] = [{"text": system}] if isinstance(system, str) else system
    spoken = [b for b in blocks if not str(b.get("text") or "").startswith(BILLING)]
    index = is_meant([str(block.get("text") or "") for block in spoken]) if spoken else None
    if index is None or not system:
        return system
    chosen = spoken[index]
    if isinstance(system, str):
        return _edited(system, edit)
    return _replaced(system, chosen, edit)


def _replaced(system: list[dict[str, Any]], chosen: Any, edit: TextEdit) -> System:
    at = next(index for index, block in enumerate(system) if block is chosen)
    one: System = [chosen]
    edited = _edited(one, edit)
    if edited is one:
        return system
    if edited or "cache_control" not in chosen or at == 0:
        return [*system[:at], *edited, *system[at + 1 :]]
    before = {"cache_control": chosen["cache_control"], **system[at - 1]}
    return [*system[: at - 1], before, *system[at + 1 :]]


KIND = Kind(
    "Edits the system prompt: remove, then replace, then prepend, then append.",
    SCHEMA,
    build,
    "system: {replace: [{find: Claude Code, with: the assistant}], append: Be brief.}",
    patterns_in,
    templates_in,
)
