"""Edits of a request before it is translated. No IO.

A transform is built once from its checked options and then applied to requests: it returns a new
request, or the very same object when there is nothing to change, so that what no rule touches keeps
its bytes. To add one: a file with `SCHEMA`, `DESCRIPTION` and `build`, and a line in `TRANSFORMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.messages import MessagesRequest
from gateway.transforms import system, tools

Transform = Callable[[MessagesRequest], MessagesRequest]


@dataclass(frozen=True, slots=True)
class Kind:
    """What can stand as a step under `transforms:` in the config."""

    description: str
    schema: Mapping[str, Any]
    build: Callable[[Mapping[str, Any]], Transform]
    """From checked options. Raises `patterns.BadPattern`."""


TRANSFORMS: Mapping[str, Kind] = {
    "system": Kind(system.DESCRIPTION, system.SCHEMA, system.build),
    "tools": Kind(tools.DESCRIPTION, tools.SCHEMA, tools.build),
}
"""Name of the step -> what it is."""


def build(steps: Sequence[Mapping[str, Any]]) -> Transform:
    """The steps of one named transform, one after the other."""
    built = [TRANSFORMS[name].build(options) for step in steps for name, options in step.items()]

    def apply(request: MessagesRequest) -> MessagesRequest:
        for transform in built:
            request = transform(request)
        return request

    return apply
