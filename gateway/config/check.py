"""Everything that is wrong with a config, all at once. No IO.

The schema comes first; the other checks then look at every part in which it found nothing, so that one
run names each mistake once. To add a check: a generator of findings and a line in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.config.checks import (
    abilities,
    access_checks,
    exposure,
    expressions,
    reachability,
    readings,
    references,
    structure,
    templates,
)
from gateway.config.findings import Finding
from gateway.config.sections import failover, network
from gateway.config.text.document import Document, around
from gateway.config.text.positions import Path, Positions

CHECKS: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    references.targets,
    references.transform_names,
    references.names,
    references.aliases,
    reachability.unreachable,
    abilities.contexts,
    abilities.actions,
    abilities.correction_models,
    expressions.conditions,
    expressions.transforms,
    templates.templates,
    templates.cache_breaks,
    expressions.units,
    expressions.numbers,
    readings.free_values,
    exposure.open_server,
    exposure.plain_secrets,
    exposure.base_urls,
    exposure.headers,
    exposure.pools,
    failover.cooldowns,
    network.proxies,
    access_checks.secrets,
    access_checks.expiries,
    access_checks.grants,
    access_checks.budgets,
    access_checks.names,
)


NOTES: tuple[Callable[[Document], Iterator[Finding]], ...] = (reachability.overlapping,)
"""What may well be meant, and is told to whoever asks."""


def check(
    value: Any,
    positions: Positions,
    unresolved: frozenset[Path] = frozenset(),
    *,
    notes: bool = False,
) -> list[Finding]:
    """The findings for an expanded value; `unresolved` are paths about which all has been said."""
    document = Document(value, positions)
    problems = [
        (path, finding) for path, finding in structure.problems(document) if path not in unresolved
    ]
    findings = [finding for _, finding in problems]
    if isinstance(value, Mapping):
        sound = Document(value, positions, around([*unresolved, *(path for path, _ in problems)]))
        for looks in (*CHECKS, *(NOTES if notes else ())):
            findings += looks(sound)
    return findings
