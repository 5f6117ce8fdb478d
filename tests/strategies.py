"""What the properties are said of: JSON, bytes cut anywhere, conversations, Anthropic streams.

The sizes are small on purpose: a law that fails at all fails on something small.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from language import JSON, cut

# -- texts and JSON ----------------------------------------------------------------------------------

ODD_TEXTS = (
    "\u2028",
    "\r\n",
    "data: x\n\n",
    "é\U0001f600",
    "\x00",
    '{"a":',
    "[DONE]",
    "<|endoftext|>",
    "\\u0041",
    "  ",
    "\n",
)
plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
texts = st.one_of(plain, st.sampled_from(ODD_TEXTS))
said = texts.filter(lambda text: bool(text.strip()))
"""Texts that say something."""
torn = st.one_of(texts, st.text(st.sampled_from("a\ud83d\ude00"), max_size=6))
"""Texts that may hold half of a surrogate pair."""
words = st.text("abcdefgh_-0123", min_size=1, max_size=8)


def json_values(strings: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Any]:
    """Any JSON value that survives a codec: numbers are finite."""
    leaves = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        strings,
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(strings, inner, max_size=3)
        ),
        max_leaves=6,
    )


def json_objects(strings: st.SearchStrategy[str] = texts) -> st.SearchStrategy[JSON]:
    """Any JSON object."""
    return st.dictionaries(strings, json_values(strings), max_size=3)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every node in a JSON value, its own first."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [at, *(place for key, item in inner for place in places(item, (*at, key)))]


def put(value: Any, at: Sequence[Any], new: Any) -> Any:
    """A copy of `value` in which `new` stands at a path."""
    if not at:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[at[0]] = put(value[at[0]], at[1:], new)
    return changed


junk = st.one_of(json_values(), st.just([["x"]]), st.just({"type": 5}))


@st.composite
def mutated(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """A value of which up to three nodes are replaced by any JSON."""
    value = draw(values)
    for _ in range(draw(st.integers(1, 3))):
        value = put(value, draw(st.sampled_from(places(value))), draw(junk))
    return value


# -- bytes -------------------------------------------------------------------------------------------

points = st.lists(st.integers(0, 3000), max_size=8)
"""Where to cut a stream, see `language.cut`."""


@st.composite
def damaged(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> bytes:
    """A stream in which some slices are gone, doubled or overwritten."""
    stream = draw(streams)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(stream)))
        end = draw(st.integers(start, min(start + 40, len(stream))))
        new = draw(st.one_of(st.just(b""), st.binary(max_size=6), st.just(stream[start:end] * 2)))
        stream = stream[:start] + new + stream[end:]
    return stream


# -- blocks and conversations ------------------------------------------------------------------------


def block(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[JSON]:
    """Content blocks of a type."""
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


text_blocks = block("text", text=said)
image_blocks = block(
    "image",
    source=st.sampled_from(
        [
            {"type": "base64", "media_type": "image/png", "data": "aGk="},
            {"type": "url", "url": "https://example.com/a.png"},
            {"type": "file", "file_id": "file_1"},
        ]
    ),
)
document_blocks = block(
    "document",
    title=st.sampled_from([None, "report"]),
    source=st.one_of(
        st.builds(lambda data: {"type": "text", "media_type": "text/plain", "data": data}, said),
        st.builds(
            lambda inner: {"type": "content", "content": inner}, st.lists(text_blocks, max_size=2)
        ),
        st.just({"type": "base64", "media_type": "application/pdf", "data": "aGk="}),
    ),
)
search_blocks = block(
    "search_result", source=said, title=said, content=st.lists(text_blocks, min_size=1, max_size=2)
)
thinking_blocks = st.one_of(
    block("thinking", thinking=texts, signature=words), block("redacted_thinking", data=words)
)
unknown_blocks = block("hologram", depth=json_values())
shown_blocks = st.one_of(text_blocks, image_blocks, document_blocks)
call_ids = st.sampled_from(["toolu_1", "toolu_2", "toolu_3", "x" * 60])
call_blocks = block("tool_use", id=call_ids, name=words, input=json_objects())
result_blocks = block(
    "tool_result",
    tool_use_id=call_ids,
    is_error=st.booleans(),
    content=st.one_of(said, st.lists(shown_blocks, max_size=2)),
)


def _message(
    role: str, *blocks: st.SearchStrategy[JSON], whole: bool = True
) -> st.SearchStrategy[JSON]:
    content: st.SearchStrategy[Any] = st.lists(st.one_of(*blocks), max_size=4)
    if whole:
        content = st.one_of(said, content)
    return st.fixed_dictionaries({"role": st.just(role), "content": content})


user_messages = _message("user", shown_blocks, result_blocks, unknown_blocks)
assistant_messages = _message(
    "assistant", text_blocks, thinking_blocks, call_blocks, unknown_blocks
)
conversations = st.lists(
    st.one_of(user_messages, assistant_messages, _message("system", text_blocks)), max_size=6
)
"""Messages in any order: calls without results, results without calls, ids used twice."""


@st.composite
def dialogues(draw: st.DrawFn) -> list[list[JSON]]:
    """Turns as a client lives them: a user message, and the assistant's answer to it.

    Call ids are fresh; now and then a result is missing, as after an interruption.
    """
    turns: list[list[JSON]] = []
    waiting: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        results = [
            {**draw(result_blocks), "tool_use_id": id} for id in waiting if draw(st.integers(0, 5))
        ]
        user = {
            "role": "user",
            "content": [*results, *draw(st.lists(shown_blocks, min_size=1, max_size=2))],
        }
        waiting = [f"toolu_{number}_{at}" for at in range(draw(st.integers(0, 3)))]
        calls = [{**draw(call_blocks), "id": id} for id in waiting]
        before = draw(st.lists(st.one_of(thinking_blocks, text_blocks), max_size=2))
        turns.append([user, {"role": "assistant", "content": [*before, draw(text_blocks), *calls]}])
    return turns


tools = st.lists(
    st.fixed_dictionaries(
        {"name": words, "input_schema": st.just({"type": "object", "properties": {}})},
        optional={"description": texts, "x-unknown": json_values()},
    ),
    max_size=3,
    unique_by=lambda tool: str(tool["name"]),
)
efforts = st.sampled_from(["low", "medium", "high", "xhigh", "max"])
request_bodies = st.fixed_dictionaries(
    {"model": words, "messages": conversations},
    optional={
        "system": st.one_of(said, st.lists(text_blocks, max_size=2)),
        "tools": tools,
        "tool_choice": st.sampled_from(
            [{"type": "auto"}, {"type": "any", "disable_parallel_tool_use": True}]
        ),
        "max_tokens": st.integers(1, 10**6),
        "stream": st.booleans(),
        "stop_sequences": st.lists(said, max_size=6),
        "temperature": st.floats(0, 1),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(1, 50),
        "thinking": st.sampled_from(
            [{"type": "adaptive"}, {"type": "disabled"}, {"type": "enabled", "budget_tokens": 9000}]
        ),
        "output_config": st.builds(lambda effort: {"effort": effort}, efforts),
        "metadata": json_objects(),
        "context_management": json_objects(),
        "x-new-field": json_values(),
    },
)
"""Requests with any field, some of which no server but Anthropic's knows."""


