"""Answers to a result: what the check says, what was dropped, what helps. No IO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.conformance.case import Answer, Case, Result, Subject
from gateway.conformance.checks import quoted, sound_calls
from gateway.conformance.remedies import LAST, chosen, for_dropped, for_error

BUSY = frozenset({429, 529})
"""Statuses that say nothing about what a target can do."""

ORIGIN = "anthropic"
"""The dialect in which the gateway changes nothing that it need not."""


def judge(case: Case, answers: Sequence[Answer], subject: Subject) -> Result:
    """The result of one attempt, without its time."""
    tokens = sum(a.usage.prompt + a.usage.output for a in answers if a.usage is not None)
    if not answers:
        result = Result(case, "not tried", "it needs a fact about the model")
        return replace(result, remedy=chosen(case.remedies, subject))
    last = answers[-1]
    if last.status in BUSY:
        result = Result(case, "not tried", f"HTTP {last.status}: {quoted(last.error)}")
    elif last.status == 400 and case.origin_refuses and subject.dialect == ORIGIN:
        detail = f"refused, as Anthropic's own servers do: {quoted(last.error)}"
        result = Result(case, "degraded", detail, for_error(last, subject, case.remedies))
    elif last.status != 200 and (not case.expects_error or not last.reached):
        detail = f"HTTP {last.status}: {quoted(last.error)}" if last.reached else last.error
        remedy = for_error(last, subject, case.remedies)
        result = Result(case, "failed", detail, remedy)
    else:
        result = _checked(case, answers, subject)
    return replace(result, tokens=tokens)


def _checked(case: Case, answers: Sequence[Answer], subject: Subject) -> Result:
    # A conversation ends early when there is no call to answer: that is what there is to judge then.
    check = case.check if len(answers) == len(case.turns) else sound_calls
    verdict = check(answers)
    dropped = [what for answer in answers for what in answer.dropped if what not in case.may_drop]
    if dropped and verdict.outcome in ("ok", "model did not"):
        # What did not go out cannot be obeyed; that it did not go out was said.
        detail = f"not sent: {', '.join(dict.fromkeys(dropped))}"
        return Result(case, "degraded", detail, for_dropped(dropped, subject))
    if verdict.outcome == "ok":
        return Result(case, "ok", verdict.detail)
    if verdict.outcome == "failed" and answers[-1].status != 200:
        remedy = chosen(verdict.remedies, subject)
        remedy = remedy or for_error(answers[-1], subject, case.remedies)
        return Result(case, "failed", verdict.detail, remedy)
    # What a case names helps against a server that fails it, not against a model's own mind.
    by_case = (*case.remedies, LAST) if verdict.outcome == "failed" else ()
    remedy = chosen((*verdict.remedies, *by_case), subject)
    return Result(case, verdict.outcome, verdict.detail, remedy)
