"""Laws of the shape of messages: what is looked at as a whole is judged as it would be piece by piece."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from strategies import conversations, json_values, mutated, texts, torn

from gateway.errors import GatewayError
from gateway.messages import shapes

kinds = st.sampled_from(["text", "tool_use", "tool_result", "thinking", "image", "search_result"])
odd = st.dictionaries(torn, json_values(torn), max_size=1)
"""Fields that nobody knows, or that are of another type than they should be."""


def contents(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Content as it may stand in a message or in a block, and sometimes not."""
    fields = {"text": texts, "id": texts, "source": odd, "content": inside}
    usual = st.fixed_dictionaries({"type": kinds}, optional=fields)
    strange = st.tuples(usual, odd).map(lambda it: {**it[0], **it[1]})
    lists = st.lists(st.one_of(usual, usual, usual, strange), min_size=1, max_size=2)
    return st.one_of(lists, lists, lists, texts, json_values(torn))


messages = st.lists(
    st.fixed_dictionaries({"content": contents(contents(texts))}), min_size=1, max_size=2
)


def judged(check: Any, told: Any) -> str | None:
    """What is wrong with messages; None if nothing is."""
    try:
        check(told, 3)
    except GatewayError as error:
        return error.message
    return None


@given(st.one_of(messages, messages, mutated(conversations), st.lists(json_values(torn))))
@example([{"content": [{"type": "tool_result", "content": [{"type": "image"}]}]}])
@example([{"content": [{"type": "image"}]}])
@example([{"content": [{"type": "text", "\ud800": 0}]}])
def test_usual_messages_are_right(told: Any) -> None:
    """Nothing passes that would not, and what is wrong is said in the same words."""
    told = told if isinstance(told, list) else []
    assert judged(shapes.check_messages, told) == judged(shapes._check_messages, told)
