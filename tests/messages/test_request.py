"""Laws of requests: untouched bytes stay, and what is not understood is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, request
from strategies import json_objects, json_values, mutated, request_bodies, words

from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest

spaced = st.sampled_from([None, 1])


def parsed(body: Any, indent: int | None = None) -> MessagesRequest:
    """The request with this body."""
    return MessagesRequest.parse(json.dumps(body, indent=indent).encode())


@given(request_bodies, spaced)
def test_unchanged_is_the_same_bytes(body: JSON, indent: int | None) -> None:
    """A request that nobody changed is sent as the very bytes that came, whatever was looked at."""
    raw = json.dumps(body, indent=indent).encode()
    found = MessagesRequest.parse(raw)
    assert {name: found.get(name) for name in found} == body
    assert found.messages == body["messages"]
    assert found.encode() is raw


@given(request_bodies, spaced, st.dictionaries(words, json_values(), min_size=1, max_size=3))
def test_replace(body: JSON, indent: int | None, changes: JSON) -> None:
    """Changed fields get their values, new ones come last, all others keep bytes and place."""
    before = parsed(body, indent)
    after = before.replace(**changes)
    written = after.encode()
    assert json.loads(written) == {**body, **changes}
    assert list(json.loads(written)) == list({**body, **changes})
    for name in body.keys() - changes.keys():
        raw = before.raw_field(name)
        assert raw is not None
        assert json.dumps(name).encode() + b":" + raw in written
    assert before.encode() is before.raw
    assert {name: before.get(name) for name in before} == body


@given(request_bodies, st.sets(words, max_size=2), st.booleans())
def test_without(body: JSON, names: set[str], is_replaced: bool) -> None:
    """Fields that are taken out are gone, in every way of asking; the others stay."""
    gone = {*names, *list(body)[2:4]}
    before = parsed(body).replace(system="s") if is_replaced else parsed(body)
    after = before.without(*gone)
    kept = {name: before.get(name) for name in before if name not in gone}
    assert json.loads(after.encode()) == kept
    for name in gone:
        assert name not in after
        assert after.get(name, "default") == "default"
        assert after.raw_field(name) is None


@given(request_bodies, json_objects())
def test_raw_fields(body: JSON, system: JSON) -> None:
    """A field as JSON text is what came, or what it was replaced with."""
    changed = parsed(body).replace(system=system)
    for name in changed:
        raw = changed.raw_field(name)
        assert raw is not None
        assert json.loads(raw) == changed.get(name)


@given(st.one_of(mutated(request_bodies), json_values()))
def test_requests_of_odd_shape(body: Any) -> None:
    """Any JSON is a request or an invalid one; so is each of its fields."""
    try:
        found = parsed(body)
    except InvalidRequest as error:
        assert error.message
        return
    for read in (
        lambda: found.messages,
        lambda: found.system,
        lambda: found.tools,
        lambda: found.object_field("thinking"),
        lambda: found.list_field("stop_sequences"),
    ):
        try:
            read()
        except InvalidRequest as error:
            assert error.status == 400


@given(st.binary(max_size=60))
def test_any_bytes(raw: bytes) -> None:
    """Bytes that are no request are refused as one."""
    with pytest.raises(InvalidRequest):
        MessagesRequest.parse(raw)


def test_a_field_that_is_no_json() -> None:
    """A field is read when it is asked for, and refused then by its name."""
    found = MessagesRequest.parse(b'{"model":"m","messages":[],"system":"\xff"}')
    with pytest.raises(InvalidRequest, match="system: not JSON"):
        found.get("system")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "not a JSON object"),
        ({"messages": []}, "model: Field required"),
        ({"model": 5, "messages": []}, "model: Field required"),
        ({"model": "", "messages": []}, "model: Field required"),
        ({"model": "m"}, "messages: Field required"),
        ({"model": "m", "messages": [], "stream": "yes"}, "stream: Input should be"),
    ],
)
def test_what_a_request_needs(body: Any, words: str) -> None:
    """What cannot be routed at all is refused in the API's words."""
    with pytest.raises(InvalidRequest, match=words):
        parsed(body)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"messages": "hi"}, "messages: expected an array, got a string"),
        ({"messages": [5]}, "messages.0: expected an object, got a number"),
        ({"messages": [{"content": 5}]}, "messages.0.content: expected a string or an array"),
        ({"messages": [{"content": ["a"]}]}, "messages.0.content.0: expected an object"),
        ({"messages": [{"content": [{"type": "text", "text": 5}]}]}, "content.0.text"),
        (
            {"messages": [{"content": [{"type": "tool_result", "content": [1]}]}]},
            r"content.0.content.0: expected an object",
        ),
        ({"messages": [{"content": [{"type": "image", "source": "x"}]}]}, "content.0.source"),
    ],
)
def test_where_a_conversation_is_wrong(fields: JSON, place: str) -> None:
    """The refusal names the place."""
    with pytest.raises(InvalidRequest, match=place):
        _ = request(**fields).messages


@given(
    st.dictionaries(
        st.sampled_from(["type", "text", "thinking", "id", "name", "tool_use_id", "other"]),
        st.sampled_from(["text", "tool_use", "", None, 1, True, [], {}]),
    )
)
def test_fields_of_blocks_that_are_texts(block: JSON) -> None:
    """What has to be a string where it is there is one, or the first that is not is named."""
    told = ("type", "text", "thinking", "id", "name", "tool_use_id")
    wrong = [name for name in told if name in block and not isinstance(block[name], str)]
    asked = parsed({"model": "m", "messages": [{"role": "user", "content": [{}, block]}]})
    if not wrong:
        assert asked.messages[0]["content"][1] == block
        return
    with pytest.raises(InvalidRequest) as caught:
        _ = asked.messages
    assert caught.value.message == f"messages.0.content.1.{wrong[0]}: expected a string"


@pytest.mark.parametrize(
    "tools", ["x", [5], [{"name": "f", "input_schema": "x"}]], ids=["text", "number", "schema"]
)
def test_where_tools_are_wrong(tools: Any) -> None:
    """Tools are objects with schemas that are objects."""
    with pytest.raises(InvalidRequest, match="tools"):
        _ = request(tools=tools).tools


def test_what_the_api_itself_takes() -> None:
    """Search results carry their source as text, unlike pictures and documents."""
    block = {
        "type": "search_result",
        "source": "https://example.com",
        "title": "t",
        "content": [{"type": "text", "text": "x"}],
    }
    message = {"role": "user", "content": [block]}
    assert request(messages=[message]).messages == [message]


def test_missing_and_null_fields() -> None:
    """A field that is null is as good as missing."""
    empty = request(system=None, tools=None, thinking=None)
    assert (empty.system, empty.tools, empty.object_field("thinking")) == ("", [], {})
    assert not request().stream
    assert request(stream=True).stream


@given(request_bodies, st.dictionaries(words, words, max_size=2))
def test_names_of_tools_lead_back(body: JSON, names: dict[str, str]) -> None:
    """Through any edit and any other renaming; what is written is not touched by it."""
    before = parsed(body)
    named = before.renaming(names)
    assert named.encode() is before.encode()
    assert named.tool_names == names
    assert named.replace(a=1).without("a").tool_names == names
    again = named.renaming({"\ue000": "x"})
    assert again.tool_names == {**names, "\ue000": names.get("x", "x")}
