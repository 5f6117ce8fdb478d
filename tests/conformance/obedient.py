"""A chat completions server inside the test process, whose model does all that it is told. No IO.

It understands the few sentences that the kit's prompts are made of, finds code words wherever they
stand, sees colours and reads PDF. `faults` make it one of the servers that do not.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

JSON = dict[str, Any]

WINDOW = 8_000
"""Tokens that a prompt may have, at two characters each."""
MODEL = "obedient"
THOUGHT = "I think of it step by step."


@dataclass
class Said:
    """One answer of the model."""

    text: str = ""
    thought: str = ""
    calls: list[tuple[str, JSON]] = field(default_factory=list)
    finish: str = "stop"


class Refusal(Exception):
    """The server answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


# -- the model ---------------------------------------------------------------------------------------


def seen(message: JSON) -> str:
    """All that a message shows, images as their colour and PDF as their text."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    return "\n".join(map(_part, parts))


def _part(part: JSON) -> str:
    if part["type"] == "text":
        return str(part["text"])
    if part["type"] == "image_url":
        url = part["image_url"]["url"]
        return "<ant>" if url.startswith("https:") else f"<{_colour(_data(url))}>"
    return _data(part["file"]["file_data"]).decode("latin-1")


def _data(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


def _colour(data: bytes) -> str:
    if not data.startswith(b"\x89PNG"):
        raise Refusal(400, "Invalid image data.")
    start = data.index(b"IDAT") + 4
    red, _green, blue = zlib.decompress(data[start:-16])[1:4]
    return "red" if red > blue else "blue"


def think(body: JSON) -> Said:
    """What a perfect model says."""
    messages = body["messages"]
    if not messages:
        raise Refusal(400, "messages: at least one is required")
    tools = [t["function"]["name"] for t in body.get("tools", ())]
    choice = body.get("tool_choice", "auto")
    if messages[-1]["role"] == "assistant":
        return Said(_line(seen(messages[-2])).removeprefix(seen(messages[-1])))
    said = [at for at, m in enumerate(messages) if m["role"] == "assistant" and m.get("content")]
    since = (
        messages[said[-1] + 1 :] if said and not messages[said[-1]].get("tool_calls") else messages
    )
    prompt = "\n".join(seen(message) for message in since if message["role"] == "user")
    if isinstance(choice, dict):
        return Said(calls=[(choice["function"]["name"], {"city": "Oslo"})])
    wanted = [] if since[-1]["role"] == "tool" or choice == "none" else _calls(prompt, tools)
    if choice == "required" and not wanted:
        wanted = [(tools[0], {"city": "Oslo"})]
    if body.get("parallel_tool_calls") is False:
        wanted = wanted[:1]
    if wanted:
        return Said(calls=wanted)
    if "response_format" in body:
        return Said(json.dumps({"city": "Oslo", "days": 3}))
    return Said(_words(prompt, "\n".join(map(seen, messages))))


def _line(prompt: str) -> str:
    found = re.search(r"exactly this line and nothing else: (.*)", prompt)
    return found[1] if found else ""


def _calls(prompt: str, tools: list[str]) -> list[tuple[str, JSON]]:
    made = re.findall(r"Call the tool (\S+) with exactly these arguments: (.*)", prompt)
    names = {name if len(name) <= 64 else name[:55]: name for name, _ in made}
    sent = {
        tool: next((n for cut, n in names.items() if tool.startswith(cut)), "") for tool in tools
    }
    by_name = {name: tool for tool, name in reversed(sent.items()) if name}
    return [(by_name[name], json.loads(text)) for name, text in made if name in by_name]


def _words(prompt: str, everything: str) -> str:
    if line := _line(prompt):
        return line
    if word := re.search(r"reply with the word ([A-Z]+) alone", prompt, re.IGNORECASE):
        return word[1]
    if "numbers from 1 to 400" in prompt:
        return " ".join(map(str, range(1, 401)))
    if "17 times 23" in prompt:
        return "400"
    if "colour" in prompt or "insect" in prompt:
        return " ".join(re.findall(r"<(ant|red|blue)>", everything))
    of = re.search(r"code word of (\w+) alone", everything)
    pattern = rf"code word of {of[1]} is (\w+)" if of else r"code word\s+is\s+(\w+)"
    words = re.findall(pattern, everything)
    return words[-1] if words else "It goes to Oslo and takes 3 days."


# -- the server --------------------------------------------------------------------------------------


Fault = Callable[[JSON], None]
Change = Callable[[JSON, Said], None]


def refuses(name: str, words: str = "Unrecognized request argument supplied: {}") -> Fault:
    """A server that does not know a parameter."""

    def fault(body: JSON) -> None:
        if name in body:
            raise Refusal(400, words.format(name))

    return fault


class Obedient(httpx.AsyncBaseTransport):
    """`POST /v1/chat/completions`."""

    def __init__(
        self, *, before: Fault | None = None, after: Change | None = None, **wire: Any
    ) -> None:
        """`before` may refuse a request, `after` spoil what the model says; `wire` are single faults
        of the server: `usage`, `ids`, `whole`, `status`, `window`, `ignores_stops` and `_limits`."""
        self.before, self.after, self.wire = before, after, wire
        self.asked: list[JSON] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append(body)
        try:
            said = self._said(body)
        except Refusal as error:
            value = {"error": {"message": error.message, "type": "invalid_request_error"}}
            return response(error.status, [json.dumps(value).encode()], "application/json")
        usage = self._usage(body, said)
        if not body.get("stream") or self.wire.get("whole"):
            return response(
                200, [json.dumps(self._whole(said, usage)).encode()], "application/json"
            )
        return response(200, list(self._chunks(said, usage)), "text/event-stream")

    def _said(self, body: JSON) -> Said:
        if body["model"] != MODEL:
            raise Refusal(
                self.wire.get("status", 404), f"The model {body['model']} does not exist."
            )
        if self.before is not None:
            self.before(body)
        size = len(json.dumps(body["messages"]))
        if (
            size > 2 * self.wire.get("window", WINDOW)
            and "<" not in seen(body["messages"][-1])
            and "data:" not in str(body)
        ):
            raise Refusal(400, f"This model's maximum context length is {WINDOW} tokens.")
        said = think(body)
        if body.get("reasoning_effort") != "none":
            said.thought = THOUGHT
        if not self.wire.get("ignores_stops"):
            for stop in body.get("stop", ()):
                said.text = (
                    said.text.partition(stop)[0].rstrip() if stop in said.text else said.text
                )
        limit = body.get("max_tokens", 10_000)
        if len(said.text.split()) > limit and not self.wire.get("ignores_limits"):
            said.text, said.finish = " ".join(said.text.split()[:limit]), "length"
        if said.calls:
            said.finish = "tool_calls"
        if self.after is not None:
            self.after(body, said)
        return said

    def _usage(self, body: JSON, said: Said) -> JSON | None:
        if self.wire.get("usage") == "none":
            return None
        prompt = (
            len(json.dumps(body["messages"])) // 4 + len(json.dumps(body.get("tools", []))) // 4
        )
        output = len(said.text.split()) + 8 * len(said.calls) + 1
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
        }

    def _calls(self, said: Said) -> list[JSON]:
        return [
            {
                "index": n,
                **(
                    {}
                    if self.wire.get("ids") == "none"
                    else {"id": f"call_{n}", "type": "function"}
                ),
                "function": {
                    "name": name,
                    "arguments": json.dumps(value),
                },
            }
            for n, (name, value) in enumerate(said.calls)
        ]

    def _whole(self, said: Said, usage: JSON | None) -> JSON:
        message: JSON = {"role": "assistant", "content": said.text or None}
        if said.thought:
            message["reasoning_content"] = said.thought
        if said.calls:
            message["tool_calls"] = self._calls(said)
        choice = {"index": 0, "message": message, "finish_reason": said.finish}
        return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}

    def _chunks(self, said: Said, usage: JSON | None) -> Iterator[bytes]:
        deltas: list[JSON] = [{"role": "assistant", "content": ""}]
        deltas += [{"reasoning_content": said.thought}] if said.thought else []
        deltas += [{"content": piece} for piece in re.findall(r"\S+\s*|\s+", said.text)]
        deltas += [{"tool_calls": [call]} for call in self._calls(said)]
        for delta in deltas:
            yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": said.finish}]})
        if usage is not None:
            yield _event({"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def _event(value: JSON) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def response(status: int, pieces: list[bytes], kind: str) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": kind}, stream=_Pieces(pieces))
