"""Which tools are offered: by glob, and no more than a number of them. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway import patterns
from gateway.transforms.base import GLOBS, Options

Tools = list[dict[str, Any]]

PROPERTIES: Mapping[str, Any] = {
    "keep": {**GLOBS, "description": "Only tools whose names match are offered."},
    "drop": {
        **GLOBS,
        "description": "Tools whose names match are not offered. What the conversation says of them is told "
        "as text.",
    },
    "at_most": {
        "type": "integer",
        "minimum": 1,
        "description": "No more tools than this, for targets that take no more.",
        "examples": [40],
    },
    "priority": {
        **GLOBS,
        "description": "Which tools stay when there are too many: those of the first glob, then those "
        "of the second; then the others as the client has them.",
        "examples": [["Bash", "Read", "Edit", "Write", "mcp__github__*"]],
    },
}


def build(options: Options) -> Callable[[Sequence[dict[str, Any]]], Tools]:
    """The choice, in the client's order."""
    keep = [patterns.compile_glob(glob) for glob in options.get("keep", ())]
    drop = [patterns.compile_glob(glob) for glob in options.get("drop", ())]
    priority = [patterns.compile_glob(glob) for glob in options.get("priority", ())]
    at_most: int | None = options.get("at_most")

    def is_offered(name: str) -> bool:
        if any(glob.search(name) for glob in drop):
            return False
        return not keep or any(glob.search(name) for glob in keep)

    def rank(name: str) -> int:
        ranks = (place for place, glob in enumerate(priority) if glob.search(name))
        return next(ranks, len(priority))

    def chosen(tools: Sequence[dict[str, Any]]) -> Tools:
        names = [str(tool.get("name") or "") for tool in tools]
        kept = [index for index, name in enumerate(names) if is_offered(name)]
        if at_most is not None and len(kept) > at_most:
            kept = sorted(sorted(kept, key=lambda index: rank(names[index]))[:at_most])
        return [tools[index] for index in kept]

    return chosen
