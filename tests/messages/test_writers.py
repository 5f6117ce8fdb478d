"""Laws of the writers: the wire's form of events, and input that is no JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from language import JSON, events_of, joined
from strategies import json_objects, json_values, torn

from gateway.errors import UpstreamFailure
from gateway.messages import EventWriter, MessageWriter, Usage, encode_event
from gateway.messages.writers import UNPARSED_INPUT, tool_input_of


@given(torn)
def test_a_delta_is_an_event(text: str) -> None:
    """A delta, put together from prepared bytes, is what encoding the whole event gives."""
    writer = EventWriter()
    writer.block_start(3, {"type": "text", "text": ""})
    writer.take()
    writer.delta(text)
    event = {"index": 3, "delta": {"type": "text_delta", "text": text}}
    assert writer.take() == encode_event(
        "content_block_delta", {"type": "content_block_delta", **event}
    )


@given(json_objects(torn))
def test_an_event_is_one_record(data: JSON) -> None:
    """However the data looks, the record has one name, one line of data and a blank line."""
    record = encode_event("ping", {**data, "type": "ping"})
    assert events_of(record) == [joined({**data, "type": "ping"})]


@given(json_objects(torn))
def test_input_that_is_an_object(value: JSON) -> None:
    """The JSON text of an object is that object, with halves of surrogate pairs raw or escaped."""
    assert tool_input_of(json.dumps(value)) == joined(value)
    assert joined(tool_input_of(json.dumps(value, ensure_ascii=False))) == joined(value)


@given(json_values().filter(lambda value: not isinstance(value, dict)))
def test_input_that_is_no_object(value: object) -> None:
    """Any other JSON reaches the client under one key, because `input` must be an object."""
    assert tool_input_of(json.dumps(value)) == {UNPARSED_INPUT: value}


@pytest.mark.parametrize(
    "text", ["{", '{"a": }', "{'a': 1}", "rm -rf /", '{"a": 1} {"b": 2}', "NaN"]
)
def test_input_that_is_no_json(text: str) -> None:
    """Text that is no JSON is never closed or guessed at: the model sees its own words."""
    assert tool_input_of(text) == {UNPARSED_INPUT: text}


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_no_input(text: str) -> None:
    """No text is no arguments."""
    assert tool_input_of(text) == {}


def test_take_gives_each_byte_once() -> None:
    """What was taken is gone; nothing written is nothing taken."""
    writer = EventWriter()
    assert writer.take() == b""
    writer.ping()
    assert events_of(writer.take()) == [{"type": "ping"}]
    assert writer.take() == b""


def test_an_error_event() -> None:
    """A failure in a stream is the error envelope under the name `error`."""
    writer = EventWriter()
    writer.error(UpstreamFailure("Gone.", status=529, type="overloaded_error"))
    error = {"type": "overloaded_error", "message": "Gone."}
    assert events_of(writer.take()) == [{"type": "error", "error": error}]


def test_a_message_that_fails() -> None:
    """Neither a failure nor a ping becomes a part of a whole answer."""
    writer = MessageWriter()
    writer.start("msg_1", "m", Usage())
    before = dict(writer.message)
    writer.ping()
    writer.error(UpstreamFailure("Gone."))
    assert writer.message == before


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(), {"input_tokens": 0, "output_tokens": 0}),
        (
            Usage(1, 2, cache_read=0, cache_creation=4, thinking=5),
            {
                "input_tokens": 1,
                "output_tokens": 2,
                "cache_read_input_tokens": 0,
                "cache_creation_input_tokens": 4,
                "output_tokens_details": {"thinking_tokens": 5},
            },
        ),
    ],
)
def test_usage_there_and_back(usage: Usage, expected: JSON) -> None:
    """Only what is known stands on the wire, and reading it gives the same usage."""
    assert usage.to_json() == expected
    assert Usage.from_json(expected) == usage


@given(json_objects())
def test_usage_of_odd_shape(details: JSON) -> None:
    """What is no number is not known."""
    usage = Usage.from_json(
        {"input_tokens": "5", "output_tokens_details": details, "output_tokens": 3}
    )
    assert (usage.input, usage.output) == (0, 3)
