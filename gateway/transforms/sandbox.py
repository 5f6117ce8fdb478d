"""Templates in jinja2's sandbox. No IO.

Imported with the first template (see `templates`): most configs have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.messages import MessagesRequest
from gateway.transforms.facts import FACTS, Read
from gateway.transforms.templates import LONGEST, BadTemplate, Render, TemplateFailed

FILTERS = frozenset(
    {
        *("capitalize", "default", "first", "join", "last", "length", "list", "lower", "map"),
        *("reject", "rejectattr", "replace", "reverse", "select", "selectattr", "sort", "string"),
        *("title", "trim", "truncate", "unique", "upper", "wordcount"),
    }
)
"""None of them depends on chance, or makes much of little."""

METHODS = frozenset(
    {
        *(
            "endswith",
            "isoformat",
            "lower",
            "removeprefix",
            "removesuffix",
            "rpartition",
            "partition",
        ),
        *("split", "startswith", "strftime", "strip", "title", "upper"),
    }
)
"""What can be called, of texts and moments."""

REACHING = (
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Macro,
    nodes.CallBlock,
)
"""Parts of the language that lead out of the template, or round in it."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, without what makes long texts of short ones."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not isinstance(left, int | float) or operator == "**":
            raise TemplateError(f"`{operator}` is not possible here")
        return super().call_binop(context, operator, left, right)


_environment = _Sandbox(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
_environment.globals.clear()
for _name in [name for name in _environment.filters if name not in FILTERS]:
    del _environment.filters[_name]


def named_in(source: str, declared: Iterable[str]) -> frozenset[str]:
    """The facts that a template names. Raises `BadTemplate`, also for one that nobody declared.

    The template is tried on an empty request: what it cannot do then, it cannot do later.
    """
    names = _names(source, frozenset(declared))
    samples = {name: FACTS[name].read(EMPTY) if name in FACTS else "" for name in names}
    try:
        _rendered(_environment.from_string(source), samples, source)
    except TemplateFailed as error:
        raise BadTemplate(error.message) from None
    return names


EMPTY = MessagesRequest.parse(b'{"model": "m", "messages": [], "tools": [{"name": "Bash"}]}')


def _names(source: str, declared: frozenset[str]) -> frozenset[str]:
    known = {*FACTS, *declared}
    try:
        tree = _environment.parse(source)
        _environment.compile(source)  # finds unknown filters
    except (TemplateError, RecursionError) as error:
        raise BadTemplate(f"this template is not one: {error}") from None
    if next(tree.find_all(REACHING), None) is not None:
        raise BadTemplate("a template of the config has no macros and takes in no other files")
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Getattr) or call.node.attr not in METHODS:
            raise BadTemplate(f"all that a template can call is {', '.join(sorted(METHODS))}")
    names = meta.find_undeclared_variables(tree)
    for name in sorted(names - known):
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(sorted(known))}"
        raise BadTemplate(f"no fact is called `{name}`; {hint}")
    return frozenset(names)


def compiled(source: str, read: Read, declared: Iterable[str], words: Iterable[str]) -> Render:
    """A template as a function of the request, see `templates.compiled`."""
    names = named_in(source, {*declared, *words})
    template = _environment.from_string(source)
    return lambda request, **more: _rendered(template, {**read(request, names), **more}, source)


def _rendered(template: Template, facts: dict[str, Any], source: str) -> str:
    size, parts = 0, []
    try:
        for part in template.generate(facts):
            size += len(part)
            if size > LONGEST:
                raise TemplateError(f"it makes more than {LONGEST} characters")
            parts.append(part)
    except Exception as error:  # filters raise what they like, and it is the config's fault
        raise TemplateFailed(
            f"The template {source[:60]!r} of the gateway's config does not work: {error}"
        ) from None
    return "".join(parts)
