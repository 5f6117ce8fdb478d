"""Calls in a whole text: what is recovered, and what stays text."""

from __future__ import annotations

import pytest
from correction.leaked.leak_samples import (
    ALL,
    MARKED,
    NOW,
    OPEN,
    QUOTATIONS,
    TEXTS,
    TOOLS,
    WHOLE,
    made,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import Channel
from gateway.correction.leaked import recover

CHANNELS = st.sampled_from(["text", "reasoning"])
CALL = MARKED["hermes"][0]


# -- laws -------------------------------------------------------------------------------------------


@given(st.text() | TEXTS, CHANNELS)
def test_text_without_a_call_is_unchanged(text: str, channel: Channel) -> None:
    """Nothing is removed unless it was recovered, and no text is too strange to be read."""
    recovered = recover(text, TOOLS, channel=channel)
    if recovered.calls:
        assert recovered.status == "repaired"
        assert len(recovered.text) < len(text)
    else:
        assert recovered.status != "repaired"
        assert recovered.text == text


@given(TEXTS, CHANNELS)
def test_what_is_recovered_is_valid(text: str, channel: Channel) -> None:
    """Each call names a tool that there is, with arguments that its schema accepts."""
    for name, arguments in made(recover(text, TOOLS, channel=channel).calls):
        assert name in TOOLS
        assert TOOLS.schema(name).accepts(arguments)


@pytest.mark.parametrize("name", ALL)
def test_a_call_is_recovered(name: str) -> None:
    """In every format, as the only text of an answer."""
    text, calls = ALL[name]
    recovered = recover(text, TOOLS)
    assert made(recovered.calls) == calls
    assert (recovered.status, recovered.text) == ("repaired", "")


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("lead", ["I look at the file now.\n", "Sure.\n\n", "Ok, next:\n\n"])
def test_the_text_around_a_call_stays(name: str, lead: str) -> None:
    """The markup is removed, and nothing else."""
    text, calls = MARKED[name]
    recovered = recover(f"{lead}{text}\n\nThen we shall see.", TOOLS)
    assert made(recovered.calls) == calls
    assert recovered.text == f"{lead}\n\nThen we shall see."


@pytest.mark.parametrize("way", QUOTATIONS)
@pytest.mark.parametrize("name", MARKED)
def test_what_is_shown_is_not_run(name: str, way: str) -> None:
    """A call in code, in a quotation, in an example or in a tool's result stays text."""
    text = QUOTATIONS[way](MARKED[name][0])
    recovered = recover(text, TOOLS)
    assert (recovered.calls, recovered.text) == ((), text)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("around", ["See {}", "{}\nThat is all.", "{} ?", "{0}\n\n{0}x"])
def test_a_call_without_markup_must_be_the_whole_answer(name: str, around: str) -> None:
    """With a word before or after it, it is something that the answer talks about."""
    text = around.format(WHOLE[name][0])
    recovered = recover(text, TOOLS)
    assert (recovered.calls, recovered.text) == ((), text)


@pytest.mark.parametrize("name", ALL)
def test_a_call_that_was_cut_off_is_never_completed(name: str) -> None:
    """From any beginning of a text, only calls are recovered that the whole of it holds."""
    text, calls = ALL[name]
    for end in range(len(text)):
        found = made(recover(text[:end], TOOLS).calls)
        assert found == calls[: len(found)]


@pytest.mark.parametrize("name", MARKED)
def test_reasoning_must_end_with_its_call(name: str) -> None:
    """What reasoning says after a call is about the call."""
    text, calls = MARKED[name]
    before = "I need that file.\n"
    assert made(recover(before + text + "\n", TOOLS, channel="reasoning").calls) == calls
    for after in ("\nBut I should ask first.", " No.", "\n\nThen the next one."):
        recovered = recover(before + text + after, TOOLS, channel="reasoning")
        assert (recovered.calls, recovered.text) == ((), before + text + after)


# -- stories ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "Reboot", "arguments": {"file": "a"}}</tool_call>',
        '<invoke name="Reboot"><parameter name="file">a</parameter></invoke>',
        "The <tool_call> tag holds JSON.",
        'Write <invoke name="Open"> and then the parameters.',
        "<tools>" + '{"name":"mcp__clock__now","description":"x","parameters":{}}' + "</tools>",
        '{"name": "gateway", "arguments": {"file": "a"}}',
        '{"name": "Open", "arguments": {"file": "a"}, "comment": "?"}',
        '```json\n{"file": "a"}\n```',
        "[Open](https://example.org/open) is a tool.",
        "Open the file.",
        "a < b, b > c, <p class='x'>d</p> <|x|> [TOOLS]",
        '<invoke name="Open"><parameter name="file">a</parameter>'
        '<parameter name="file">b</parameter></invoke>',
        '<tool_call>{"name":"Open","arguments":{"file":"a","file":"b"}}</tool_call>',
    ],
)
def test_what_is_no_call_is_unchanged(text: str) -> None:
    """Unknown tools, tags in prose, JSON of another kind, and values that contradict each other."""
    recovered = recover(text, TOOLS)
    assert (recovered.status, recovered.text, recovered.calls) == ("unchanged", text, ())


def test_a_call_that_its_schema_refuses_is_told_of() -> None:
    """It stays text, and the errors say why."""
    text = '<tool_call>{"name": "Open", "arguments": {"lines": 5}}</tool_call>'
    recovered = recover(text, TOOLS)
    assert (recovered.status, recovered.text) == ("unrepairable", text)
    assert recovered.errors


def test_a_word_of_noise_before_a_call_does_not_hide_it() -> None:
    """Models that lose their format often say a stray word first, and then again."""
    block = '<invoke name="Open"><parameter name="file">/srv/ä.txt</parameter></invoke>'
    recovered = recover(f"course {block}\ncourse\n{block}", TOOLS)
    assert made(recovered.calls) == [OPEN, OPEN]


@pytest.mark.parametrize(
    "lead",
    [
        "I do not know what it holds. Let me look.\n",
        "The example in the docs is old.\n\nNow the file:\n",
        'The key is "x". I go on.\n',
        "`make` failed. I look:\n",
        "```sh\nmake\n```\nNow this:\n",
        "> quoted\n\nNow this:\n",
        "<think>\nIt is there.\n</think>\n",
    ],
)
def test_what_was_said_of_something_else_does_not_count(lead: str) -> None:
    """Quotations that have ended, and doubts about another matter, hide no call."""
    assert made(recover(lead + CALL, TOOLS).calls) == [OPEN]


def test_calls_that_follow_each_other_share_their_fate() -> None:
    """Two calls after the words 'for example' are two examples."""
    for text in (f"For example:\n{CALL}\n\n{CALL}", f"{CALL}\n{CALL}\nDo not run these."):
        assert recover(text, TOOLS).calls == ()


def test_calls_in_several_formats_are_recovered_in_order() -> None:
    """A model may change its mind about the format in the middle of an answer."""
    text = f"One.\n{CALL}\nTwo.\n{MARKED['glm, nothing'][0]}"
    recovered = recover(text, TOOLS)
    assert made(recovered.calls) == [OPEN, NOW]
    assert recovered.text == "One.\n\nTwo.\n"
