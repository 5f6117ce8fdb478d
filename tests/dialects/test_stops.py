"""Laws of stop sequences that the gateway keeps: the answer ends just before the first of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import Heard, request
from strategies import json_values

from gateway.dialects.stops import StopSequences, stop_sequences
from gateway.errors import UpstreamBroken
from gateway.messages import Usage

letters = st.text("ab\n", max_size=30)
sequences = st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=3, unique=True)


def first_stop(text: str, stops: list[str]) -> tuple[int, str] | None:
    """Where the text has to end, and because of which sequence; the longest of those at one place."""
    hits = [(text.find(stop), -len(stop), stop) for stop in stops if stop in text]
    return (min(hits)[0], min(hits)[2]) if hits else None


def said(sink: Heard) -> str:
    """All text that a sink was told."""
    return "".join(call[1] for call in sink.calls if call[0] == "text")


@given(st.lists(letters, max_size=5), sequences)
def test_where_an_answer_ends(pieces: list[str], stops: list[str]) -> None:
    """However the text is cut: all before a sequence is said, nothing of it, and nothing after it."""
    sink = Heard()
    stage = StopSequences(sink, stops)
    ended = None
    for at, _ in enumerate(pieces):
        stage.text(pieces[at])
        ended = ended or first_stop("".join(pieces[: at + 1]), stops)
        if ended is not None:
            break
    for piece in pieces:
        if ended is not None:
            stage.text(piece)
    stage.finish("end_turn")
    if ended is None:
        assert said(sink) == "".join(pieces)
        assert sink.calls[-1] == ("finish", "end_turn", None)
    else:
        assert said(sink) == "".join(pieces)[: len(said(sink))]
        assert not any(stop in said(sink) for stop in stops)
        assert sink.calls[-1] == ("finish", "stop_sequence", sink.calls[-1][2])
        assert "".join(pieces)[len(said(sink)) :].startswith(sink.calls[-1][2])
    assert [call[0] for call in sink.calls].count("finish") == 1


@given(letters, sequences)
def test_in_one_piece(text: str, stops: list[str]) -> None:
    """Of the sequences in a text the first one counts, and of several there the longest."""
    sink = Heard()
    stage = StopSequences(sink, stops)
    stage.text(text)
    stage.finish("max_tokens")
    found = first_stop(text, stops)
    if found is None:
        assert (said(sink), sink.calls[-1]) == (text, ("finish", "max_tokens", None))
    else:
        assert said(sink) == text[: found[0]]
        assert sink.calls[-1] == ("finish", "stop_sequence", found[1])


def test_what_waits_is_said_before_anything_else() -> None:
    """The beginning of a sequence is text as soon as something else follows it."""
    sink = Heard()
    stage = StopSequences(sink, ["END"])
    stage.text("a E")
    stage.tool_start("t", "f")
    stage.tool_input("{END}")
    stage.tool_end()
    stage.text("N")
    stage.thinking("END")
    stage.signature("s")
    stage.text("EN")
    stage.redacted_thinking("d")
    stage.block({"type": "server_tool_use"})
    stage.usage(Usage(output=1))
    stage.finish("tool_use")
    assert [call for call in sink.calls if call != ("text", "")] == [
        ("text", "a "),
        ("text", "E"),
        ("tool_start", "t", "f"),
        ("tool_input", "{END}"),
        ("tool_end",),
        ("text", "N"),
        ("thinking", "END"),
        ("signature", "s"),
        ("text", "EN"),
        ("redacted_thinking", "d"),
        ("block", {"type": "server_tool_use"}),
        ("usage", Usage(output=1)),
        ("finish", "tool_use", None),
    ]


def test_nothing_after_the_end() -> None:
    """Once a sequence has ended the answer, the provider may say what it likes."""
    sink = Heard()
    stage = StopSequences(sink, ["END"])
    stage.text("aEND")
    heard = list(sink.calls)
    for name, values in (
        *(("text", ("b",)), ("thinking", ("b",)), ("signature", ("b",)), ("tool_end", ())),
        *(("redacted_thinking", ("b",)), ("block", ({},)), ("tool_start", ("t", "f"))),
        *(("tool_input", ("b",)), ("usage", (Usage(),)), ("finish", ("end_turn",))),
        ("fail", (UpstreamBroken("b"),)),
    ):
        getattr(stage, name)(*values)
    assert sink.calls == heard


def test_a_failure_says_nothing_more() -> None:
    """An answer that broke off does not look as if it had gone on."""
    sink = Heard()
    stage = StopSequences(sink, ["END"])
    stage.text("E")
    stage.fail(UpstreamBroken("gone"))
    assert [call for call in sink.calls if call != ("text", "")] == [
        ("fail", 502, "api_error", "gone")
    ]


@given(st.lists(st.one_of(json_values(), st.sampled_from(["a", "b", ""])), max_size=5))
def test_the_clients_sequences(values: list[Any]) -> None:
    """Texts that say something, each once, in their order."""
    found = stop_sequences(request(stop_sequences=values))
    texts = [value for value in values if isinstance(value, str) and value]
    assert list(found) == list(dict.fromkeys(texts))


@pytest.mark.parametrize("fields", [{}, {"stop_sequences": None}, {"stop_sequences": []}])
def test_no_sequences(fields: dict[str, Any]) -> None:
    """Most requests have none."""
    assert stop_sequences(request(**fields)) == ()
