"""Checks of templates, and of what keeps a prompt from being cached. No IO.

Providers cache a prompt as far as it is the same as the last one, from its beginning. What changes from
turn to turn near the beginning makes every turn pay for the whole conversation again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.config.checks.expressions import steps
from gateway.config.findings import Finding
from gateway.config.text.document import Document
from gateway.config.text.positions import Path
from gateway.providers import PROVIDERS
from gateway.transforms import (
    FACTS,
    TRANSFORMS,
    BadTemplate,
    TemplateAt,
    is_template,
    named_in,
)


def templates(document: Document) -> Iterator[Finding]:
    """Every template can be rendered, and stays the same over the turns of a conversation."""
    for path in steps(document):
        options = document.raw(*path)
        if not isinstance(options, Mapping):
            continue
        for found in TRANSFORMS[str(path[-1])].templates(options):
            place: Path = (*path, *found.place)
            if isinstance(document.get(*place), str) and is_template(found.source):
                yield from _template(document, place, found)


def _template(document: Document, place: Path, found: TemplateAt) -> Iterator[Finding]:
    span = document.positions.value(place)
    try:
        names = named_in(found.source, found.declared)
    except BadTemplate as error:
        message = f"{document.where(place)}{error}"
        yield document.positions.error("bad-template", span, message)
        return
    for name in sorted(names - found.declared):
        if changes := FACTS[name].changes:
            message = (
                f"{document.where(place)}`{name}` changes {changes}, and with it the beginning of the "
                "prompt: no turn is read from the cache"
            )
            help = "leave it out, or tell the model at the end of the conversation"
            yield document.positions.warning("cache-break", span, message, help)


def cache_breaks(document: Document) -> Iterator[Finding]:
    """Other settings that change the beginning of the prompt from turn to turn."""
    for path in steps(document):
        options = document.get(*path)
        if not isinstance(options, Mapping):
            continue
        for found in TRANSFORMS[str(path[-1])].breaks(options):
            place: Path = (*path, *found.place)
            message = f"{document.where(place)}{found.why}"
            span = document.positions.value(place)
            yield document.positions.warning("cache-break", span, message)
    for name in document.names("providers"):
        place = ("providers", name, "quirks", "reminders")
        if document.get(*place) == "hoist" and _is_told(name, document):
            message = (
                f"{document.where(place)}each reminder of the client changes the system prompt, and "
                "no turn after it is read from the cache"
            )
            help = "`user` leaves reminders where they are"
            span = document.positions.value(place)
            yield document.positions.warning("cache-break", span, message, help)


def _is_told(name: str, document: Document) -> bool:
    """The provider speaks the format in which the quirk means something."""
    declared = PROVIDERS.get(name)
    dialect = document.get("providers", name, "dialect")
    return (dialect or (declared.dialect.name if declared else None)) == "openai-chat"
