"""Templates in texts of the config: jinja2 in its sandbox, with nothing but declared facts. No IO.

A text without `{{`, `{%` or `{#` is no template. A template has the filters of `sandbox.FILTERS`, no
functions, no multiplication (a short text could ask for a long one) and no way to other files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.errors import NO_RETRY, GatewayError
from gateway.transforms.facts import Read

MARKS = ("{{", "{%", "{#")
LONGEST = 1_000_000
"""Characters that a template may make."""

Render = Callable[..., str]
"""The text for a request, and more facts by name. Raises `TemplateFailed`."""


class BadTemplate(ValueError):
    """A template that cannot be used; the text says why."""


class TemplateFailed(GatewayError):
    """A template did not work on a request; the config has to change, not the request."""

    headers = NO_RETRY


def is_template(source: str) -> bool:
    """The text is more than a text."""
    return any(mark in source for mark in MARKS)


def named_in(source: str, declared: Iterable[str] = ()) -> frozenset[str]:
    """The facts that a template names. Raises `BadTemplate`, also for one that nobody declared."""
    from gateway.transforms import sandbox

    return sandbox.named_in(source, declared)


def compiled(
    source: str, read: Read, declared: Iterable[str] = (), words: Iterable[str] = ()
) -> Render:
    """The text of the config as a function of the request. Raises `BadTemplate`.

    `declared` are the facts that `read` finds; `words` those that the function is given by name.
    """
    if not is_template(source):
        return lambda request, **more: source
    from gateway.transforms import sandbox

    return sandbox.compiled(source, read, declared, words)
