"""A step written as an answer of the Gemini API, whole or streamed in small pieces. No IO.

The server shows its thoughts when it is asked for them, and signs: the first call of a step, or the
last part of an answer without calls. Arguments come whole.
https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from servers.error_answers import ErrorAnswer
from servers.plays import Text, Thinking, ToolCall, Turn
from servers.wire import TEXT_PIECE, THINKING_PIECE, Asked, Body, Usage, pieces, said, to_json

Part = dict[str, Any]

MIDSTREAM_ERROR = (
    b'data: {"error": {"code": 503, "message": "The model is overloaded. Please try again later.", '
    b'"status": "UNAVAILABLE"}}\r\n\r\n'
)
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    529: "UNAVAILABLE",
}


@dataclass(frozen=True, slots=True)
class Generated:
    """One answer, ready to be written."""

    asked: Asked
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:22])

    def whole(self) -> Body:
        """The `GenerateContentResponse` object."""
        if self._is_empty:
            return self._nothing()
        parts = _joined(list(self._parts()))
        return self._chunk(parts, finish=self._finish(), grounding=self._grounding())

    def events(self) -> list[bytes]:
        """The stream, one server-sent event each; lines end as Google's do."""
        if self._is_empty:
            return [_event(self._nothing())]
        parts = list(self._parts())
        chunks = [self._chunk([part]) for part in parts[:-1]]
        finish = None if "no-finish" in self.asked.faults else self._finish()
        chunks.append(self._chunk(parts[-1:], finish=finish, grounding=self._grounding()))
        return [_event(chunk) for chunk in chunks]

    @property
    def _is_empty(self) -> bool:
        return "empty" in self.asked.faults or "blocked" in self.asked.faults

    def _nothing(self) -> Body:
        """An answer without candidates."""
        answer = self._envelope()
        if "blocked" in self.asked.faults:
            answer["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
        return answer

    def _parts(self) -> Iterator[Part]:
        """The parts as a stream brings them; the last one is signed if no call is."""
        if "malformed" in self.asked.faults:
            yield {"text": ""}
            return
        signature = self.asked.issued.secret()
        signed = False
        for part in self.asked.step:
            match part:
                case Thinking(text) if self._shows_thoughts:
                    yield from ({"text": p, "thought": True} for p in pieces(text, THINKING_PIECE))
                case Text(text):
                    yield from ({"text": piece} for piece in pieces(text, TEXT_PIECE))
                case ToolCall(name, value):
                    call: Part = {"name": name, "args": value}
                    if "no-ids" not in self.asked.faults:
                        call["id"] = "call_0" if "same-ids" in self.asked.faults else _call_id()
                    yield {"functionCall": call} | (
                        {}
                        if signed
                        else {"thoughtSignature": self._sign("functionCall", signature)}
                    )
                    signed = True
        if not signed:
            yield {"text": "", "thoughtSignature": self._sign("text", signature)}

    def _sign(self, kind: str, signature: str) -> str:
        self.asked.issued.signatures[signature] = kind
        return signature

    @property
    def _shows_thoughts(self) -> bool:
        config = self.asked.body.get("generationConfig") or {}
        thinking = config.get("thinkingConfig") or {}
        # The real server takes either spelling, and Google's own SDK sends the second.
        return bool(thinking.get("includeThoughts") or thinking.get("include_thoughts"))

    def _grounding(self) -> Body | None:
        tools = self.asked.body.get("tools") or []
        searches = self.asked.searches(any("googleSearch" in tool for tool in tools))
        if not searches:
            return None
        text = said(self.asked.step, Text)
        sources = [source for search in searches for source in search.sources]
        segment = {"startIndex": 0, "endIndex": len(text.encode()), "text": text}
        return {
            "webSearchQueries": [search.query for search in searches],
            "searchEntryPoint": {"renderedContent": "<div></div>"},
            "groundingChunks": [{"web": {"uri": s.url, "title": s.title}} for s in sources],
            "groundingSupports": [
                {"segment": segment, "groundingChunkIndices": list(range(len(sources)))}
            ],
        }

    def _finish(self) -> str:
        named = {"malformed": "MALFORMED_FUNCTION_CALL", "safety": "SAFETY"}
        return next((named[name] for name in named if name in self.asked.faults), "STOP")

    def _chunk(
        self, parts: list[Part], *, finish: str | None = None, grounding: Body | None = None
    ) -> Body:
        candidate: Body = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if finish is not None:
            candidate["finishReason"] = finish
        if finish == "MALFORMED_FUNCTION_CALL":
            candidate["content"] = {}
            candidate["finishMessage"] = "Malformed function call: print(default_api.Write("
        if grounding is not None:
            candidate["groundingMetadata"] = grounding
        return {"candidates": [candidate], **self._envelope()}

    def _envelope(self) -> Body:
        answer: Body = {"modelVersion": self.asked.model, "responseId": self.id}
        if "no-usage" not in self.asked.faults:
            answer["usageMetadata"] = usage(self.asked.usage)
        return answer


def usage(spent: Usage) -> Body:
    """The `usageMetadata` object: thoughts are counted beside the candidates."""
    return {
        "promptTokenCount": spent.prompt,
        "cachedContentTokenCount": spent.cached,
        "candidatesTokenCount": spent.completion - spent.reasoning,
        "thoughtsTokenCount": spent.reasoning,
        "totalTokenCount": spent.prompt + spent.completion,
    }


def turns(body: Body) -> list[Turn]:
    """The request's contents in the terms that choose a step."""
    roles = {"model": "assistant"}
    return [
        Turn(
            roles.get(content.get("role", ""), content.get("role", "")),
            "\n".join(part["text"] for part in content.get("parts", []) if "text" in part),
            any("functionCall" in part for part in content.get("parts", [])),
        )
        for content in body.get("contents", [])
    ]


def offered(body: Body) -> set[str]:
    """The names of the function declarations."""
    return {
        declared["name"]
        for tool in body.get("tools", [])
        for declared in tool.get("functionDeclarations", [])
    }


def error(given: ErrorAnswer) -> Body:
    """The error body of a Google API."""
    said: Body = {
        "code": given.status,
        "message": given.message,
        "status": STATUSES.get(given.status, "UNKNOWN"),
    }
    if wait := given.headers.get("retry-after"):
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        said["details"] = [{"@type": kind, "retryDelay": f"{wait}s"}]
    return {"error": said}


def _joined(parts: list[Part]) -> list[Part]:
    """Neighbours of one kind as one part; a signature goes to what it ends."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else {}
        if "text" in part and "text" in last and last.get("thought") == part.get("thought"):
            joined[-1] = {**last, **part, "text": last["text"] + part["text"]}
        else:
            joined.append(part)
    return joined


def _call_id() -> str:
    return uuid.uuid4().hex[:8]


def _event(value: Body) -> bytes:
    return f"data: {to_json(value)}\r\n\r\n".encode()
