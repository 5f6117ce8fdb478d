"""Laws of the emitter: whatever it is told, in whatever order, comes out as one legal message."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from language import JSON, check_order, events_of, joined
from strategies import json_objects, torn, words

from gateway.errors import UpstreamFailure
from gateway.messages import Emitter, EventWriter, MessageWriter, Usage, accumulate, random_id
from gateway.messages.emitter import LEGAL_ID

Call = tuple[str, tuple[Any, ...]]

FAILURE = UpstreamFailure("The provider broke off.", status=529, type="overloaded_error")
odd_ids = st.one_of(
    st.none(), words, st.sampled_from(["", "a b", "é", "x" * 65, "a\n", "toolu_1"]), torn
)
usages = st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(0, 9))
speech = st.one_of(
    st.tuples(st.just("text"), st.tuples(torn)),
    st.tuples(st.just("thinking"), st.tuples(torn)),
    st.tuples(st.just("signature"), st.tuples(words)),
    st.tuples(st.just("redacted_thinking"), st.tuples(words)),
    st.tuples(st.just("tool_start"), st.tuples(odd_ids, words)),
    st.tuples(st.just("tool_input"), st.tuples(st.sampled_from(["{", '"a":1', "}", ""]))),
    st.tuples(st.just("tool_end"), st.just(())),
    st.tuples(st.just("usage"), st.tuples(usages)),
)
service = st.sampled_from([("start", ()), ("heartbeat", ())])
end = st.sampled_from([("finish", ("end_turn",)), ("fail", (FAILURE,))])
calls = st.lists(speech, max_size=15)


def tell(sink: Any, said: list[Call]) -> None:
    """Says these calls to a sink."""
    for name, arguments in said:
        getattr(sink, name)(*arguments)


def emitted(said: list[Call], **options: Any) -> tuple[Emitter, list[JSON]]:
    """The events that these calls become."""
    writer = EventWriter()
    emitter = Emitter(writer, model="m", **options)
    tell(emitter, said)
    return emitter, events_of(writer.take())


def counter() -> Callable[[str], str]:
    """Mints `msg_1`, `toolu_2`, …"""
    numbers = iter(range(1, 10**6))
    return lambda prefix: f"{prefix}_{next(numbers)}"


@given(st.lists(st.one_of(speech, speech, service, end), max_size=20))
def test_any_calls_make_a_legal_order(said: list[Call]) -> None:
    """No sequence of calls, ends in the middle included, can make an illegal stream."""
    emitter, events = emitted(said)
    state = check_order(events)
    ends = [name for name, _ in said if name in ("finish", "fail")]
    assert emitter.ended == bool(ends)
    assert emitter.started == (state != "empty")
    if not ends:
        assert state in ("empty", "started")
    elif ends[0] == "finish":
        assert state == "message_stop"
        assert (emitter.stop_reason, emitter.failure) == ("end_turn", None)
    else:
        assert state in ("empty", "error")
        assert emitter.failure is FAILURE


@given(calls, st.lists(st.one_of(speech, service, end), max_size=5))
def test_nothing_after_the_end(said: list[Call], late: list[Call]) -> None:
    """After the end nothing is said, whatever is still called."""
    finished: list[Call] = [*said, ("finish", ("tool_use",))]
    starting = counter(), counter()
    _, before = emitted(finished, mint=starting[0])
    _, after = emitted([*finished, *late], mint=starting[1])
    assert before == after


@given(calls)
@example([("usage", (Usage(cache_read=5),)), ("text", ("a",)), ("usage", (Usage(input=9),))])
def test_stream_and_message_cannot_differ(said: list[Call]) -> None:
    """The same calls said to a message writer give the message that the stream folds to."""
    whole: list[Call] = [*said, ("finish", ("end_turn",))]
    _, events = emitted(whole, mint=counter())
    writer = MessageWriter()
    tell(Emitter(writer, model="m", mint=counter()), whole)
    assert joined(writer.message) == joined(accumulate(events))


@given(calls, st.lists(torn, max_size=6), st.none() | end)
def test_pieces_at_once(said: list[Call], pieces: list[str], over: Call | None) -> None:
    """Several pieces of text at once are each of them by itself, to a stream and to a message."""
    before = [*said, *([over] if over is not None else [])]
    ends: list[Call] = [("finish", ("end_turn",))]
    one_by_one: list[Call] = [*before, *(("text", (piece,)) for piece in pieces), *ends]
    at_once: list[Call] = [*before, ("texts", (pieces,)), *ends]
    events = [emitted(told, mint=counter())[1] for told in (one_by_one, at_once)]
    assert events[0] == events[1]
    messages = MessageWriter(), MessageWriter()
    for writer, told in zip(messages, (one_by_one, at_once), strict=True):
        tell(Emitter(writer, model="m", mint=counter()), told)
    assert messages[0].message == messages[1].message


@given(calls)
def test_everything_said_arrives(said: list[Call]) -> None:
    """Text that says something, thinking, signatures and inputs all stand in the message."""
    _, events = emitted([*said, ("finish", ("end_turn",))])
    content = accumulate(events)["content"]
    assert joined(_all(content, "thinking")) == joined(_told(said, "thinking"))
    spoken = joined(_told(said, "text")).split()
    assert "".join(joined(_all(content, "text")).split()) == "".join(spoken)
    assert [block["name"] for block in content if "name" in block] == [
        arguments[1] for name, arguments in said if name == "tool_start"
    ]
    assert [block["data"] for block in content if "data" in block] == [
        arguments[0] for name, arguments in said if name == "redacted_thinking"
    ]


def _all(content: list[JSON], field: str) -> str:
    return "".join(block.get(field, "") for block in content)


def _told(said: list[Call], name: str) -> str:
    return "".join(arguments[0] for called, arguments in said if called == name)


@given(st.lists(odd_ids, max_size=6), st.frozensets(words, max_size=2))
def test_tool_ids(ids: list[str | None], taken: frozenset[str]) -> None:
    """An id that is legal and new is kept; any other is replaced by one that is."""
    said: list[Call] = [("tool_start", (id, "f")) for id in ids]
    said = [*said, ("finish", ("tool_use",))]
    _, events = emitted(said, id_is_taken=taken.__contains__)
    found = [block["id"] for block in accumulate(events)["content"]]
    assert len(set(found)) == len(ids)
    assert not taken & set(found)
    for at, (given_id, id) in enumerate(zip(ids, found, strict=True)):
        assert LEGAL_ID.fullmatch(id)
        if given_id and LEGAL_ID.match(given_id) and given_id not in {*taken, *ids[:at]}:
            assert id == given_id


@given(
    st.text(" \n\t", min_size=1, max_size=5), st.sampled_from(["tool_start", "thinking", "finish"])
)
def test_white_space_alone_is_no_block(space: str, then: str) -> None:
    """Line breaks between blocks do not become a block: the API would refuse it next turn."""
    arguments = {"tool_start": ("a", "f"), "thinking": ("hm",), "finish": ("end_turn",)}[then]
    said: list[Call] = [("text", (space,)), (then, arguments), ("text", ("a",))]
    _, events = emitted([*said, ("finish", ("end_turn",))])
    spoken = [block for block in accumulate(events)["content"] if block["type"] == "text"]
    assert spoken == ([] if then == "finish" else [{"type": "text", "text": "a"}])


@given(st.text(" \n", max_size=4), words, st.text(" \n", max_size=4))
def test_white_space_around_words_is_kept(before: str, word: str, after: str) -> None:
    """White space that belongs to a text stays in it, also when it comes by itself."""
    said: list[Call] = [("text", (piece,)) for piece in (*before, word, *after)]
    _, events = emitted([*said, ("finish", ("end_turn",))])
    assert accumulate(events)["content"] == [{"type": "text", "text": before + word + after}]


def test_a_signed_block_is_closed() -> None:
    """A signature covers the thinking before it: what is thought then is another block."""
    said: list[Call] = [
        ("thinking", ("a",)),
        ("signature", ("one",)),
        ("thinking", ("b",)),
        ("signature", ("two",)),
        ("finish", ("end_turn",)),
    ]
    _, events = emitted(said)
    assert check_order(events) == "message_stop"
    assert accumulate(events)["content"] == [
        {"type": "thinking", "thinking": "a", "signature": "one"},
        {"type": "thinking", "thinking": "b", "signature": "two"},
    ]


def test_a_signature_without_thinking() -> None:
    """A signature by itself gets an empty block that carries it."""
    _, events = emitted([("signature", ("s",)), ("finish", ("end_turn",))])
    block = {"type": "thinking", "thinking": "", "signature": "s"}
    assert accumulate(events)["content"] == [block]


@given(json_objects(torn), st.lists(st.integers(0, 40), max_size=3))
def test_input_in_pieces(value: JSON, points: list[int]) -> None:
    """A call's input is the JSON that its pieces make, with heartbeats between them."""
    text = json.dumps(value)
    ends = sorted(min(point, len(text)) for point in points)
    pieces = [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]
    said: list[Call] = [("tool_start", ("a", "f"))]
    for piece in pieces:
        said += [("tool_input", (piece,)), ("heartbeat", ())]
    _, events = emitted([*said, ("tool_end", ()), ("finish", ("tool_use",))])
    (block,) = accumulate(events)["content"]
    assert block["input"] == json.loads(text)


