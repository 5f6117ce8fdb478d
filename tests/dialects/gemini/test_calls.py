"""Laws of function calls that come in pieces: they are put together as they were taken apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, Heard
from strategies import json_values, mutated, pieces_of, plain

from gateway.dialects.gemini.calls import LARGEST_INDEX, FunctionCalls, path_of
from gateway.errors import UpstreamBroken

keys = st.text("abc_", min_size=1, max_size=4)
odd_keys = plain.filter(lambda key: "'" not in key)
leaves = st.one_of(st.booleans(), st.integers(), st.none(), st.text(max_size=12))


def nested(names: st.SearchStrategy[str]) -> st.SearchStrategy[JSON]:
    """Arguments in which no object and no array is empty: only values have a path."""
    values = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3),
            st.dictionaries(names, inner, min_size=1, max_size=3),
        ),
        max_leaves=6,
    )
    return st.dictionaries(names, values, max_size=3)


def values_of(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each value in the arguments with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from values_of(
                item, f"{path}.{key}" if key.isidentifier() else f"{path}['{key}']"
            )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from values_of(item, f"{path}[{index}]")
    else:
        yield path, value


NAMES = {bool: "boolValue", int: "numberValue", type(None): "nullValue"}


@st.composite
def streamed(draw: st.DrawFn, arguments: JSON) -> list[JSON]:
    """The pieces of a call with these arguments, its texts cut anywhere."""
    pieces: list[JSON] = []
    for path, value in values_of(arguments, "$"):
        if isinstance(value, str):
            texts = draw(pieces_of(value))
            pieces += [
                {"jsonPath": path, "stringValue": text, "willContinue": True} for text in texts
            ]
            pieces.append({"jsonPath": path, "stringValue": ""})
        else:
            shown = "NULL_VALUE" if value is None else value
            pieces.append({"jsonPath": path, NAMES[type(value)]: shown})
    return [
        {"name": "f", "willContinue": True},
        *({"partialArgs": [piece], "willContinue": True} for piece in pieces),
        {},
    ]


def heard(*calls: JSON) -> Heard:
    """What the sink hears of these `functionCall` objects."""
    sink = Heard()
    reader = FunctionCalls(sink, {"sent": "known"})
    for call in calls:
        reader.feed(call)
    reader.end()
    assert reader.seen == len(sink.tools)
    return sink


@given(st.data(), st.one_of(nested(keys), nested(odd_keys)))
def test_a_call_in_pieces_is_the_call(data: st.DataObject, arguments: JSON) -> None:
    """Values of every type at every depth, whatever the keys are called."""
    sink = heard(*data.draw(streamed(arguments)))
    ((id, name, text),) = sink.tools
    assert (id, name) == (None, "f")
    assert json.loads(text) == arguments


@given(st.lists(nested(keys), max_size=3))
def test_whole_calls(calls: list[JSON]) -> None:
    """One call for each, the same ones too."""
    sink = heard(*({"name": "sent", "id": "i", "args": call} for call in calls))
    assert [(id, name, json.loads(text)) for id, name, text in sink.tools] == [
        ("i", "known", call) for call in calls
    ]


PIECE: JSON = {
    "name": "f",
    "id": "i",
    "args": {"a": 1},
    "partialArgs": [{"jsonPath": "$.b[0]['c']", "stringValue": "x", "willContinue": True}],
    "willContinue": True,
}


@given(st.lists(mutated(st.just(PIECE)).filter(lambda piece: isinstance(piece, dict)), max_size=4))
def test_pieces_of_odd_shape(pieces: list[JSON]) -> None:
    """Whatever they look like, calls come of them one at a time, or the answer is broken."""
    try:
        tools = heard(*pieces).tools
    except UpstreamBroken:
        return
    for id, name, text in tools:
        assert id is None or isinstance(id, str)
        assert isinstance(name, str)
        json.loads(text)


def test_another_call_ends_the_one_before() -> None:
    """Some servers leave out the piece that ends a call."""
    begun = {"name": "f", "willContinue": True}
    value = {"partialArgs": [{"jsonPath": "$.a", "boolValue": True}], "willContinue": True}
    assert heard(begun, value, begun).tools == [(None, "f", '{"a":true}'), (None, "f", "{}")]


@pytest.mark.parametrize(
    "path",
    ["", "a", "$", "$a", "$[0]", "$.a[", "$..", "$.a[-1]", f"$.a[{LARGEST_INDEX + 1}]", "$.t.u"],
)
def test_paths_that_lead_nowhere(path: str) -> None:
    """An answer whose pieces do not fit together is broken, not guessed at."""
    pieces = [{"jsonPath": "$.t", "stringValue": "x"}, {"jsonPath": path, "numberValue": 1}]
    with pytest.raises(UpstreamBroken):
        heard({"name": "f", "partialArgs": pieces})


@given(json_values().map(str))
def test_any_path(text: str) -> None:
    """A path has steps, or the answer is broken."""
    for path in (text, f"${text}", f"$.{text}"):
        try:
            assert path_of(path)
        except UpstreamBroken as error:
            assert "do not fit" in error.message
