"""Reads Gemini answers, streamed or whole, and says them to a sink. No IO.

Every chunk of a stream has the form of a whole answer, so one code reads both, and the array of chunks
that a server writes when it is not asked for events.
Reference: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from gateway import json_text
from gateway.dialects.failures import failure_in_stream
from gateway.dialects.gemini.calls import FunctionCalls
from gateway.dialects.gemini.errors import signature_refused, with_signatures_understood
from gateway.dialects.gemini.search import Grounding
from gateway.dialects.gemini.signatures import Kind, Signature
from gateway.dialects.reading import EventReader
from gateway.errors import UpstreamBroken
from gateway.messages import Sink, StopReason, Usage
from gateway.reasoning import Seal
from gateway.sse import Event

STOP_REASONS: Mapping[str, StopReason] = {
    "STOP": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "CONTINUATION": "max_tokens",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "LANGUAGE": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
    "IMAGE_OTHER": "refusal",
    "NO_IMAGE": "refusal",
    "MODEL_ARMOR": "refusal",
    "ESCALATION": "refusal",
    "OTHER": "refusal",  # it stopped for a reason that it does not give; what it said is there
}
"""Reasons to finish; unknown ones mean that the model finished by itself."""

NUMBERED: Mapping[int, str] = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}
"""Reasons to finish as some servers write them; from 6 on their numbers differ."""

FAILED = frozenset(
    {
        *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
        "MALFORMED_RESPONSE",
    }
)
"""Reasons to finish that leave nothing to work with."""

UNSIGNED = "MISSING_THOUGHT_SIGNATURE"


class GeminiReader(EventReader):
    """Satisfies `Reader`."""

    def __init__(
        self, sink: Sink, *, streamed: bool, tool_names: Mapping[str, str], seal: Seal
    ) -> None:
        super().__init__(streamed=streamed)
        self._sink = sink
        self._seal = seal
        self._calls = FunctionCalls(sink, tool_names)
        self._grounding = Grounding()
        self._is_blocked = False
        self._has_candidates = False
        self._has_unsigned_thought = False
        self._signatures: list[str] = []
        self._reason: str | None = None
        self._words = ""
        self._usage: Usage | None = None

    def _is_answered(self) -> bool:
        return self._has_candidates

    def _read_whole(self) -> None:
        try:
            value = json_text.decode(self._whole.raw)
        except json_text.NotJSON:
            raise UpstreamBroken("The provider's answer is not JSON.") from None
        for chunk in value if isinstance(value, list) else [value]:
            if isinstance(chunk, dict) and not self._ended:
                self._chunk(chunk)
        if not self._ended:
            self._end(is_complete=True)

    # -- one chunk ------------------------------------------------------------------------------

    def _chunk(self, chunk: dict[str, Any], event: Event | None = None) -> None:
        if chunk.get("error"):
            self._ended = True
            self._sink.fail(with_signatures_understood(failure_in_stream(chunk["error"])))
            return
        if (usage := usage_of(chunk.get("usageMetadata"))) is not None:
            self._usage = usage
            self._sink.usage(usage)
        feedback = chunk.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._is_blocked = True
        candidates = chunk.get("candidates")
        for candidate in candidates if isinstance(candidates, list) else ():
            if isinstance(candidate, dict) and not candidate.get("index"):
                self._candidate(candidate)

    def _candidate(self, candidate: Mapping[str, Any]) -> None:
        self._has_candidates = True
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                self._part(part)
        self._grounding.feed(candidate.get("groundingMetadata"))
        if reason := candidate.get("finishReason"):
            self._reason = reason_of(reason)
            self._words = str(candidate.get("finishMessage") or "")

    def _part(self, part: Mapping[str, Any]) -> None:
        signature = part.get("thoughtSignature")
        value = signature if isinstance(signature, str) else ""
        text, call = part.get("text"), part.get("functionCall")
        if isinstance(call, dict):
            self._call(call, value)
        elif isinstance(text, str) and (text or value):
            self._calls.end()
            kind: Kind = "thought" if part.get("thought") else "text"
            if text:
                self._say(text, kind)
            if value:
                self._sign(Signature(value, kind, len(text)))

    def _say(self, text: str, kind: Kind) -> None:
        if not text.isspace():
            self._say_signatures()
        if kind == "thought":
            self._sink.thinking(text)
        else:
            self._sink.text(text)
        self._has_unsigned_thought = kind == "thought"

    def _call(self, call: Mapping[str, Any], signature: str) -> None:
        if call.get("name"):
            self._calls.end()
        if signature:
            self._sign(Signature(signature, "call"))
        self._say_signatures()
        self._calls.feed(call)
        self._has_unsigned_thought = False

    def _sign(self, signature: Signature) -> None:
        """Says a signature with the thought that it signs or that leads to its call, or by itself."""
        sealed = self._seal.close(signature.state)
        if self._has_unsigned_thought and signature.on != "text":
            self._sink.signature(sealed)
        else:
            self._signatures.append(sealed)
        self._has_unsigned_thought = False

    def _say_signatures(self) -> None:
        """Says the signatures that wait for something to follow them.

        At the very end nothing does, and they are lost: clients take the last block for the answer, and
        the server misses only the signatures of calls.
        """
        for sealed in self._signatures:
            self._sink.redacted_thinking(sealed)
        self._signatures.clear()

    # -- the end --------------------------------------------------------------------------------

    def _end(self, *, is_complete: bool) -> None:
        """Ends the answer, if the server gave a reason or else said that this is all."""
        if self._reason is None and self._is_blocked and not self._has_candidates:
            self._reason = "PROHIBITED_CONTENT"
        if self._reason is None and not (is_complete and self._has_candidates):
            raise UpstreamBroken("The provider's answer ended before it was complete.")
        self._ended = True
        if self._reason == UNSIGNED:
            self._sink.fail(signature_refused())
        elif self._reason in FAILED:
            words = f"The provider ended the answer with {self._reason}. {self._words}".strip()
            self._sink.fail(failure_in_stream({"message": words}))
        else:
            self._finish(STOP_REASONS.get(self._reason or "", "end_turn"))

    def _finish(self, reason: StopReason) -> None:
        self._calls.end(cut_short=reason == "max_tokens")
        self._grounding.say(self._sink)
        if self._usage is not None and self._grounding.searches:
            self._sink.usage(replace(self._usage, web_searches=self._grounding.searches))
        if reason == "end_turn" and self._calls.seen:
            reason = "tool_use"
        self._sink.finish(reason)


def reason_of(value: Any) -> str:
    """A `finishReason` by its name."""
    return NUMBERED.get(value, "STOP") if isinstance(value, int) else str(value).upper()


def usage_of(metadata: Any) -> Usage | None:
    """The usage that a chunk reports, counted the Anthropic way."""
    if not isinstance(metadata, dict):
        return None
    prompt, output = metadata.get("promptTokenCount"), metadata.get("candidatesTokenCount")
    if not isinstance(prompt, int) and not isinstance(output, int):
        return None
    cached = _count(metadata.get("cachedContentTokenCount"))
    thinking = _count(metadata.get("thoughtsTokenCount"))
    whole = (_count(prompt) or 0) + (_count(metadata.get("toolUsePromptTokenCount")) or 0)
    return Usage(
        input=max(0, whole - (cached or 0)),
        output=(_count(output) or 0) + (thinking or 0),
        cache_read=cached,
        thinking=thinking,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
