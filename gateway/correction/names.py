"""Which tool a name means that is no tool's name. No IO.

Steps, the surest first; the first step that finds anything decides, and two finds are none:
the same letters, the same letters between words that say nothing, a tool of another prefix, an alias.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence

from gateway.correction.folding import folded
from gateway.correction.known.tools import NEUTRAL_NAME_WORDS
from gateway.correction.schema import clipped
from gateway.correction.tables import Tables

_MAX_SHOWN = 64
"""Characters of an unknown name that a message repeats."""
_MAX_NAME = 256
_TOKEN = re.compile(r"<[^<>]*>|[<(].*", re.DOTALL)
"""A special token of a chat template, or what follows where one begins or a call is written."""
_SEGMENTS = re.compile(r"__|[^\w-]+")
_NUMBER = re.compile(r"[_-]\d{1,3}\s*\Z")
_MCP = "mcp"

Step = Callable[[str, Sequence[str], Tables], Iterable[str]]


def candidates(name: str, known: Sequence[str], tables: Tables) -> tuple[str, ...]:
    """The tools that may be meant; none, one, or several between which nothing decides."""
    if len(name) > _MAX_NAME:
        return ()
    for step in _STEPS:
        if found := tuple(dict.fromkeys(step(name, known, tables))):
            return found
    return ()


def matches(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The known names that differ from this one only in case and separators."""
    key = folded(name)
    return tuple(other for other in known if folded(other) == key) if key else ()


def _same(name: str, known: Sequence[str], _: Tables) -> Iterable[str]:
    return matches(name, known)


def _cleaned(name: str, known: Sequence[str], _: Tables) -> Iterable[str]:
    """`functions.Read:0`, `Bash<|channel|>commentary`, `BashTool`, `ReadRead`, `github.create_issue`."""
    for core in _cores(name):
        if found := [tool for tool in known if _is_around(core, tool)]:
            return found
    return ()


def _cores(name: str) -> list[str]:
    """The folded name without special tokens, and without words that say nothing."""
    bare = _TOKEN.sub(" ", name)
    segments = [folded(segment) for segment in _SEGMENTS.split(bare)]
    telling = [s for s in segments if s and not s.isdecimal() and s not in NEUTRAL_NAME_WORDS]
    cores = [folded(bare), "".join(telling), folded(_NUMBER.sub("", bare))]
    cores += [folded(token) for token in re.findall(r"<\|?(\w+)\|?>", name)] if not telling else []
    return [core for core in dict.fromkeys(cores) if core]


def _is_around(core: str, tool: str) -> bool:
    target = folded(tool)
    if not target:
        return False
    spellings = (target, target.removeprefix(_MCP)) if tool.startswith(_MCP) else (target,)
    return any(
        core == target or core in (f"tool{target}", f"{target}tool") or _repeats(core, target)
        for target in spellings
    )


def _repeats(core: str, target: str) -> bool:
    times = len(core) // len(target)
    return times > 1 and core == target * times


def _elsewhere(name: str, known: Sequence[str], tables: Tables) -> Iterable[str]:
    """A tool without its server (`create_issue`), and the tools that an alias stands for."""
    cores = set(_cores(name))
    bare = folded(re.sub(r"^mcp_+[^_]+_+", "", name)) if name.startswith(_MCP) else ""
    for tool in known:
        last = folded(tool.rpartition("__")[2]) if tool.startswith(_MCP + "__") else ""
        if (last and last in cores) or (bare and bare == folded(tool)):
            yield tool
    for core in (*cores, bare):
        offered = [tool for alias in tables.tools.get(core, ()) for tool in matches(alias, known)]
        yield from offered


_STEPS: tuple[Step, ...] = (_same, _cleaned, _elsewhere)


def joined(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The tools whose names were written one after the other: `ReadGrep`; none if that is unclear."""
    if len(name) > _MAX_NAME:
        return ()
    rest, found = folded(name), []
    by_fold = {folded(tool): tool for tool in known if folded(tool)}
    while rest:
        heads = [fold for fold in by_fold if rest.startswith(fold)]
        if len(heads) != 1:
            return ()
        found.append(by_fold[heads[0]])
        rest = rest.removeprefix(heads[0])
    return tuple(found) if len(found) > 1 else ()


def unknown(name: str, known: Sequence[str], found: Sequence[str] = ()) -> str:
    """Says that there is no such tool, and which ones come closest."""
    shown = name if len(name) <= _MAX_SHOWN else name[:_MAX_SHOWN] + "…"
    by_fold = {folded(other): other for other in known}
    near = difflib.get_close_matches(folded(name[:_MAX_SHOWN]), list(by_fold), n=3, cutoff=0.6)
    closest = tuple(found) or matches(name, known) or tuple(by_fold[key] for key in near)
    hint = f"closest: {', '.join(closest[:5])}" if closest else f"{len(known)} were offered"
    return clipped(f"There is no tool {shown!r} ({hint}).")
