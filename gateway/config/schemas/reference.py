"""The reference of rules for people, made from the tables that the engine runs on. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway import json_text
from gateway.config.schemas.correction_schema import correction
from gateway.config.schemas.rule_schema import actions
from gateway.routing import CONDITIONS
from gateway.transforms import FACTS, TRANSFORMS

HEAD = """\
# Rules

<!-- Made by `gateway docs rules`; do not edit. -->

A rule has a `name`, asks for something (`when:`) and does something. Rules are read from top to bottom;
the first one whose conditions all hold decides, and `default:` decides for the rest. A rule with
`continue: true` gives its edits to the one that decides. A target in the URL
(`http://localhost:4000/openai:gpt-5`), or as the model (`openai:gpt-5`, an alias), wins over all rules;
with `named_targets: refuse` such a request is refused, and `/v1/models` lists nothing.

`gateway explain request.json` shows for one request what every rule asked and saw; `gateway test` runs
the tests that stand beside a config; `gateway validate-config` finds rules that are never reached.
"""


def render_rules() -> str:
    """The text of `docs/rules.md`."""
    parts = [HEAD, "## What a rule can ask\n"]
    for condition in CONDITIONS.values():
        parts += _entry(
            condition.name,
            condition.description,
            condition.schema,
            f"when: {{{condition.example}}}",
        )
        if condition.is_volatile:
            parts.append(VOLATILE)
    parts.append("## What a rule does\n")
    for name, schema in actions().items():
        example = f"{name}: {json_text.encode_text(schema['examples'][0])}"
        shared = SHARED.get(schema.get("$ref", ""), dict[str, Any])()
        parts += _entry(name, schema["description"], {**shared, **schema}, example)
    return "\n".join(parts)


SHARED: Mapping[str, Callable[[], Mapping[str, Any]]] = {"#/$defs/correction": correction}
"""Definitions that are told where they are used, because nothing else tells of them."""

TRANSFORMS_HEAD = """\
# Transforms

<!-- Made by `gateway docs transforms`; do not edit. -->

A transform has a name and is a list of steps; each step is one of those below. What is applied to a
request, in this order, each transform once:

1. those of `apply:`, to every request;
2. those of the target: `models: {openai:gpt-5: {transforms: [brief]}}`; a fallback gets its own;
3. those of the rules: `transforms:` of the rules that went on, then of the one that decided;
4. `params:` of the rules; and notes for images and documents, where `models:` says that the target cannot
   be shown any.

A step that finds nothing to do changes nothing, not one byte. What a step does depends on the request
alone, so a conversation always begins with the same bytes and stays in the provider's cache;
`gateway validate-config` warns of what would break that, and the header `x-gateway-cache-break`, the log
(`prefix_broke_at`) and `/metrics` name the part of the prompt at which a turn ceased to be like the one
before. `gateway explain request.json --diff` shows what each transform changes and saves;
`print_system: true` writes the system prompt to the log as it is sent.

```yaml
transforms:
  small-model:
    - system: {replace: [{find: Claude Code, with: the assistant}], append: Be brief.}
    - tools: {keep: [Bash, Read, Edit, Write, Grep, Glob], longest_description: 400}
```
"""

TEMPLATES = """\
## Templates

Texts that are put in front, at the end or in the place of a description may be templates in the language
of jinja2: `{{ name }}`, `{% if %}`, `{% for %}` and filters that depend on nothing but their text. They can
name:

"""


def render_transforms() -> str:
    """The text of `docs/transforms.md`."""
    parts = [TRANSFORMS_HEAD, "## Steps\n"]
    for name, kind in TRANSFORMS.items():
        parts += _entry(name, kind.description, kind.schema, kind.example)
    facts = (
        f"- `{name}`: {fact.description}"
        + (f" It changes {fact.changes}, and the cache with it." if fact.changes else "")
        for name, fact in FACTS.items()
    )
    own = "- `name` and `description` of the tool, where it is about one."
    found = "- what the step's own `facts:` find."
    parts.append(TEMPLATES + "\n".join([*facts, own, found]) + "\n")
    return "\n".join(parts)


VOLATILE = (
    "It may change from turn to turn, so a conversation keeps a rule that asks for it "
    "(`sticky: session`).\n"
)


def _entry(name: str, says: str, schema: Mapping[str, Any], example: str) -> Iterator[str]:
    yield f"### `{name}`\n\n{says}\n"
    if expected := schema.get("x-expected"):
        yield f"Value: {expected}.\n"
    keys = list(_keys(schema))
    if keys:
        yield "\n".join(
            ["| key | |", "|---|---|", *(f"| `{key}` | {told} |" for key, told in keys)]
        )
        yield ""
    yield f"```yaml\n{example}\n```\n"


def _keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys that a value can have, each with what it means."""
    for branch in (schema, *schema.get("anyOf", ())):
        for key, inner in branch.get("properties", {}).items():
            told = inner.get("description") or f"{inner.get('x-expected', 'a value')}."
            yield key, told.replace("|", "\\|")
            of_each = inner.get("additionalProperties")
            if isinstance(of_each, Mapping):
                yield from ((f"{key}.*.{name}", told) for name, told in _keys(of_each))
