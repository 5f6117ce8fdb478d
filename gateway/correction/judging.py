"""One call from its text to the verdict: the gate, and what is beyond it (`attempt`). No IO."""

from __future__ import annotations

from gateway import json_text
from gateway.correction.catalog import ToolCatalog
from gateway.correction.quirks import Quirk
from gateway.correction.result import MAX_ARGUMENTS, Correction
from gateway.correction.schema import Uncheckable, is_too_deep


def correct(
    name: str,
    arguments: str,
    catalog: ToolCatalog,
    *,
    stop_reason: str | None = None,
    quirks: frozenset[Quirk] = frozenset(),
    split: bool = True,
) -> Correction:
    """Checks one call, and repairs it if that can be done without a guess. Never raises.

    `stop_reason` is the answer's: at `max_tokens` nothing is closed. `quirks` are opt-in rules, which
    may change calls that are valid. Without `split` a text that holds several calls is invalid.
    """
    if len(arguments) > MAX_ARGUMENTS:
        return oversized(name, arguments)
    if not quirks and (valid := _gate(name, arguments, catalog)) is not None:
        return valid
    from gateway.correction.attempt import Attempt  # with all repairs, which few answers need

    attempt = Attempt(name, arguments, catalog, stop_reason == "max_tokens", quirks, split)
    try:
        return attempt.correction()
    except Uncheckable as error:
        return Correction("unchecked", name, arguments, errors=(str(error),), form=attempt.form)


def oversized(name: str, arguments: str) -> Correction:
    """The verdict on arguments that are too long to look at."""
    error = f"The arguments are longer than {MAX_ARGUMENTS} characters."
    return Correction("unchecked", name, arguments, errors=(error,))


def _gate(name: str, arguments: str, catalog: ToolCatalog) -> Correction | None:
    """The call as it came if its schema accepts it; everything else is looked at closely."""
    if name not in catalog:
        return None
    try:
        value = json_text.decode(arguments) if arguments and not arguments.isspace() else {}
        if not isinstance(value, dict) or is_too_deep(arguments, value):
            return None
        accepted = catalog.schema(name).accepts(value)
    except (Uncheckable, json_text.NotJSON):
        return None
    return Correction("valid", name, arguments) if accepted else None
