"""Edits of a request before it is translated. No IO.

A transform is built once from its checked options and then applied to requests: it returns a new
request, or the very same object when there is nothing to change, so that what no rule touches keeps
its bytes. Whatever it does depends on the request alone, so that the same history gives the same bytes.
To add one: a file with a `KIND`, and a line in `TRANSFORMS`.

Transforms that hold for everybody come first, then those of the target, then those of the rules; each
is applied once, where it is named first. See `Snapshot.transforms_for`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.messages import MessagesRequest
from gateway.transforms import cache, media, overrides, params, sections, system, tidy, tools
from gateway.transforms.base import Breaks, Edit, Kind, Options, PatternAt, Place, TemplateAt
from gateway.transforms.facts import FACTS
from gateway.transforms.media import without_media
from gateway.transforms.params import PROPERTIES as PARAMS
from gateway.transforms.params import with_fields
from gateway.transforms.templates import BadTemplate, TemplateFailed, is_template, named_in

__all__ = [
    "FACTS",
    "PARAMS",
    "TRANSFORMS",
    "BadTemplate",
    "Breaks",
    "Kind",
    "Options",
    "PatternAt",
    "Place",
    "TemplateAt",
    "TemplateFailed",
    "Transform",
    "build",
    "is_template",
    "named_in",
    "with_fields",
    "without_media",
]

TRANSFORMS: Mapping[str, Kind] = {
    "system": system.KIND,
    "tools": tools.KIND,
    "params": params.KIND,
    "media": media.KIND,
    "sections": sections.KIND,
    "tidy": tidy.KIND,
    "cache": cache.KIND,
    "systemMessageOverrides": overrides.SYSTEM,
    "toolDescriptions": overrides.TOOLS,
}
"""Name of the step -> what it is."""


@dataclass(frozen=True, slots=True)
class Transform:
    """The steps of one named transform."""

    edits: tuple[Edit, ...]
    has_patterns: bool = False
    """It looks for patterns, which can take long on a long text."""

    def __call__(self, request: MessagesRequest) -> MessagesRequest:
        """The request after each step, one after the other."""
        for edit in self.edits:
            request = edit(request)
        return request


def build(steps: Sequence[Mapping[str, Any]]) -> Transform:
    """The transform of checked steps. Raises `ValueError`, such as `BadPattern` and `BadTemplate`."""
    named = [(TRANSFORMS[name], options) for step in steps for name, options in step.items()]
    return Transform(
        tuple(kind.build(options) for kind, options in named),
        any(True for kind, options in named for _ in kind.patterns(options)),
    )
