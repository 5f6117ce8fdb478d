"""Chat answers in both writings, the stream in all the manners in which servers write one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from hypothesis import strategies as st
from language import JSON
from strategies import json_objects, pieces_of, torn, words


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of an answer."""

    id: str | None
    name: str
    arguments: str
    """JSON text of an object, or nothing."""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What a chat model says."""

    thinking: str
    text: str
    refusal: str
    calls: tuple[Call, ...]
    finish: str
    usage: JSON | None
    thinking_field: str

    def whole(self) -> bytes:
        """The `chat.completion` object."""
        message: JSON = {"role": "assistant", "content": self.text or None}
        if self.thinking:
            message[self.thinking_field] = self.thinking
        if self.refusal:
            message["refusal"] = self.refusal
        if self.calls:
            message["tool_calls"] = [
                piece(call, None, call.arguments, labelled=True) for call in self.calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        body: JSON = {"object": "chat.completion", "choices": [choice]}
        if self.usage is not None:
            body["usage"] = self.usage
        return json.dumps(body).encode()


def piece(call: Call, index: int | None, arguments: str, *, labelled: bool) -> JSON:
    """One entry of `tool_calls`."""
    entry: JSON = {} if index is None else {"index": index}
    function: JSON = {"arguments": arguments}
    if labelled:
        function["name"] = call.name
        entry["type"] = "function"
        if call.id is not None:
            entry["id"] = call.id
    return {**entry, "function": function}


Manner = Literal["standard", "every-label", "no-index", "no-index-every-id", "index-zero"]
"""How the pieces of calls are labelled: index with id and name on the first piece; id and name on
every piece; no index, the first piece labelled; no index, each piece labelled; the index always 0."""


@dataclass(frozen=True, slots=True)
class ChatStream:
    """The bytes of a stream, and where its finish reason stands."""

    answer: ChatAnswer
    before_finish: bytes
    """Up to the chunk with the finish reason."""
    rest: bytes

    @property
    def bytes(self) -> bytes:
        """The whole stream."""
        return self.before_finish + self.rest


USAGES: tuple[JSON | None, ...] = (
    None,
    {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
    {
        "prompt_tokens": 900,
        "completion_tokens": 40,
        "prompt_tokens_details": {"cached_tokens": 256},
        "completion_tokens_details": {"reasoning_tokens": 12},
    },
    {"prompt_tokens": 900, "completion_tokens": 40, "prompt_cache_hit_tokens": 512},
)
FINISHES = ("stop", "tool_calls", "length", "content_filter", "function_call", "eos", "odd")

arguments = st.one_of(
    st.just(""),
    st.builds(
        lambda value, is_ascii: json.dumps(value, ensure_ascii=is_ascii),
        json_objects(torn),
        st.booleans(),
    ),
)


@st.composite
def _calls(draw: st.DrawFn, manner: Manner) -> tuple[Call, ...]:
    """Calls that this manner can tell apart."""
    count = draw(st.integers(0, 4))
    ids: list[str | None] = [f"call_{number}" for number in range(count)]
    if manner == "standard":
        ids = draw(st.sampled_from([ids, [None] * count, ["call_0"] * count]))
    elif manner == "no-index":
        ids = draw(st.sampled_from([ids, [None] * count]))
    return tuple(Call(id, draw(words), draw(arguments)) for id in ids)


@st.composite
def _entries(draw: st.DrawFn, calls: tuple[Call, ...], manner: Manner) -> list[JSON]:
    """The `tool_calls` entries of a stream, in order; the calls begin in order."""
    rows: list[list[JSON]] = []
    for number, call in enumerate(calls):
        index = {"no-index": None, "no-index-every-id": None, "index-zero": 0}.get(manner, number)
        is_every = manner in ("every-label", "no-index-every-id")
        rows.append(
            [
                piece(call, index, text, labelled=is_every or not at)
                for at, text in enumerate(draw(pieces_of(call.arguments)))
            ]
        )
    mix = draw(st.sampled_from(["one after the other", "by turns", "in any order"]))
    if manner in ("no-index", "index-zero") or mix == "one after the other":
        return [entry for row in rows for entry in row]
    if mix == "by turns":
        return [entry for column in zip_longest(*rows) for entry in column if entry is not None]
    order = draw(st.permutations([n for n, row in enumerate(rows) for _ in row[1:]]))
    return [row.pop(0) for row in rows] + [rows[number].pop(0) for number in order]


@st.composite
def _deltas(draw: st.DrawFn, answer: ChatAnswer, manner: Manner) -> list[JSON]:
    said = [
        (answer.thinking_field, answer.thinking),
        ("content", answer.text),
        ("refusal", answer.refusal),
    ]
    deltas: list[JSON] = [{"role": "assistant", "content": ""}] if draw(st.booleans()) else []
    for field, text in said:
        deltas += [{field: cut} for cut in draw(pieces_of(text))] if text else []
    entries = draw(_entries(answer.calls, manner))
    at_once = draw(st.booleans())
    if entries and at_once:
        return [*deltas, {"tool_calls": entries}]
    return deltas + [{"tool_calls": [entry]} for entry in entries]


@st.composite
def chat_streams(draw: st.DrawFn) -> ChatStream:
    """An answer, written as a stream."""
    manner: Manner = draw(st.sampled_from(Manner.__args__))  # type: ignore[attr-defined]
    answer = ChatAnswer(
        thinking=draw(torn),
        text=draw(torn),
        refusal=draw(st.sampled_from(["", "", "I will not."])),
        calls=draw(_calls(manner)),
        finish=draw(st.sampled_from(FINISHES)),
        usage=draw(st.sampled_from(USAGES)),
        thinking_field=draw(st.sampled_from(["reasoning_content", "reasoning"])),
    )
    choices: list[JSON] = [
        {"index": 0, "delta": delta, "finish_reason": None}
        for delta in draw(_deltas(answer, manner))
    ]
    joins_last = draw(st.booleans())
    if choices and joins_last:
        last = {**choices.pop(), "finish_reason": answer.finish}
    else:
        last = {"index": 0, "delta": {}, "finish_reason": answer.finish}
    chunks: list[JSON] = [{"choices": [choice]} for choice in choices]
    end: list[JSON] = [{"choices": [last]}]
    if answer.usage is not None:
        if draw(st.booleans()):
            end[0]["usage"] = answer.usage
        else:
            end.append({"choices": [], "usage": answer.usage})
    writer = draw(_writers())
    done = b"data: [DONE]" + writer.newline * 2 if draw(st.booleans()) else b""
    return ChatStream(answer, writer.write(chunks), writer.write(end) + done)


@dataclass(frozen=True, slots=True)
class Writer:
    """How a server writes its events."""

    newline: bytes
    comment: bytes
    """Stands before each event."""
    indent: int | None
    """Spread over several `data:` lines, if not None."""
    is_ascii: bool
    colon: bytes

    def write(self, chunks: list[JSON]) -> bytes:
        """The bytes of these chunks."""
        return b"".join(map(self._event, chunks))

    def _event(self, chunk: JSON) -> bytes:
        text = json.dumps(chunk, indent=self.indent, ensure_ascii=self.is_ascii)
        try:
            data = text.encode()
        except UnicodeEncodeError:
            data = json.dumps(chunk, indent=self.indent).encode()
        lines = [b"data" + self.colon + line for line in data.split(b"\n")]
        comment = [self.comment, b""] if self.comment else []
        return self.newline.join([*comment, *lines, b"", b""])


def _writers() -> st.SearchStrategy[Writer]:
    return st.builds(
        Writer,
        newline=st.sampled_from([b"\n", b"\r\n", b"\r"]),
        comment=st.sampled_from([b"", b": keep-alive", b":", b"retry: 3000"]),
        indent=st.sampled_from([None, None, 0]),
        is_ascii=st.booleans(),
        colon=st.sampled_from([b": ", b":"]),
    )
