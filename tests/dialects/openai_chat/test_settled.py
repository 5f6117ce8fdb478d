"""Laws of a system prompt that is written by itself: it is what it is among the messages."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from language import JSON, destination, request
from msgspec.structs import replace
from strategies import conversations, json_values, text_blocks, texts

from gateway.dialects.openai_chat import ChatQuirks
from gateway.dialects.openai_chat.content import Spelling
from gateway.dialects.openai_chat.request import request_to_chat
from gateway.errors import InvalidRequest
from gateway.messages import BILLING

quirks = st.builds(
    ChatQuirks,
    system_role=st.sampled_from(["system", "developer"]),
    reminders=st.sampled_from(["user", "system", "hoist"]),
    reasoning=st.sampled_from(["none", "effort", "prompt"]),
    prefill=st.sampled_from(["refuse", "prefix", "continue_final_message"]),
    cache=st.sampled_from(["none", "parts"]),
    merge_turns=st.booleans(),
)
billing = st.just({"type": "text", "text": BILLING})
marked = text_blocks.map(lambda block: {**block, "cache_control": {"type": "ephemeral"}})
prompts = st.one_of(
    texts, st.lists(st.one_of(text_blocks, marked, billing), max_size=3), json_values()
)
bodies = st.fixed_dictionaries(
    {"messages": conversations},
    optional={"system": prompts, "thinking": st.just({"type": "adaptive"})},
)


@given(quirks, bodies)
def test_a_settled_system_prompt_is_the_same(differs: ChatQuirks, body: JSON) -> None:
    """Where nothing else can change it: to the byte, and so is all else that is said."""
    spelling = Spelling.of(differs, "m")
    assert written(body, spelling) == written(body, replace(spelling, settled=False))


def written(body: JSON, spelling: Spelling) -> Any:
    """What a request becomes, or why it does not."""
    try:
        sent = request_to_chat(request(**body), destination(), spelling)
    except InvalidRequest as error:
        return error.message
    return sent.body, sent.dropped
