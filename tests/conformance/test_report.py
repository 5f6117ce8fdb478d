"""Results for people and programs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.conformance import CASES, Result, Subject, render_json
from gateway.conformance.report import COLOURS, JOINER, heading, lines_of, printable, summary
from gateway.routing import Target

results = st.builds(
    Result,
    case=st.sampled_from(CASES),
    outcome=st.sampled_from(list(COLOURS)),
    detail=st.text(max_size=30),
    remedy=st.text("ab: {}", max_size=10),
    seconds=st.floats(0, 100),
    tokens=st.integers(0, 10_000),
)


@given(results)
def test_a_line_says_what_came_of_it(result: Result) -> None:
    """Outcome and name stand in it, and nothing that drives a terminal."""
    lines = lines_of(result, color=False, width=24)
    assert result.outcome in lines
    assert result.case.name in lines
    assert lines.replace("\n", "").replace(JOINER, "").isprintable()
    assert len(lines.split("\n")) == (2 if result.remedy else 1)


@given(results)
def test_colour_changes_nothing_but_colour(result: Result) -> None:
    """Without its escapes the line is the same."""
    painted = lines_of(result, color=True, width=24)
    for escape in (*COLOURS.values(), "\x1b[0m"):
        painted = painted.replace(escape, "")
    assert painted == lines_of(result, color=False, width=24)


@given(st.lists(results, max_size=4))
def test_json_has_one_row_for_each_result(found: list[Result]) -> None:
    """With six fields, whatever stands in them."""
    rows = json_text.decode(render_json(found))
    assert [row["case"] for row in rows] == [result.case.name for result in found]
    for row in rows:
        assert list(row) == ["case", "group", "outcome", "detail", "remedy", "seconds"]


@given(st.text())
def test_words_of_a_provider_cannot_drive_a_terminal(text: str) -> None:
    """Their control characters are replaced, the others kept."""
    assert printable(text).replace(JOINER, "").isprintable()
    assert len(printable(text)) == len(text)


def test_the_summary_counts() -> None:
    """By outcome, the good ones first, with what it cost."""
    case = CASES[0]
    found = [Result(case, "failed", tokens=1_000), Result(case, "ok", tokens=500)]
    assert summary(found, seconds=3.2) == "1 ok, 1 failed; 1,500 tokens in 3 s"
    assert summary([], seconds=0) == "nothing to do; 0 tokens in 0 s"


def test_the_heading_says_what_it_will_cost() -> None:
    """Before anything is sent, and rounded up, because it is an estimate."""
    subject = Subject(Target("lab", "m"), "openai-chat")
    said = heading(subject, CASES[:2], 3, 20_500)
    assert said == "lab:m (openai-chat): 2 cases, about 3 requests and 21,000 tokens."
