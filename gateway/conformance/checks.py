"""What answers have to look like. No IO.

A check tells apart what is broken from what the model chose to say: an empty answer, a call that came
as text, arguments that their schema refuses are faults; another word than the one asked for is not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gateway import json_text
from gateway.conformance.case import Answer, Check, Outcome, Verdict
from gateway.conformance.legality import faults_of
from gateway.correction import ToolCatalog
from gateway.correction.schema import Uncheckable, compiled

OK = Verdict()
LEGAL_ID = re.compile(r"[A-Za-z0-9_-]+")
CALL_AS_TEXT = re.compile(
    r"<tool_call|<function[=_ ]|\[TOOL_CALLS\]|<\|python_tag\|>|\"arguments\""
)
"""How models write a call when the server does not read it out of their text."""

FORMAT, ONE_CALL = "output_config.format", "tool_choice.disable_parallel_tool_use"
"""What dialects call these when a target is not sent them."""

SHOWN = 80
"""Characters of an answer that a detail quotes."""

_WORST: Sequence[Outcome] = ("failed", "model did not", "not tried", "degraded", "ok")


def all_of(*checks: Check) -> Check:
    """Each check holds; of those that do not, the worst speaks."""

    def check(answers: Sequence[Answer]) -> Verdict:
        verdicts = [each(answers) for each in checks]
        return min(verdicts, key=lambda v: (_WORST.index(v.outcome), not v.detail))

    return check


def quoted(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return repr(line if len(line) <= SHOWN else line[: SHOWN - 1] + "…")


def did_not(answer: Answer, wanted: str) -> Verdict:
    """The model said something else; or nothing, which is a fault when the answer is complete."""
    if answer.stop_reason == "max_tokens":
        return Verdict("model did not", f"{wanted}: it ran out of tokens before")
    if not answer.content or (not answer.text.strip() and not answer.calls):
        return Verdict("failed", "the answer is empty", ("empty-answer",))
    said = quoted(answer.text) if answer.text.strip() else f"a call of {answer.calls[0]['name']}"
    return Verdict("model did not", f"{wanted}: it answered {said}")


# -- text --------------------------------------------------------------------------------------------


def says(*words: str) -> Check:
    """The text of the last answer holds these words, in whatever case."""

    def check(answers: Sequence[Answer]) -> Verdict:
        last = answers[-1]
        spoken = last.text.casefold()
        missing = [word for word in words if word.casefold() not in spoken]
        return did_not(last, f"say {quoted(missing[0])}") if missing else OK

    return check


def says_in_order(*words: str) -> Check:
    """The text of the last answer holds these words, each behind the one before."""

    def check(answers: Sequence[Answer]) -> Verdict:
        rest = answers[-1].text.casefold()
        for word in words:
            _, found, rest = rest.partition(word.casefold())
            if not found:
                return did_not(answers[-1], f"say {' and then '.join(words)}")
        return OK

    return check


def answers_something(answers: Sequence[Answer]) -> Verdict:
    """There is text."""
    return OK if answers[-1].text.strip() else did_not(answers[-1], "say something")


def stops_as(*reasons: str) -> Check:
    """The last answer ends with one of these stop reasons."""

    def check(answers: Sequence[Answer]) -> Verdict:
        reason = answers[-1].stop_reason
        if reason in reasons:
            return OK
        detail = f"stop_reason is {reason or 'missing'}, expected {' or '.join(reasons)}"
        return Verdict("failed", detail)

    return check


def stopped_before(word: str, before: str) -> Check:
    """The text ends where the stop sequence `word` would stand; it says what comes before it."""

    def check(answers: Sequence[Answer]) -> Verdict:
        last = answers[-1]
        if word in last.text:
            detail = f"the answer goes on past the stop sequence {word!r}"
            return Verdict("failed", detail, ("keep-stops",))
        if before not in last.text:
            return did_not(last, f"say {before} before it stops")
        if last.stop_reason == "stop_sequence":
            named = last.message.get("stop_sequence") == word
            return OK if named else Verdict("failed", "stop_sequence does not name what was found")
        detail = f"the provider does not say that a sequence was found: {last.stop_reason}"
        return Verdict("degraded", detail, ("keep-stops",))

    return check


def is_json_of(schema: Mapping[str, Any]) -> Check:
    """The text of the last answer is JSON that the schema accepts."""

    def check(answers: Sequence[Answer]) -> Verdict:
        last = answers[-1]
        if FORMAT in last.dropped:
            return (
                OK  # nothing asked for JSON: that the format did not go out is what is to be told
            )
        if (verdict := thinks_apart(answers)).outcome != "ok":
            return verdict
        try:
            value = json_text.decode(last.text)
        except json_text.NotJSON:
            return Verdict("failed", f"the answer is not JSON: {quoted(last.text)}")
        if compiled(schema).accepts(value):
            return OK
        return Verdict("failed", f"the schema does not accept {quoted(last.text)}")

    return check


# -- tool calls --------------------------------------------------------------------------------------


def calls(name: str, *arguments: Mapping[str, Any]) -> Check:
    """The last answer calls the tool once for each of these arguments, and nothing else."""

    def check(answers: Sequence[Answer]) -> Verdict:
        last = answers[-1]
        if (verdict := sound_calls(answers)).outcome != "ok":
            return verdict
        others = [str(call["name"]) for call in last.calls if call["name"] != name]
        if others:
            return Verdict("model did not", f"call {name}: it called {others[0]}")
        made = [call["input"] for call in last.calls]
        if len(made) < len(arguments):
            detail = f"make {len(arguments)} calls in one answer: it made {len(made)}"
            return Verdict("model did not", detail, ("one-at-a-time",))
        if not _same(made, arguments):
            return Verdict("model did not", f"call with the given arguments: {quoted(str(made))}")
        return _told_repairs(last)

    return check


def _same(made: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """The same values, in whatever order; the keys of an object have none."""
    left = list(made)
    for value in wanted:
        if value not in left:
            return False
        left.remove(value)
    return not left


def calls_one_of(names: Collection[str]) -> Check:
    """The last answer calls one of these tools, with whatever arguments their schemas accept."""

    def check(answers: Sequence[Answer]) -> Verdict:
        if (verdict := sound_calls(answers)).outcome != "ok":
            return verdict
        other = [str(c["name"]) for c in answers[-1].calls if c["name"] not in names]
        return Verdict("failed", f"it called {other[0]}") if other else _told_repairs(answers[-1])

    return check


def calls_at_most(number: int) -> Check:
    """The last answer holds no more calls than this."""

    def check(answers: Sequence[Answer]) -> Verdict:
        made = len(answers[-1].calls)
        if made <= number or ONE_CALL in answers[-1].dropped:
            return OK
        return Verdict("failed", f"it makes {made} calls, where {number} are allowed")

    return check


def sound_calls(answers: Sequence[Answer]) -> Verdict:
    """The last answer holds calls that a client can run: named, numbered, valid, announced."""
    last = answers[-1]
    if not last.calls:
        if CALL_AS_TEXT.search(last.text):
            detail = f"the call came as text: {quoted(last.text)}"
            return Verdict("failed", detail, ("tool-parser",))
        return did_not(last, "call a tool")
    ids = [str(call.get("id") or "") for call in last.calls]
    if len(set(ids)) < len(ids) or not all(map(LEGAL_ID.fullmatch, ids)):
        return Verdict("failed", f"ids of calls are missing, illegal or the same: {ids}")
    catalog = ToolCatalog(last.asked.get("tools") or ())
    for call in last.calls:
        if (fault := _fault_of(call, catalog)) is not None:
            return fault
    if last.stop_reason != "tool_use":
        return Verdict("failed", f"stop_reason is {last.stop_reason} although there are calls")
    return OK


def _fault_of(call: Mapping[str, Any], catalog: ToolCatalog) -> Verdict | None:
    name = str(call.get("name"))
    if name not in catalog:
        return Verdict("failed", f"it calls {name!r}, which was not offered", ("repair",))
    try:
        accepted = catalog.schema(name).accepts(call.get("input"))
    except Uncheckable:
        return None
    if accepted:
        return None
    detail = f"the schema of {name} does not accept {quoted(json_text.encode_text(call['input']))}"
    return Verdict("failed", detail, ("repair",))


def _told_repairs(answer: Answer) -> Verdict:
    repaired = [c for c in answer.corrections if c.status == "repaired"]
    if not repaired:
        return OK
    what = ", ".join(f"{r.rule} {r.detail}" for c in repaired for r in c.repairs)
    return Verdict("degraded", f"the gateway had to repair the call: {what}")


# -- thinking ----------------------------------------------------------------------------------------


def thinks(answers: Sequence[Answer]) -> Verdict:
    """The first answer shows thinking, or is known to hold some."""
    first = answers[0]
    if first.blocks("thinking", "redacted_thinking") or (first.usage and first.usage.thinking):
        return OK
    return Verdict("degraded", "no thinking came back", ("think", "other-model-thinks"))


def thinks_apart(answers: Sequence[Answer]) -> Verdict:
    """The text of the last answer holds no tags of thinking."""
    text = answers[-1].text
    if "</think>" not in text:
        return OK
    by_tag = "think-tags" if "<think>" in text else "think-tag-opened"
    return Verdict("failed", f"thinking came as text: {quoted(text)}", (by_tag, "think-parser"))


def thinks_not(answers: Sequence[Answer]) -> Verdict:
    """The last answer shows no thinking."""
    if not answers[-1].blocks("thinking", "redacted_thinking"):
        return OK
    return Verdict(
        "degraded", "the model thinks although it was told not to", ("disable-thinking",)
    )


def signed(answers: Sequence[Answer]) -> Verdict:
    """Thinking carries what its origin wants back; without a signature there is nothing to carry."""
    thoughts = answers[0].blocks("thinking")
    if thoughts and not any(block.get("signature") for block in thoughts):
        return Verdict("ok", "thinking comes without a signature: this target needs none back")
    return OK


# -- streams -----------------------------------------------------------------------------------------


def legal(answers: Sequence[Answer]) -> Verdict:
    """Every streamed answer has a legal order of events."""
    faults = [fault for answer in answers if answer.events for fault in faults_of(answer.events)]
    return Verdict("failed", "; ".join(faults[:3])) if faults else OK


def in_pieces(answers: Sequence[Answer]) -> Verdict:
    """A longer text comes in several pieces."""
    if answers[-1].pieces > 1:
        return OK
    return Verdict("degraded", "the answer comes in one piece, at its end", ("no-stream",))


def same_shape(answers: Sequence[Answer]) -> Verdict:
    """Two answers have the same kinds of blocks (thinking aside), calls and stop reason."""
    shapes = [_shape(answer) for answer in answers]
    if shapes[0] == shapes[1]:
        return OK
    return Verdict("failed", f"streamed it is {shapes[0]}, whole it is {shapes[1]}")


def _shape(answer: Answer) -> str:
    kinds = [str(b.get("type")) for b in answer.blocks("text", "tool_use")]
    inputs = [json_text.encode_text(call["input"]) for call in answer.calls]
    return " ".join([*dict.fromkeys(kinds), *inputs, answer.stop_reason])


# -- usage -------------------------------------------------------------------------------------------


def tells_usage(answers: Sequence[Answer]) -> Verdict:
    """The provider says what each answer cost, and the client is told the same."""
    for answer in answers:
        if answer.usage is None:
            detail = "the provider does not say what it cost; clients see an estimate"
            return Verdict("failed", detail, ("stream-usage", "no-usage"))
        if answer.usage.prompt <= 0 or answer.usage.output <= 0:
            detail = f"it cost {answer.usage.prompt} tokens in and {answer.usage.output} out"
            return Verdict("failed", f"{detail}, says the provider", ("no-usage",))
        told = answer.message.get("usage")
        told = told if isinstance(told, dict) else {}
        if told.get("output_tokens") != answer.usage.output:
            return Verdict("failed", "the client is told another number than the provider said")
    return OK


def same_prompt(answers: Sequence[Answer]) -> Verdict:
    """Two answers to the same prompt report about the same size of it."""
    sizes = [answer.usage.prompt for answer in answers if answer.usage is not None]
    if len(sizes) < 2 or max(sizes) <= 1.2 * min(sizes) + 16:
        return OK
    detail = f"the same prompt has {sizes[0]} tokens streamed and {sizes[1]} whole"
    return Verdict("failed", detail, ("no-usage",))


def grows(answers: Sequence[Answer]) -> Verdict:
    """A prompt that is longer by much costs more."""
    sizes = [answer.usage.prompt for answer in answers if answer.usage is not None]
    if len(sizes) < 2 or sizes[1] > sizes[0]:
        return OK
    detail = f"a short prompt has {sizes[0]} tokens, a long one {sizes[1]}"
    return Verdict("failed", f"{detail}: it is cut, or not counted", ("context", "no-usage"))


def counted_right(answers: Sequence[Answer]) -> Verdict:
    """The gateway's own count of a long prompt is near what the provider reports."""
    last = answers[-1]
    if last.usage is None or last.usage.prompt <= 0:
        return Verdict("not tried", "the provider does not say what it cost", ("no-usage",))
    off = (last.counted - last.usage.prompt) / last.usage.prompt
    detail = f"counted {last.counted}, reported {last.usage.prompt}: {off:+.0%}"
    return Verdict("degraded" if abs(off) > 0.25 else "ok", detail)


# -- errors ------------------------------------------------------------------------------------------


def refused(*statuses: int) -> Check:
    """The request is refused with one of these statuses, in the API's form and in words."""

    def check(answers: Sequence[Answer]) -> Verdict:
        last = answers[-1]
        if last.status == 200:
            return Verdict("degraded", f"it is answered all the same: {quoted(last.text)}")
        if last.status not in statuses:
            wanted = " or ".join(map(str, statuses))
            detail = (
                f"HTTP {last.status} {last.error_type}, expected {wanted}: {quoted(last.error)}"
            )
            return Verdict("failed", detail, ("wrong-status",))
        if not last.error.strip() or not last.error_type:
            return Verdict("failed", "the error says nothing")
        return OK

    return check
