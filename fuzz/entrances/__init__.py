"""Where bytes of others come in. Each module has `law(data)`, which raises where something does not hold
or is not foreseen, and `seeds()`, with which a search begins. No IO but to read the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ENTRANCES: Mapping[str, Sequence[str]] = {
    "sse": ("gateway.sse",),
    "requests": ("gateway",),
    "answers": ("gateway",),
    "configs": ("gateway",),
    "calls": ("gateway.correction", "gateway.json_text"),
}
"""Module here -> the modules whose branches tell what is new."""
