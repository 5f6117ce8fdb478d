"""What the upstream answers, in both formats, and what a client must get in the end. No IO.

The model's name says which answer is wanted, `answer-{pieces}-{delay}-{calls}`, so one upstream serves
every case at once and needs no control channel.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_NAME = re.compile(rb"answer-(\d+)-(\d+)-(\d+)")
_WORDS = (
    "The ",
    "parser ",
    "reads ",
    'a "quoted" ',
    "line,\n",
    "na\u00efve ",
    "and ",
    "returns ",
    "it. ",
)

TOOL = "Read"
ARGUMENTS: dict[str, Any] = {"file_path": '/src/a "b"/c.py', "limit": 40, "offset": 7}
SPLIT = 9
"""Characters of a tool call's arguments in one event."""

PROMPT_TOKENS, CACHED_TOKENS = 1200, 200


@dataclass(frozen=True)
class Answer:
    """A text in `pieces`, one each `delay` milliseconds (0: all at once), then `calls` tool calls."""

    pieces: int
    delay: int = 0
    calls: int = 0

    @property
    def model(self) -> str:
        """The model that answers like this."""
        return f"answer-{self.pieces}-{self.delay}-{self.calls}"

    @property
    def texts(self) -> list[str]:
        """The pieces; no two answers of different length agree in more than a beginning."""
        return [f"{_WORDS[at % len(_WORDS)]}{at} " for at in range(self.pieces)]

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.texts)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The input of each tool call."""
        return [{**ARGUMENTS, "offset": at} for at in range(self.calls)]

    @property
    def stop_reason(self) -> str:
        """As the client is to see it."""
        return "tool_use" if self.calls else "end_turn"


def asked_for(body: bytes) -> Answer:
    """The answer that a request in either format asks for. Raises `ValueError` if it names none."""
    found = _NAME.search(body)
    if found is None:
        raise ValueError("no model named answer-N-N-N is asked")
    return Answer(*map(int, found.groups()))


# -- on the wire -------------------------------------------------------------------------------------


def compact(value: object) -> bytes:
    """JSON as servers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def chat_events(answer: Answer) -> list[bytes]:
    """https://platform.openai.com/docs/api-reference/chat-streaming"""
    frame = {"id": "chatcmpl-b", "object": "chat.completion.chunk", "created": 1, "model": "bench"}

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: " + compact({**frame, "choices": [choice]}) + b"\n\n"

    events = [event({"role": "assistant", "content": ""})]
    events += [event({"content": text}) for text in answer.texts]
    for at, arguments in enumerate(map(json.dumps, answer.inputs)):
        call = {"id": f"call_{at}", "type": "function", "function": {"name": TOOL, "arguments": ""}}
        events.append(event({"tool_calls": [{"index": at, **call}]}))
        events += [
            event({"tool_calls": [{"index": at, "function": {"arguments": part}}]})
            for part in _parts(arguments)
        ]
    events.append(event({}, "tool_calls" if answer.calls else "stop"))
    events.append(
        b"data: " + compact({**frame, "choices": [], "usage": _chat_usage(answer)}) + b"\n\n"
    )
    return [*events, b"data: [DONE]\n\n"]


def chat_whole(answer: Answer) -> bytes:
    """https://platform.openai.com/docs/api-reference/chat/object"""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.calls:
        message["tool_calls"] = [
            {"id": f"call_{at}", "type": "function", "function": {"name": TOOL, "arguments": text}}
            for at, text in enumerate(map(json.dumps, answer.inputs))
        ]
    finish = "tool_calls" if answer.calls else "stop"
    return compact(
        {
            "id": "chatcmpl-b",
            "object": "chat.completion",
            "created": 1,
            "model": "bench",
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": _chat_usage(answer),
        }
    )


def message_events(answer: Answer) -> list[bytes]:
    """https://docs.claude.com/en/docs/build-with-claude/streaming"""

    def event(type: str, **fields: Any) -> bytes:
        return b"event: %s\ndata: %s\n\n" % (type.encode(), compact({"type": type, **fields}))

    def block(at: int, start: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
        middle = [event("content_block_delta", index=at, delta=delta) for delta in deltas]
        begin = event("content_block_start", index=at, content_block=start)
        return [begin, *middle, event("content_block_stop", index=at)]

    start = {**_message(answer), "content": [], "stop_reason": None}
    events = [event("message_start", message=start)]
    texts = [{"type": "text_delta", "text": text} for text in answer.texts]
    events += block(0, {"type": "text", "text": ""}, texts)
    for at, input in enumerate(answer.inputs):
        call = {"type": "tool_use", "id": f"toolu_{at}", "name": TOOL, "input": {}}
        parts = _parts(json.dumps(input))
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
        events += block(at + 1, call, deltas)
    ending = {"stop_reason": answer.stop_reason, "stop_sequence": None}
    events.append(event("message_delta", delta=ending, usage={"output_tokens": answer.pieces}))
    return [*events, event("message_stop")]


def message_whole(answer: Answer) -> bytes:
    """https://docs.claude.com/en/api/messages"""
    calls = [
        {"type": "tool_use", "id": f"toolu_{at}", "name": TOOL, "input": input}
        for at, input in enumerate(answer.inputs)
    ]
    content = [{"type": "text", "text": answer.text}, *calls]
    return compact({**_message(answer), "content": content, "stop_reason": answer.stop_reason})


def _message(answer: Answer) -> dict[str, Any]:
    usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": answer.pieces}
    frame = {"id": "msg_b", "type": "message", "role": "assistant", "model": "bench"}
    return {**frame, "stop_sequence": None, "usage": usage}


def _chat_usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": answer.pieces,
        "total_tokens": PROMPT_TOKENS + answer.pieces,
        "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
    }


def _parts(text: str) -> list[str]:
    return [text[at : at + SPLIT] for at in range(0, len(text), SPLIT)]
