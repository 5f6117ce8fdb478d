"""Laws of names and numbers of tools: a way back for every name, and the same tools in every turn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import check_unchanged, request, tool
from strategies import tools, words

from gateway.transforms import build
from gateway.transforms.tools.describing import cut

names = st.sampled_from(["a", "b", "c", "d", "Read", "Bash"])
offers = st.lists(names, unique=True, max_size=6)


def edit(**options: Any) -> Any:
    """A step with these options."""
    return build([{"tools": options}])


@given(offers, st.dictionaries(names, names).filter(lambda d: len(set(d.values())) == len(d)))
def test_every_name_has_its_way_back(offered: list[str], rename: dict[str, str]) -> None:
    """No two tools get one name, and what a tool is called leads back to what the client calls it."""
    before = request(tools=[tool(name) for name in offered])
    after = edit(rename=rename)(before)
    given = [item["name"] for item in after.tools]
    assert len(set(given)) == len(given)
    assert [after.tool_names.get(name, name) for name in given] == offered
    for name in offered:
        assert given[offered.index(name)] in (name, rename.get(name))


@given(offers)
def test_names_can_change_twice(offered: list[str]) -> None:
    """The way back leads through both steps."""
    before = request(tools=[tool(name) for name in offered])
    after = edit(rename={"x": "Bash"})(edit(rename={"Bash": "x"})(before))
    assert [item["name"] for item in after.tools] == offered
    assert [after.tool_names.get(name, name) for name in offered] == offered


def test_two_tools_may_change_names() -> None:
    """Each gets the other's, at once."""
    after = edit(rename={"a": "b", "b": "a"})(request(tools=[tool("a"), tool("b")]))
    assert [item["name"] for item in after.tools] == ["b", "a"]
    assert dict(after.tool_names) == {"a": "b", "b": "a"}


def test_two_tools_cannot_get_one_name() -> None:
    """It is found when the config is compiled."""
    with pytest.raises(ValueError, match="same name"):
        edit(rename={"a": "x", "b": "x"})


@given(tools, st.integers(1, 4), st.lists(words, max_size=3))
def test_a_budget_is_kept(offered: list[Any], at_most: int, priority: list[str]) -> None:
    """No more than so many; the first of the priority are among them; the order is the client's."""
    before = request(tools=offered)
    after = edit(at_most=at_most, priority=priority)(before).tools
    named = [item["name"] for item in offered]
    left = [item["name"] for item in after]
    assert len(left) == min(at_most, len(named))
    assert left == [name for name in named if name in left]
    wanted = [name for name in dict.fromkeys(priority) if name in named][:at_most]
    assert set(wanted) <= set(left)


def test_the_offer_does_not_depend_on_the_conversation() -> None:
    """What was called has no part in the choice: the prompt would not begin as it did."""
    step = edit(at_most=1, priority=["Read"])
    offered = [tool("Bash"), tool("Read")]
    called = {"type": "tool_use", "id": "1", "name": "Bash", "input": {}}
    asked = [
        request(tools=offered),
        request(tools=offered, messages=[{"role": "assistant", "content": [called]}]),
    ]
    first, second = (step(one).raw_field("tools") for one in asked)
    assert first == second


@given(st.text("ab. \n", max_size=80), st.integers(20, 60))
def test_cutting(text: str, longest: int) -> None:
    """What is cut is short enough, is a beginning, and is cut once."""
    short = cut(text, longest)
    assert len(short) <= longest
    assert text.startswith(short.removesuffix("…"))
    assert cut(short, longest) == short
    assert (short == text) or len(text) > longest


@pytest.mark.parametrize("name", ['"', "é", "a b", "Edit"])
def test_names_of_dropped_tools_are_found_however_they_are_written(name: str) -> None:
    """A history is told as text also when its JSON escapes more than it has to."""
    called = {"type": "tool_use", "id": "1", "name": name, "input": {"é": 1}}
    before = request(
        tools=[tool(name), tool("Bash")], messages=[{"role": "assistant", "content": [called]}]
    )
    [message] = edit(keep=["Bash"])(before).messages
    assert message["content"] == [{"type": "text", "text": f'[{name}: {{"é":1}}]'}]


def test_what_is_not_dropped_is_not_decoded() -> None:
    """A conversation without the dropped tool keeps its bytes."""
    raw = json.dumps([{"role": "user", "content": "Edit \u2028"}], indent=3)
    before = request(tools=[tool("Edit"), tool("Bash")])
    before = before.replace(messages=json.loads(raw))
    after = edit(drop=["Edit"])(before)
    assert after.get("messages") is before.get("messages")
    check_unchanged(edit(drop=["Edit"]), after)
