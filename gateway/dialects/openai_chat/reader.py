"""Reads chat answers, streamed or whole, and says them to a sink. No IO.

A whole answer is read by the same code as one chunk that holds everything, so the two cannot differ.
Reference: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from gateway.dialects.failures import failure_in_stream
from gateway.dialects.openai_chat.calls import ToolCalls
from gateway.dialects.openai_chat.chunks import (
    THINKS,
    error_of,
    glued_error,
    joined_text,
    thinking_of,
    usage_of,
)
from gateway.dialects.openai_chat.runs import END, Runs
from gateway.dialects.openai_chat.search import Citations
from gateway.dialects.openai_chat.state import Details, State
from gateway.dialects.reading import EventReader
from gateway.errors import UpstreamBroken
from gateway.messages import Sink, StopReason, Usage
from gateway.once import once
from gateway.reasoning import Seal
from gateway.sse import Event

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

ACTS = frozenset({"refusal", "tool_calls", "function_call", "annotations"})
"""Fields of a delta that follow its text."""


class ChatReader(EventReader):
    """Satisfies `Reader`.

    Thinking is signed with sealed state as soon as something else follows it. State that comes with no
    thinking, or too late for it, is a block of its own.
    """

    # What most answers say nothing of.
    _calls: ToolCalls | None = None
    _reason: str | None = None
    _refused = False
    _unsettled = False
    _thought = False
    _signature = ""
    _citations: Citations | None = None
    _usage: Usage | None = None
    _flows = False
    """A piece that comes now in the same wrapping may be said at once, see `_takes_runs`."""

    def __init__(
        self,
        sink: Sink,
        *,
        streamed: bool,
        tool_names: Mapping[str, str],
        seal: Seal,
        searches: bool = False,
    ) -> None:
        """`searches` is true when citations are the results of a web search."""
        super().__init__(streamed=streamed)
        self._sink = sink
        self._seal = seal
        self._tool_names = tool_names
        if searches:
            self._citations = Citations()

    @once
    def _details(self) -> Details:
        return Details(streamed=not self._is_whole)

    @once
    def _runs(self) -> Runs:
        return Runs()

    def _is_answered(self) -> bool:
        return self._reason is not None

    def _rescued(self, data: bytes) -> Any:
        return glued_error(data)

    def _read_whole(self) -> None:
        value = self._whole.value(unwrap=True)
        self._streamed = False
        self._chunk(value)
        if not self._ended:
            if not value.get("choices"):
                raise UpstreamBroken("The provider's answer holds no choices.")
            self._end(is_complete=True)

    # -- pieces that come in the same wrapping --------------------------------------------------

    def receive(self, chunk: bytes) -> None:
        """Takes bytes, cut anywhere."""
        if self._flows and (piece := self._runs.only(chunk)) is not None:
            if self._runs.field == "content":
                self._sink.text(piece)
            else:
                self._thinking(piece)
            return
        if not self._streamed:
            self._whole.add(chunk)
            return
        self._read(chunk)
        self._flows = self._takes_runs

    def _read(self, chunk: bytes) -> None:
        """Reads what is not just the next piece."""
        end = chunk.rfind(END)
        is_alone = end == chunk.find(END) and not self._flows
        if end < 0 or is_alone or not self._runs.hopes:
            super().receive(chunk)
            return
        events, at = chunk[:end].split(END), 0
        while at < len(events):
            if self._takes_runs:
                pieces = self._runs.take(events, at)
                if pieces:
                    self._say(pieces)
                    at += len(pieces)
                    continue
            super().receive(events[at] + END)
            at += 1
        if rest := chunk[end + len(END) :]:
            super().receive(rest)

    def _say(self, pieces: list[str]) -> None:
        """What `_takes_runs`: nothing has to be ended before it."""
        if self._runs.field == "content":
            self._sink.texts(pieces)
        else:
            for piece in pieces:
                self._thinking(piece)

    @property
    def _takes_runs(self) -> bool:
        """Many pieces say here what each of them would say for itself: nothing waits for the first."""
        if not (self._runs.field and self._splitter.is_between):
            return False
        if self._calls is not None and self._calls.pending:
            return False
        return not self._ended and (not self._unsettled or self._runs.field != "content")

    # -- one chunk ------------------------------------------------------------------------------

    def _chunk(self, chunk: dict[str, Any], event: Event | None = None) -> None:
        if event is not None:
            self._runs.learn(chunk, event.raw)
        if (error := error_of(chunk)) is not None:
            self._fail(error)
            return
        if (usage := usage_of(chunk)) is not None:
            self._usage = usage
            self._sink.usage(usage)
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            if self._reason is not None and chunk.get("usage"):
                self._end(
                    is_complete=False
                )  # the usage chunk is the last one, whether or not [DONE] follows
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
            self._delta(delta, choice)
        if reason := choice.get("finish_reason"):
            self._reason = str(reason).lower()

    def _delta(self, delta: dict[str, Any], choice: Mapping[str, Any]) -> None:
        if not THINKS.isdisjoint(delta):
            self._thoughts(delta)
        content = delta.get("content")
        if isinstance(content, str):
            self._text(content)
        elif isinstance(content, list):
            self._parts(content)
        if not ACTS.isdisjoint(delta):
            self._acts(delta, choice)

    def _thoughts(self, delta: dict[str, Any]) -> None:
        if thought := thinking_of(delta):
            self._thinking(thought)
        if isinstance(details := delta.get("reasoning_details"), list) and details:
            self._details.add(details)
            self._unsettled = True

    def _acts(self, delta: dict[str, Any], choice: Mapping[str, Any]) -> None:
        if refusal := delta.get("refusal"):
            self._refused = True
            self._text(str(refusal))
        if isinstance(pieces := delta.get("tool_calls"), list) and pieces:
            # In a whole message each entry is a call of its own, whatever index it carries.
            self._tool_calls(pieces, renumbered="delta" not in choice and not self._streamed)
        legacy = delta.get("function_call")
        if isinstance(legacy, dict) and (legacy.get("name") or legacy.get("arguments")):
            self._settle()
            self._collected().feed({"function": legacy}, index=0)
        if self._citations is not None and (annotations := delta.get("annotations")):
            self._citations.add(annotations)

    def _tool_calls(self, pieces: list[Any], *, renumbered: bool) -> None:
        calls = self._collected()
        if not calls.pending:
            self._settle()
        for number, piece in enumerate(pieces):
            is_renumbered = renumbered and isinstance(piece, dict)
            calls.feed({**piece, "index": number} if is_renumbered else piece)

    def _collected(self) -> ToolCalls:
        """The calls of the answer, of which one comes now."""
        if self._calls is None:
            self._calls = ToolCalls(self._sink, self._tool_names, self._seal)
        return self._calls

    def _parts(self, parts: list[Any]) -> None:
        """Content as a list: text, and thinking in a shape of its own."""
        for part in parts:
            if isinstance(part, str):
                self._text(part)
            elif not isinstance(part, dict):
                continue
            elif part.get("type") == "thinking":
                self._thinking(joined_text(part.get("thinking")))
                if isinstance(signature := part.get("signature"), str) and signature:
                    self._signature, self._unsettled = signature, True
            elif isinstance(part.get("text"), str):
                self._text(part["text"])

    def _text(self, text: str) -> None:
        """Text that follows thinking or tool calls ends them, because blocks come one at a time.

        White space does not: several servers send a line break beside the pieces of a call.
        """
        if text and not text.isspace():
            if self._calls is not None and self._calls.pending:
                self._calls.end()
            if self._unsettled:
                self._settle()
        self._sink.text(text)

    def _thinking(self, text: str) -> None:
        if self._calls is not None and self._calls.pending:
            if not text or text.isspace():
                return
            self._calls.end()
        if text:
            self._thought = self._unsettled = True
        self._sink.thinking(text)

    def _settle(self) -> None:
        """Seals the state that belongs to the thinking so far."""
        if not self._unsettled:
            return
        state: State = {}
        if self._details:
            state["details"] = self._details.take()
        if self._signature:
            state["signature"] = self._signature
        if self._thought:
            self._sink.signature(self._seal.close(state))
        else:
            self._sink.redacted_thinking(self._seal.close(state))
        self._thought = self._unsettled = False
        self._signature = ""

    # -- the end --------------------------------------------------------------------------------

    def _fail(self, error: Any) -> None:
        self._ended = True
        self._sink.fail(failure_in_stream(error))

    def _end(self, *, is_complete: bool) -> None:
        """Ends the answer, if the server gave a reason or else said that this is all."""
        if self._reason is None and not is_complete:
            raise UpstreamBroken("The provider's stream ended before the answer was complete.")
        if self._reason in FAILED:
            self._fail({"message": f"The provider ended the answer with {self._reason!r}."})
            return
        self._ended = True
        if self._calls is not None:
            self._calls.end()
        if self._unsettled:
            self._settle()
        if self._citations:
            self._citations.say(self._sink)
            if self._usage is not None and not self._usage.web_searches:
                self._sink.usage(replace(self._usage, web_searches=1))
        self._sink.finish(self._stop_reason())

    def _stop_reason(self) -> StopReason:
        reason = STOP_REASONS.get(self._reason or "", "end_turn")
        if reason == "max_tokens":
            return reason  # also when the last call is cut short: the client must not trust it
        if self._calls is not None and self._calls.seen:
            return "tool_use"  # several servers say `stop` after a call, and clients then ignore it
        if reason == "tool_use":
            return "end_turn"
        return "refusal" if self._refused else reason
