"""Compiled input schemas: what is refused, what is shared, and that nothing is fetched."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import ToolCatalog, correct
from gateway.correction.schema import MAX_DEPTH, Uncheckable, compiled, pointer, size_of


def why_not(schema: Any) -> str:
    """The reason why a schema cannot be used."""
    with pytest.raises(Uncheckable) as caught:
        compiled(schema)
    return str(caught.value)


def test_nothing_is_fetched() -> None:
    """A reference that leads out of the schema makes it unusable, and no connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        uri = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        for schema in ({"$ref": uri}, {"$id": uri, "items": {"$ref": "other.json"}}):
            assert why_not(schema) == "The tool's input_schema refers to a schema outside itself."
        compiled({"$schema": uri, "$id": uri})
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "outside itself" in why_not({"$ref": "file:///etc/hostname"})


def test_an_unusable_schema_leaves_the_call_alone() -> None:
    """The call goes on as it came, and the error says what is wrong with the tool."""
    tools = ToolCatalog([{"name": "T", "input_schema": {"type": "objekt"}}])
    correction = correct("T", '{"a":', tools)
    assert (correction.status, correction.arguments) == ("unchecked", '{"a":')
    assert correction.errors[0].startswith("The tool's input_schema cannot be used, at /type: ")


def test_patterns_take_linear_time() -> None:
    """What needs backtracking is refused, and what would explode under it is matched."""
    assert "cannot be used" in why_not({"pattern": r"^(?!a)(b)\1$"})
    assert not compiled({"pattern": "^(a+)+$"}).accepts("a" * 50_000 + "b")


def test_schemas_without_an_end_are_refused_or_checked() -> None:
    """A schema may refer to itself, but not be nested without measure or larger than a book."""
    with pytest.raises(Uncheckable, match="alternatives"):
        compiled({"$ref": "#"}).accepts({})
    nested: dict[str, Any] = {}
    for _ in range(800):
        nested = {"items": nested}
    assert "cannot be used" in why_not(nested)
    assert "larger than" in why_not({"description": "x" * 1024 * 1024})
    assert "not JSON" in why_not({"default": object()})


def test_one_schema_is_compiled_once() -> None:
    """Equal schemas share one validator, from any thread; a failure is remembered too."""
    schema = {"type": "object", "properties": {"only_here": {"type": "integer"}}}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: compiled(dict(schema)).accepts({"only_here": 1}), range(64)))
    assert compiled(dict(schema)) is compiled(dict(schema))
    assert why_not({"type": "only here"}) == why_not({"type": "only here"})


def test_the_compiled_schema_is_not_the_callers_object() -> None:
    """What a caller does to its schema later does not reach the shared one."""
    schema = {"type": "object", "required": ["a"]}
    shared = compiled(schema)
    schema["required"] = []
    assert not shared.accepts({})
    assert shared.document["required"] == ["a"]


def test_a_pointer_escapes_its_steps() -> None:
    """RFC 6901: a tilde and a slash inside a key are written as ~0 and ~1."""
    assert pointer(["a/b", 0, "~"]) == "/a~1b/0/~0"
    assert pointer([]) == ""


@given(st.recursive(st.just(1), lambda inner: st.lists(inner, max_size=3), max_leaves=20))
def test_the_size_counts_every_value(value: Any) -> None:
    """Every item of every array is counted once."""

    def count(value: Any) -> int:
        return sum(1 + count(item) for item in value) if isinstance(value, list) else 0

    assert size_of(value) == count(value)


def test_the_depth_has_a_limit() -> None:
    """The limit itself is measured, one level more is not."""
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = {"a": value}
    assert size_of(value) == MAX_DEPTH
    assert size_of([value]) is None
