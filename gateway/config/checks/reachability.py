"""Checks of the order of rules: what is never reached, and what is taken by another rule. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.findings import Finding
from gateway.config.sections.rules import compile_rule, resolved
from gateway.config.text.document import Document
from gateway.config.text.positions import Path, Span
from gateway.patterns import BadPattern
from gateway.routing import BadTarget, BadValue, Rule, analysis


def unreachable(document: Document) -> Iterator[Finding]:
    """A rule is in vain when the earlier ones take everything that it asks for."""
    places = sound_rules(document)
    for found in analysis.unreachable([rule for _, rule in places]):
        index = next(index for index, rule in places if rule.name == found.rule)
        where = document.where(("rules", index))
        if not found.because:
            message = f"{where}never reached: no request can meet all its conditions at once"
            yield _warning(document, index, "contradiction", message)
            continue
        first = {rule.name: number for number, rule in places}[found.because[0]]
        earlier = document.where(("rules", first)).removesuffix(": ")
        if len(found.because) > 1:
            first_of = {rule.name: number for number, rule in places}
            names = ", ".join(
                document.where(("rules", first_of[name])).removesuffix(": ")
                for name in found.because
            )
            message = (
                f"{where}never reached: the rules before it ({names}) take everything it asks for"
            )
        elif not document.raw("rules", first, "when"):
            message = f"{where}never reached: {earlier} stands before it and always matches"
        else:
            message = f"{where}never reached: {earlier} stands before it and matches whenever this one would"
        yield _warning(document, index, "unreachable-rule", message)


def overlapping(document: Document) -> Iterator[Finding]:
    """Requests that two rules ask for go to the first one, which may be a surprise."""
    places = sound_rules(document)
    numbers = {rule.name: number for number, rule in places}
    for found in analysis.overlaps([rule for _, rule in places]):
        index = numbers[found.rule]
        earlier = document.where(("rules", numbers[found.earlier])).removesuffix(": ")
        witness = ", ".join(f"{name} {shown(value)}" for name, value in found.witness.items())
        message = (
            f"{document.where(('rules', index))}some of its requests are taken by {earlier}, "
            f"which stands before it: {witness}"
        )
        help = "put the rule first that should have them, or say in `sticky`, `not` or `all` what is meant"
        path: Path = ("rules", index)
        yield document.positions.note("overlap", span_of(document, path), message, help)


def sound_rules(document: Document) -> list[tuple[int, Rule]]:
    """The rules in which nothing is wrong, each with its index. Names are unique."""
    found: list[tuple[int, Rule]] = []
    names: set[str] = set()
    for index in document.indexes("rules"):
        rule = document.get("rules", index)
        if not isinstance(rule, Mapping) or rule.get("name") in names:
            continue
        compiled = _compiled(rule, document.raw("aliases") or {})
        if compiled is not None:
            names.add(compiled.name)
            found.append((index, compiled))
    return found


def _compiled(rule: Mapping[str, Any], aliases: Mapping[str, Any]) -> Rule | None:
    try:
        return compile_rule(resolved(rule, aliases))
    except (BadPattern, BadTarget, BadValue, KeyError, TypeError, ValueError):
        return None  # whatever is wrong with it is said elsewhere


def shown(value: object) -> str:
    """A fact of a witness, for people."""
    if isinstance(value, frozenset):
        return "[" + ", ".join(sorted(map(str, value))) + "]"
    return "none" if value is None else str(value)


def _warning(document: Document, index: int, code: str, message: str) -> Finding:
    return document.positions.warning(code, span_of(document, ("rules", index)), message)


def span_of(document: Document, path: Path) -> Span:
    """The name of a rule, or the rule itself when it has none."""
    name_path: Path = (*path, "name") if "name" in document.names(*path) else path
    return document.positions.value(name_path)