def test_heartbeats() -> None:
    """A waiting client gets pings, and inside a call empty pieces: older clients count only those."""
    _, events = emitted(
        [("start", ()), ("heartbeat", ()), ("tool_start", ("a", "f")), ("heartbeat", ())]
    )
    kinds = [event["type"] for event in events]
    assert kinds == ["message_start", "ping", "content_block_start", "content_block_delta"]
    assert events[-1]["delta"] == {"type": "input_json_delta", "partial_json": ""}


@pytest.mark.parametrize("is_started", [True, False])
def test_failure(is_started: bool) -> None:
    """Before the start a failure writes nothing, for the status can still tell it."""
    said: list[Call] = [("text", ("a",))] if is_started else []
    emitter, events = emitted([*said, ("fail", (FAILURE,))])
    assert emitter.failure is FAILURE
    assert bool(events) == is_started
    if is_started:
        assert events[-1]["error"] == {
            "type": "overloaded_error",
            "message": "The provider broke off.",
        }


def test_usage_is_told_at_the_end() -> None:
    """The last report of usage counts; without any, the estimate does, and is marked."""
    late: list[Call] = [
        ("text", ("a",)),
        ("usage", (Usage(input=1),)),
        ("usage", (Usage(input=5, output=2, cache_read=3, thinking=1),)),
        ("finish", ("end_turn",)),
    ]
    emitter, events = emitted(late, prompt_estimate=lambda: 9)
    assert events[0]["message"]["usage"] == {"input_tokens": 9, "output_tokens": 0}
    assert events[-2]["usage"] == {
        "input_tokens": 5,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "output_tokens_details": {"thinking_tokens": 1},
    }
    assert emitter.final_usage == Usage(input=5, output=2, cache_read=3, thinking=1)
    _, silent = emitted([("finish", ("end_turn",))], prompt_estimate=lambda: 9)
    assert silent[-2]["usage"]["input_tokens"] == 9


def test_random_ids() -> None:
    """Ids are fresh, legal, and tell what they are of."""
    ids = {random_id("toolu") for _ in range(100)}
    assert len(ids) == 100
    assert all(id.startswith("toolu_") and LEGAL_ID.match(id) for id in ids)