# -- Anthropic streams -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Relayed:
    """One answer of an Anthropic server, in both writings."""

    message: JSON
    events: tuple[JSON, ...]

    def stream(self, newline: bytes = b"\n") -> bytes:
        """The bytes of the stream."""
        return b"".join(
            newline.join([b"event: " + event["type"].encode(), b"data: " + dump(event), b"", b""])
            for event in self.events
        )

    @property
    def whole(self) -> bytes:
        """The bytes of the whole answer, with white space that a codec would not write."""
        return json.dumps(self.message, indent=1).encode()


def dump(value: Any) -> bytes:
    """JSON as servers in Python write it."""
    return json.dumps(value).encode()


SPLIT = {
    "text": ("text", "text_delta", "text"),
    "thinking": ("thinking", "thinking_delta", "thinking"),
}


@st.composite
def pieces_of(draw: st.DrawFn, text: str) -> list[str]:
    """The text cut into pieces, some of them empty."""
    data = text.encode("utf-32-le", "surrogatepass")
    ends = [point * 4 for point in draw(st.lists(st.integers(0, len(text)), max_size=3))]
    return [piece.decode("utf-32-le", "surrogatepass") for piece in cut(data, ends)]


def _deltas(draw: st.DrawFn, block: JSON) -> tuple[JSON, list[JSON]]:
    """A block as it starts, and what it grows by."""
    if (names := SPLIT.get(block["type"])) is not None:
        field, kind, key = names
        deltas = [{"type": kind, key: piece} for piece in draw(pieces_of(block[field]))]
        start = {**block, field: ""}
        if "signature" in block:
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            start["signature"] = ""
        return start, deltas
    if block["type"] in ("tool_use", "server_tool_use"):
        text = json.dumps(block["input"], ensure_ascii=draw(st.booleans()))
        deltas = [
            {"type": "input_json_delta", "partial_json": piece} for piece in draw(pieces_of(text))
        ]
        return {**block, "input": {}}, deltas
    return block, []


answered_blocks = st.one_of(
    text_blocks, thinking_blocks, block("tool_use", id=call_ids, name=words, input=json_objects())
)
server_blocks = st.one_of(
    block("server_tool_use", id=words, name=words, input=json_objects()),
    block(
        "web_search_tool_result", tool_use_id=words, content=st.lists(json_objects(), max_size=1)
    ),
)


any_blocks = st.one_of(answered_blocks, server_blocks)


@st.composite
def relayed(
    draw: st.DrawFn,
    blocks: st.SearchStrategy[JSON] = any_blocks,
    *,
    pings: bool = True,
    most: int = 3,
) -> Relayed:
    """An answer with at `most` so many blocks of these types; `pings` stand between its events."""
    content = [
        {**item, "id": f"toolu_{at}"} if "id" in item else item
        for at, item in enumerate(draw(st.lists(blocks, max_size=most)))
    ]
    usage = {"input_tokens": draw(st.integers(0, 99)), "output_tokens": draw(st.integers(1, 99))}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-upstream",
        "content": content,
        "stop_reason": draw(st.sampled_from(["end_turn", "tool_use", "max_tokens"])),
        "stop_sequence": None,
        "usage": usage,
    }
    start = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 0}}
    events: list[JSON] = [{"type": "message_start", "message": start}]
    for index, item in enumerate(content):
        opening, deltas = _deltas(draw, item)
        events.append({"type": "content_block_start", "index": index, "content_block": opening})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": usage})
    events.append({"type": "message_stop"})
    if pings:
        for at in draw(st.lists(st.integers(1, len(events) - 1), max_size=2)):
            events.insert(at, {"type": "ping"})
    return Relayed(message, tuple(events))
