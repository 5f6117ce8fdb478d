"""Turns a value that its schema refuses into the same value in the demanded form. No IO.

The validator's errors lead: only a value that an error names is touched, and only when exactly one
value of the demanded types, or one option of the enum, says the same. Alternatives (`anyOf`,
`oneOf`) count as far as their errors go; where two of them could be meant, the value stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway import json_text
from gateway.correction.conversions import converted
from gateway.correction.draft import MISSING, Draft, Path
from gateway.correction.options import option
from gateway.correction.result import Rule, described

ALTERNATIVES = (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)


@dataclass(frozen=True, slots=True)
class _Fix:
    path: Path
    value: Any
    rule: Rule
    before: str

    @property
    def key(self) -> tuple[Path, bytes]:
        """What makes two fixes the same."""
        return self.path, json_text.encode(self.value)


def coerce(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Replaces values; whether anything changed."""
    fixes: dict[Path, dict[tuple[Path, bytes], _Fix]] = {}
    for error in errors:
        for fix in _fixes(error, draft):
            fixes.setdefault(fix.path, {})[fix.key] = fix
    done: set[Path] = set()
    for path in sorted(fixes, key=len):
        wanted = list(fixes[path].values())
        wanted = [fix for fix in wanted if fix.rule == "enum"] or wanted
        if len(wanted) == 1 and not any(path[:depth] in done for depth in range(len(path))):
            _apply(draft, wanted[0])
            done.add(path)
    return bool(done)


def _apply(draft: Draft, fix: _Fix) -> None:
    value = draft.at(fix.path)
    if isinstance(value, dict) and isinstance(fix.value, list) and fix.value[:1] == [value]:
        draft.wrapped.append(fix.value)
    draft.put(fix.path, fix.value)
    draft.note(fix.rule, fix.path, fix.before, described(fix.value))


def unproven(draft: Draft) -> bool:
    """Whether an array was made around an object although its schema takes anything as an item.

    Then it may as well be something else than an item (named values instead of a list of them).
    `draft` is valid; an array in the object's place shows what the schema thinks of its items.
    """
    for array in draft.wrapped:
        item = array[0]
        array[0] = [item]
        takes_anything = draft.schema.accepts(draft.value)
        array[0] = item
        if takes_anything:
            return True
    return False


def _fixes(error: ValidationError, draft: Draft) -> list[_Fix]:
    path: Path = tuple(error.instance_path)
    value = draft.at(path)
    kind = error.kind
    if not path or value is MISSING:
        return []
    if isinstance(kind, ValidationErrorKind.Type):
        return _only([[fix] for type in kind.types for fix in _typed(path, value, type, draft)])
    if isinstance(kind, ValidationErrorKind.Enum):
        return _chosen(path, value, kind.options, draft)
    if isinstance(kind, ValidationErrorKind.Constant):
        return _chosen(path, value, [kind.expected_value], draft)
    if isinstance(kind, ALTERNATIVES):
        return _only([fixes for branch in kind.context if (fixes := _branch(branch, draft))])
    return []


def _only(choices: Sequence[list[_Fix]]) -> list[_Fix]:
    """The one way to fix an error; nothing when there are two that differ."""
    distinct = {tuple(fix.key for fix in choice): choice for choice in choices}
    return next(iter(distinct.values())) if len(distinct) == 1 else []


def _branch(errors: Sequence[ValidationError], draft: Draft) -> list[_Fix]:
    """The fixes that would satisfy one alternative; nothing when an error is left without one."""
    found: list[_Fix] = []
    for error in errors:
        found += _fixes(error, draft)
    fixed = {fix.path for fix in found}
    return found if all(tuple(error.instance_path) in fixed for error in errors) else []


def _typed(path: Path, value: Any, demanded: str, draft: Draft) -> Iterator[_Fix]:
    result = converted(value, demanded, parameter_of(path), draft)
    if result is MISSING or (isinstance(path[-1], int) and _encloses(result, value)):
        return
    yield _Fix(path, result, "type", described(value))


def _chosen(path: Path, value: Any, options: Sequence[Any], draft: Draft) -> list[_Fix]:
    result = option(value, options, draft.tables)
    return [] if result is MISSING else [_Fix(path, result, "enum", described(value))]


def _encloses(result: object, value: object) -> bool:
    """An array made around the value. Not inside an array: [1, 2] may mean [[1, 2]] as well."""
    return isinstance(result, list) and len(result) == 1 and result[0] is value


def parameter_of(path: Path) -> str:
    """The name of the parameter at a path; empty for an item of an array."""
    return path[-1] if path and isinstance(path[-1], str) else ""
