"""The arithmetic of results, and the plots."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import figures, goals, stages, svg
from bench.cases import CASES
from bench.conversations import Conversation
from bench.soak import grown

POSITIVE = st.floats(0.001, 1e6)


@given(st.lists(POSITIVE, min_size=1), st.floats(0, 1))
def test_a_quantile_is_a_value_that_the_share_does_not_exceed(
    values: list[float], share: float
) -> None:
    """And the smallest such."""
    found = figures.quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) <= share * len(values)


@given(POSITIVE, POSITIVE)
def test_a_ratio_is_how_many_times_the_base(value: float, base: float) -> None:
    """Without a base there is none."""
    assert figures.ratio(value, base) == pytest.approx(value / base)
    assert figures.ratio(value, 0) is None
    assert figures.ratio(None, base) is None


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_the_slope_of_a_line_is_its_own(slope: float, at_zero: float) -> None:
    """Whatever its height."""
    points = [(float(x), at_zero + slope * x) for x in range(5)]
    assert figures.slope(points) == pytest.approx(slope, abs=1e-6)


@given(st.floats(0.01, 99.9))
def test_a_number_is_shown_with_three_digits(value: float) -> None:
    """To within a hundredth of itself."""
    assert float(figures.shown(value)) == pytest.approx(value, rel=0.06 if value < 0.1 else 0.01)


@given(st.dictionaries(st.sampled_from(goals.GUARDED), st.floats(0, 10)))
def test_the_guard_names_what_exceeds_its_limit(ratios: dict[str, float]) -> None:
    """And nothing else."""
    beyond = goals.beyond(ratios)
    assert set(beyond) == {case for case, ratio in ratios.items() if ratio > goals.limit(case)}


def test_every_goal_has_a_case() -> None:
    """And the guard looks at cases that have a goal."""
    names = {case.name for case in CASES}
    assert {*goals.FLOOR_GOALS, *goals.NGINX_GOALS} <= names
    assert set(goals.GUARDED) <= set(goals.FLOOR_GOALS)


NAMES = st.sampled_from(["gateway", "floor", "a < b", "\u00e9 & \u6f22", '"quoted"'])
ROWS = st.dictionaries(NAMES, st.dictionaries(NAMES, POSITIVE, min_size=1), min_size=1, max_size=6)


@given(ROWS)
def test_a_plot_of_dots_is_well_formed(rows: dict[str, dict[str, float]]) -> None:
    """Whatever the names; everything lies on the ground."""
    drawn = svg.rows_of_dots("CPU <of> a & b", rows, base="floor", labelled="gateway")
    assert_on_the_ground(ElementTree.fromstring(drawn))  # noqa: S314 - our own


@given(
    st.dictionaries(
        NAMES, st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1), min_size=1, max_size=5
    )
)
def test_a_plot_of_lines_is_well_formed(series: dict[str, list[tuple[float, float]]]) -> None:
    """Whatever the values; everything lies on the ground."""
    drawn = svg.lines("a < b", series, across="MB", up="ms")
    assert_on_the_ground(ElementTree.fromstring(drawn))  # noqa: S314 - our own


def assert_on_the_ground(root: ElementTree.Element) -> None:
    """No mark lies outside of the drawing."""
    height = float(root.attrib["height"])
    for mark in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(mark.attrib["cx"]) <= svg.WIDTH
        assert 0 <= float(mark.attrib["cy"]) <= height


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(["gateway/tokens.py:text", "x.py:y"])), POSITIVE),
        max_size=20,
    )
)
def test_the_rows_of_a_profile_add_up(stacks: list[tuple[list[str], float]]) -> None:
    """To the time of all stacks, and each row to no less than its parts."""
    rows = stages.rows(stacks)
    assert sum(row.spent for row in rows) == pytest.approx(sum(spent for _, spent in stacks))
    for row in rows:
        assert sum(spent for _, spent in row.mostly) <= row.spent * (1 + 1e-9)


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        (["gateway/pipeline/attempt.py:upstream_request", "gateway/dialects/x.py:f"], "translate"),
        (["gateway/pipeline/attempt.py:receive", "gateway/dialects/x.py:f"], "read the answer"),
        (
            ["gateway/server/conversation/messages.py:accept", "gateway/json_text.py:decode"],
            "handle",
        ),
        (["gateway/messages/request.py:parse", "gateway/json_text.py:decode"], "parse"),
        (["uvicorn/server.py:run", "asyncio/runners.py:run"], "event loop"),
        (["somewhere/else.py:f"], "event loop"),
    ],
)
def test_the_innermost_frame_that_a_stage_claims_decides(stack: list[str], stage: str) -> None:
    """Helpers belong to whoever calls them."""
    assert stages.stage_of(stack)[0] == stage


def test_the_next_turn_of_a_conversation_begins_like_the_one_before() -> None:
    """Up to the message that ended it, which is no longer where the prompt is to be cached."""
    answer = CASES[0].answer
    conversation = Conversation(7)
    first, second = (conversation.body(turn, answer, stream=True) for turn in (3, 4))
    mark = first.rindex(b',"cache_control"')
    assert second.startswith(first[:mark])
    assert len(second) > len(first)
    assert first == Conversation(7).body(3, answer, stream=True)


def test_memory_grows_from_after_the_start_to_the_end() -> None:
    """What is loaded at the start is no growth, and one high reading is none either."""
    memory = [(float(at), 100.0 + (50 if at >= 10 else at * 5)) for at in range(101)]
    assert grown(memory, 100) == pytest.approx(50)
    assert grown([*memory, (95.0, 900.0)], 100) == pytest.approx(50)
