"""Reads chat answers, streamed or whole, and says them to a sink. No IO.

A whole answer is read by the same code as one chunk that holds everything, so the two cannot differ.
Reference: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.failures import failure_in_stream
from gateway.dialects.openai_chat.calls import ToolCalls
from gateway.dialects.whole import WholeBody
from gateway.errors import UpstreamBroken
from gateway.messages import Sink, StopReason, Usage
from gateway.sse import Event, EventTooLarge, Splitter

STOP_REASONS: Mapping[str, StopReason] = {
    "stop": "end_turn",
    "eos": "end_turn",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "length": "max_tokens",
    "model_length": "max_tokens",
    "content_filter": "refusal",
}
"""Reasons to finish; unknown ones mean that the model finished by itself."""

FAILED = frozenset({"error", "network_error", "insufficient_system_resource"})
"""Reasons to finish that are no reasons of the model."""


class ChatReader:
    """Satisfies `Reader`."""

    def __init__(self, sink: Sink, *, streamed: bool, tool_names: Mapping[str, str]) -> None:
        self._sink = sink
        self._streamed = streamed
        self._splitter = Splitter()
        self._calls = ToolCalls(sink, tool_names)
        self._whole = WholeBody()
        self._is_whole = False
        self._reason: str | None = None
        self._refused = False
        self._ended = False

    def receive(self, chunk: bytes) -> None:
        """Takes bytes; a whole answer is kept until `finish`."""
        if not self._streamed:
            self._whole.add(chunk)
            return
        try:
            for event in self._splitter.feed(chunk):
                self._event(event)
        except EventTooLarge as error:
            raise UpstreamBroken(f"The provider's stream makes no sense: {error}.") from None

    def finish(self) -> None:
        """The bytes have ended."""
        if not self._streamed:
            self._read_whole()
            return
        for event in self._splitter.finish():
            self._event(event)
        if self._is_whole and not self._ended and self._reason is None:
            self._read_whole()  # JSON where a stream was announced
        elif not self._ended:
            self._end()

    def _event(self, event: Event) -> None:
        data = event.data.strip()
        if self._ended:
            return
        if not data:
            if event.raw.lstrip()[:1] == b"{" or self._is_whole:
                self._is_whole = True
                self._whole.add(event.raw)
            return
        if data == b"[DONE]":
            self._end(is_complete=True)
            return
        try:
            chunk = json_text.decode(data)
        except json_text.NotJSON:
            raise UpstreamBroken("The provider's stream holds a chunk that is not JSON.") from None
        if isinstance(chunk, dict):
            self._chunk(chunk)

    def _read_whole(self) -> None:
        value = self._whole.value(unwrap=True)
        self._streamed = False
        self._chunk(value)
        if not self._ended:
            if not value.get("choices"):
                raise UpstreamBroken("The provider's answer holds no choices.")
            self._end(is_complete=True)

    # -- one chunk ------------------------------------------------------------------------------

    def _chunk(self, chunk: dict[str, Any]) -> None:
        if (error := error_of(chunk)) is not None:
            self._fail(error)
            return
        if (usage := usage_of(chunk)) is not None:
            self._sink.usage(usage)
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            if self._reason is not None and chunk.get("usage"):
                self._end()  # the usage chunk is the last one, whether or not [DONE] follows
            return
        for choice in choices:
            if isinstance(choice, dict) and not choice.get("index"):
                self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        if choice.get("error"):
            self._fail(choice["error"])
            return
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            self._delta(delta, is_whole="delta" not in choice and not self._streamed)
        if choice.get("finish_reason") is not None:
            self._reason = str(choice["finish_reason"]).lower()

    def _delta(self, delta: dict[str, Any], *, is_whole: bool) -> None:
        self._thinking(thinking_of(delta))
        content = delta.get("content")
        if isinstance(content, str):
            self._text(content)
        elif isinstance(content, list):
            self._parts(content)
        if refusal := delta.get("refusal"):
            self._refused = True
            self._text(str(refusal))
        pieces = delta.get("tool_calls")
        for number, piece in enumerate(pieces if isinstance(pieces, list) else ()):
            # In a whole message each entry is a call of its own, whatever index it carries.
            renumbered = is_whole and isinstance(piece, dict)
            self._calls.feed({**piece, "index": number} if renumbered else piece)
        legacy = delta.get("function_call")
        if isinstance(legacy, dict) and (legacy.get("name") or legacy.get("arguments")):
            self._calls.feed({"function": legacy}, index=0)

    def _parts(self, parts: list[Any]) -> None:
        """Content as a list: text, and thinking in a shape of its own."""
        for part in parts:
            if isinstance(part, str):
                self._text(part)
            elif not isinstance(part, dict):
                continue
            elif part.get("type") == "thinking":
                self._thinking(joined_text(part.get("thinking")))
            elif isinstance(part.get("text"), str):
                self._text(part["text"])

    def _text(self, text: str) -> None:
        """Text that follows tool calls ends them, because blocks come one at a time.

        White space does not: several servers send a line break beside the pieces of a call.
        """
        if self._calls.pending and text and not text.isspace():
            self._calls.end()
        self._sink.text(text)

    def _thinking(self, text: str) -> None:
        if self._calls.pending:
            if not text or text.isspace():
                return
            self._calls.end()
        self._sink.thinking(text)

    # -- the end --------------------------------------------------------------------------------

    def _fail(self, error: Any) -> None:
        self._ended = True
        self._sink.fail(failure_in_stream(error))

    def _end(self, *, is_complete: bool = False) -> None:
        """Ends the answer, if the server gave a reason or else said that this is all."""
        if self._reason is None and not is_complete:
            raise UpstreamBroken("The provider's stream ended before the answer was complete.")
        if self._reason in FAILED:
            self._fail({"message": f"The provider ended the answer with {self._reason!r}."})
            return
        self._ended = True
        self._calls.end()
        self._sink.finish(self._stop_reason())

    def _stop_reason(self) -> StopReason:
        reason = STOP_REASONS.get(self._reason or "", "end_turn")
        if reason == "max_tokens":
            return reason  # also when the last call is cut short: the client must not trust it
        if self._calls.seen:
            return "tool_use"  # several servers say `stop` after a call, and clients then ignore it
        if reason == "tool_use":
            return "end_turn"
        return "refusal" if self._refused else reason


def thinking_of(delta: Mapping[str, Any]) -> str:
    """The reasoning text of a delta. Servers that fill several fields say the same in each."""
    for name in ("reasoning_content", "reasoning"):
        value = delta.get(name)
        if isinstance(value, dict):
            value = value.get("content") or value.get("text")
        if isinstance(value, str) and value:
            return value
    return joined_text(delta.get("reasoning_details"))


def joined_text(value: Any) -> str:
    """The text of a string or of a list of parts."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    texts = (part.get("text") or part.get("summary") for part in value if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def error_of(chunk: Mapping[str, Any]) -> Any:
    """What stands for an error in a chunk, in the shapes that servers give it."""
    if chunk.get("error"):
        return chunk["error"]
    if chunk.get("object") == "error":
        return chunk
    extra = chunk.get("x_groq")
    return extra.get("error") if isinstance(extra, dict) else None


def usage_of(chunk: Mapping[str, Any]) -> Usage | None:
    """The usage that a chunk reports, counted the Anthropic way."""
    extra = chunk.get("x_groq")
    usage = chunk.get("usage") or (extra.get("usage") if isinstance(extra, dict) else None)
    if not isinstance(usage, dict):
        choices = chunk.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        usage = first.get("usage") if isinstance(first, dict) else None
    if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int):
        return None
    prompt, output = usage["prompt_tokens"], _count(usage.get("completion_tokens"))
    details = _object(usage.get("prompt_tokens_details"))
    cached = _first_count(
        details.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("cached_tokens"),
    )
    written = _first_count(details.get("cache_write_tokens"))
    thinking = _first_count(_object(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    if thinking and usage.get("total_tokens") == prompt + output + thinking:
        output += thinking  # a server that counts thinking beside the completion, not in it
    return Usage(
        input=max(0, prompt - (cached or 0) - (written or 0)),
        output=output,
        cache_read=cached,
        cache_creation=written,
        thinking=thinking,
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _first_count(*values: Any) -> int | None:
    return next((value for value in values if isinstance(value, int) and value >= 0), None)
