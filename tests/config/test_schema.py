"""The schema of the config: true to the tables of the code, and of use in an editor."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, cast

import jsonschema
import pytest
from config.whole import WHOLE
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway import resources
from gateway.config import schema
from gateway.config.schemas import provider_schema
from gateway.config.schemas.fragments import attribute_docs
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS
from gateway.routing import CONDITIONS
from gateway.transforms import TRANSFORMS

SCHEMA = schema.build(attribute_docs)
VALIDATOR = Draft202012Validator(SCHEMA)


def keys(within: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every key that a config can have, with its schema."""
    if isinstance(within, list):
        for item in within:
            yield from keys(item, path)
    if not isinstance(within, Mapping):
        return
    for name, inner in within.items():
        if name == "properties":
            for key, fragment in inner.items():
                yield f"{path}.{key}", fragment
                yield from keys(fragment, f"{path}.{key}")
        elif name not in ("examples", "if", "then", "default"):
            yield from keys(inner, f"{path}/{name}")


KEYS = dict(keys(SCHEMA))


def test_the_checked_in_schema_is_the_one_of_the_code() -> None:
    """Editors see what the checker checks. To renew the file: write `schema.render()` into it."""
    file = resources.data_folder("schemas") / "config.schema.json"
    assert file.read_text("utf-8") == schema.render()


def test_the_schema_is_a_schema() -> None:
    """By the rules of its draft."""
    Draft202012Validator.check_schema(SCHEMA)


def test_a_config_that_uses_everything_is_valid() -> None:
    """As plain data, before any variable is known."""
    jsonschema.validate(WHOLE, SCHEMA)


def lacks(key: Mapping[str, Any]) -> Iterator[str]:
    """What an editor would miss."""
    if not key.get("description", "").strip().endswith((".", ":")):
        yield "a description"
    if not key.get("examples"):
        yield "an example"
    for example in key.get("examples", ()):
        if list(VALIDATOR.evolve(schema=key).iter_errors(example)):
            yield f"an example that fits: {example}"


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_described_by_words_and_examples(name: str) -> None:
    """What an editor shows for a key is there, and the examples are valid."""
    assert list(lacks(KEYS[name])) == []


@given(st.sampled_from(sorted(KEYS)), st.sampled_from(["description", "examples"]))
def test_what_is_deleted_from_the_checked_in_schema_is_missed(name: str, part: str) -> None:
    """The description or the examples of any key: the tests above see that they are gone."""
    schema = copy.deepcopy(SCHEMA)
    found = dict(keys(schema))[name]
    del cast(dict[str, Any], found)[part]
    assert list(lacks(found))
    assert schema != SCHEMA


def test_everything_a_config_can_hold_is_closed() -> None:
    """A mapping has fixed keys, each described, or says what its values are: nothing is let through
    unseen but the fields that go to a provider as they stand."""
    loose = sorted({name for name, key in KEYS.items() if any(opens(key))})
    assert {name.rsplit(".", 1)[1] for name in loose} <= {"set", "default", "extra", "quirks"}


def opens(key: Mapping[str, Any]) -> Iterator[bool]:
    """For each mapping that a key can hold: whether any key is taken for any value."""
    for part in (key, *key.get("anyOf", ())):
        if part.get("type") == "object":
            yield not {"properties", "additionalProperties"} & set(part)


def test_no_description_of_a_quirk_is_made_up() -> None:
    """They are the docstrings of the fields."""
    for name in DIALECTS:
        quirks = SCHEMA["$defs"][f"quirks-{name}"]["properties"]
        documented = attribute_docs(provider_schema.quirks_type(name))
        assert set(quirks) == {field.name for field in fields(provider_schema.quirks_type(name))}
        assert {key: quirk["description"] for key, quirk in quirks.items()} == documented


def test_the_tables_are_in_the_schema() -> None:
    """Every condition, transform, dialect and provider of the code can be written."""
    definitions = SCHEMA["$defs"]
    assert set(definitions["when"]["properties"]) == set(CONDITIONS)
    assert set(definitions["step"]["properties"]) == set(TRANSFORMS)
    assert definitions["provider"]["properties"]["dialect"]["enum"] == list(DIALECTS)
    assert set(SCHEMA["properties"]["providers"]["properties"]) == set(PROVIDERS)


class Documented:
    """A class for the test below."""

    first: int = 1
    """About the
    first."""
    second: int = 2
    third: int = 3
    """About the third."""

    def method(self) -> None:
        """About the method."""


def test_docstrings_of_attributes_are_found() -> None:
    """Only those that stand right under a field, in one line."""
    assert attribute_docs(Documented) == {"first": "About the first.", "third": "About the third."}
