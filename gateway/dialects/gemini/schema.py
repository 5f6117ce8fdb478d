"""JSON Schemas in the few words that OpenAPI schemas of the Gemini API have. No IO.

The API refuses every keyword that it does not know. What can be said in its words is said so; the rest
is told to the model in the description. What comes out allows whatever the schema allows, and may allow
more: the answer is checked against the schema as it was.
Reference: https://ai.google.dev/api/caching#Schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from gateway.dialects.gemini.rewriting import KEYWORDS, STEPS, Schema, note, type_of

MOST_NODES = 3_000
"""Subschemas that one schema may unfold to; what is beyond allows anything."""
DEEPEST = 30
LONGEST_NOTES = 1_000

ANYWHERE = ("title", "default")

UNTOLD = frozenset(
    {
        *("$schema", "$id", "$anchor", "$defs", "definitions", "$comment", "$ref", "$vocabulary"),
        *("description", "type", "anyOf", "nullable", "deprecated", "readOnly", "writeOnly"),
    }
)
"""What needs no telling: it means nothing to the model, or is said in another way."""

_PLAIN: tuple[Schema, ...] = (
    *({"type": kind} for kind in ("STRING", "NUMBER", "BOOLEAN", "OBJECT")),
)


def parameters_of(schema: Mapping[str, Any]) -> Schema | None:
    """The parameters of a function; None for a function that takes none: no empty object is taken."""
    cleaned = openapi_of({**schema, "type": "object"})
    return cleaned if cleaned.get("properties") else None


def openapi_of(schema: Mapping[str, Any]) -> Schema:
    """The schema in OpenAPI's words."""
    return _Cleaner(schema).clean(schema, (), 0)


def anything(*, nullable: bool = True) -> Schema:
    """Allows any value, but no array of arrays; there is no shorter word for it."""
    plain = _with_null({"anyOf": [dict(option) for option in _PLAIN]}, True)
    array = {"type": "ARRAY", "items": plain}
    return _with_null({"anyOf": [*(dict(option) for option in _PLAIN), array]}, nullable)


class _Cleaner:
    """Cleans one schema; keeps count, because references can unfold without end."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = MOST_NODES

    def clean(self, schema: Any, refs: tuple[str, ...], depth: int) -> Schema:
        """One subschema; `refs` are the references that led to it."""
        if not isinstance(schema, Mapping) or depth > DEEPEST:
            return anything()
        resolved, refs = self._resolved(schema, refs, depth)
        if self._left < 0:
            return anything()
        notes: list[str] = []
        for step in STEPS:
            step(resolved, notes)
        nullable = resolved.get("nullable") is True
        if (kind := type_of(resolved)) is not None:
            cleaned = self._typed(kind, resolved, refs, depth, notes)
        else:
            cleaned = self._untyped(resolved, refs, depth, nullable=nullable)
        notes += [note(key, resolved[key]) for key in _untold(resolved, kind)]
        return _described(_with_null(cleaned, nullable), resolved.get("description"), notes)

    def _typed(
        self, kind: str, schema: Schema, refs: tuple[str, ...], depth: int, notes: list[str]
    ) -> Schema:
        cleaned: Schema = {"type": kind.upper()}
        for key in (*ANYWHERE, *KEYWORDS[kind]):
            if schema.get(key) is not None:
                cleaned[key] = schema[key]
        if kind == "array":
            cleaned["items"] = self.clean(schema.get("items"), refs, depth + 1)
        if kind == "object" and "properties" in cleaned:
            inner = {n: self.clean(s, refs, depth + 1) for n, s in schema["properties"].items()}
            cleaned["properties"] = inner
        if kind == "object" and "required" in cleaned:
            known = schema.get("properties", {})
            cleaned["required"] = [name for name in schema["required"] if name in known]
            notes += [f"{name!r} is required" for name in schema["required"] if name not in known]
            if not cleaned["required"]:
                del cleaned["required"]
        return cleaned

    def _untyped(
        self, schema: Schema, refs: tuple[str, ...], depth: int, *, nullable: bool
    ) -> Schema:
        options: list[Schema] = []
        for option in schema.get("anyOf", ()):
            cleaned = self.clean(option, refs, depth + 1)
            options += cleaned.get("anyOf", [cleaned])
        if not options:
            return anything(nullable=nullable or "nullable" not in schema)
        return options[0] if len(options) == 1 else {"anyOf": options}

    # -- references and allOf -------------------------------------------------------------------

    def _resolved(
        self, schema: Mapping[str, Any], refs: tuple[str, ...], depth: int
    ) -> tuple[Schema, tuple[str, ...]]:
        """The schema with its reference and its `allOf` put into it, and the references by now."""
        self._left -= 1
        found = dict(schema)
        if self._left < 0 or depth > DEEPEST:
            return found, refs
        if isinstance(ref := found.get("$ref"), str):
            del found["$ref"]
            target = self._target(ref)
            if ref in refs:  # it holds itself: deeper than this only its type is told
                target = {"type": target["type"]} if isinstance(target.get("type"), str) else {}
            refs = (*refs, ref)
            target, refs = self._resolved(target, refs, depth + 1)
            found = _merged(found, target)
        members = found.pop("allOf", ())
        for member in members if isinstance(members, list) else ():
            if isinstance(member, Mapping):
                inner, refs = self._resolved(member, refs, depth + 1)
                found = _merged(found, inner)
        return found, refs

    def _target(self, ref: str) -> Mapping[str, Any]:
        """What a reference into the schema itself points at; nothing where it points elsewhere."""
        place: Any = self._root
        if not ref.startswith("#"):
            return {}
        for step in ref.removeprefix("#").split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            elif isinstance(place, Mapping) and name in place:
                place = place[name]
            else:
                return {}
        return place if isinstance(place, Mapping) else {}


def _merged(schema: Schema, other: Mapping[str, Any]) -> Schema:
    """Both at once, or what can be said of that: where they disagree, the first one holds."""
    merged = {**other, **schema}
    first, second = schema.get("properties"), other.get("properties")
    if isinstance(first, dict) and isinstance(second, dict):
        merged["properties"] = {
            **second,
            **{n: {"allOf": [s, second[n]]} if n in second else s for n, s in first.items()},
        }
    names, more = schema.get("required"), other.get("required")
    if isinstance(names, list) and isinstance(more, list):
        merged["required"] = [*names, *(name for name in more if name not in names)]
    return merged


# -- words -------------------------------------------------------------------------------------------


def _untold(schema: Mapping[str, Any], kind: str | None) -> list[str]:
    """The keywords that the cleaned schema does not have."""
    said = {*ANYWHERE, *KEYWORDS.get(kind or "", ())}
    return [
        key
        for key, value in schema.items()
        if key not in said
        and key not in UNTOLD
        and not (key == "additionalProperties" and isinstance(value, bool))
    ]


def _with_null(schema: Schema, nullable: bool) -> Schema:
    """The schema, allowing null; alternatives allow it each for itself, nothing may stand beside them."""
    if not nullable:
        return schema
    if "anyOf" in schema:
        return {"anyOf": [_with_null(option, nullable) for option in schema["anyOf"]]}
    return {**schema, "nullable": True}


def _described(schema: Schema, description: Any, notes: list[str]) -> Schema:
    told = "; ".join(notes)[:LONGEST_NOTES]
    words = "\n".join(filter(None, (description, told and f"({told})")))
    if not words:
        return schema
    if "anyOf" in schema:
        first, *rest = schema["anyOf"]
        return {"anyOf": [_described(first, words, []), *rest]}
    own = schema.get("description")
    return {**schema, "description": f"{words}\n{own}" if own and own != words else words}
