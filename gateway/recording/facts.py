"""From a record back to what rules may ask. No IO.

A rule that asks for something that the record lacks is judged all the same where the rest decides; and
by the verdict that was recorded when the very same conditions were asked of the request itself. What is
left is unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from gateway import json_text
from gateway.config.endpoint import SECRET_HEADER
from gateway.messages import MessagesRequest
from gateway.recording.record import Recorded
from gateway.routing import Check, Facts, Rule
from gateway.routing.conditions import contents, outside, sizes, texts
from gateway.routing.facts import Edits
from gateway.routing.formula import (
    All,
    Formula,
    Not,
    Some,
    Variable,
    compiled,
    variables,
)
from gateway.tokens import Size, TokenCounter

ALWAYS = frozenset(
    variable.name
    for variable in (
        *(sizes.TOKENS, sizes.MAX_TOKENS, sizes.BUDGET, sizes.THINKS, sizes.THINKING_TYPE),
        *(sizes.EFFORT, texts.MODEL, texts.KEY, texts.IS_AGENT, texts.AGENT_TYPE),
        *(texts.REQUEST_CLASS, texts.PATH_PREFIX, texts.TAG, contents.STREAM, contents.TOOLS),
        *(contents.TOOL_COUNT, contents.FORCED, contents.CONTENTS, contents.REPEATED),
        outside.LOT,
    )
)
"""Names of the facts that every record holds."""
CLOCK = "time "
"""How the name of a question for the time begins: a record holds the time too."""
NAMES = {texts.SESSION.name: "session", texts.AGENT.name: "agent"}
"""Facts of which a record holds only whether they are there."""
TEXTS = {texts.SYSTEM.name: "system", texts.LAST_USER.name: "last_user"}
"""Facts that a record holds while it is young, or with its body."""
HEADER, OUTGOING = "header ", "tokens after "
"""How the names begin of facts that a record may hold."""

STATED = (
    *("model", "tokens", "stream", "max_tokens", "thinking_type", "thinking_budget", "effort"),
    *("tool_count", "tool_is_forced", "repeated_calls", "continues_turn", "tag", "session"),
    *("agent", "agent_type", "request_class", "lot"),
)
"""Facts that a record states as they are."""


class Unknown(Exception):
    """The record does not tell where the request goes."""

    def __init__(self, lacking: tuple[str, ...]) -> None:
        super().__init__(", ".join(lacking))
        self.lacking = lacking
        """What it lacks: names of facts."""


class RecordedFacts(Facts, dict=True, eq=False, kw_only=True):
    """The facts of a record."""

    record: Recorded
    request: MessagesRequest

    @classmethod
    def of(
        cls,
        record: Recorded,
        counter: TokenCounter,
        edited: Callable[[MessagesRequest, Edits], MessagesRequest],
    ) -> RecordedFacts:
        """What a record tells, and what can be worked out of it."""
        request = request_of(record)
        facts = cls(
            request,
            counter,
            path_prefix=record.path_prefix,
            headers=record.headers or {},
            key=record.key,
            edited=edited,
            record=record,
            request=request,
        )
        facts._state()
        return facts

    def _state(self) -> None:
        record = self.record
        known = {name: getattr(record, name) for name in STATED}
        if record.body is not None and not record.is_counted:
            del known["tokens"]  # it can be counted still
        for name in TEXTS.values():
            if (text := getattr(record, name)) is not None:
                known[name] = text
        known["tools"] = _set(record.tools)
        known["contents"] = _set(record.contents)
        known["now"] = datetime.fromtimestamp(record.at).astimezone()
        self.state(known)

    def outgoing_size(self, edits: Edits) -> Size:
        """The tokens after transforms, where they were counted. Raises `Unknown`."""
        if not edits:
            return Size(self.tokens)
        found = self.record.outgoing.get(",".join(edits))
        if found is None and self.record.body is None:
            raise Unknown((OUTGOING + ", ".join(edits),))
        return super().outgoing_size(edits) if found is None else Size(found)

    def knows(self, variable: Variable) -> bool:
        """The record tells the value of a fact."""
        name, record = variable.name, self.record
        if name in record.lacks:
            return False
        if name in ALWAYS or name.startswith(CLOCK):
            return True
        if name in NAMES:
            return getattr(record, NAMES[name]) is None
        if name.startswith(HEADER):
            return record.headers is not None and not is_secret(name.removeprefix(HEADER))
        has_body = record.body is not None
        if name in TEXTS:
            return has_body or getattr(record, TEXTS[name]) is not None
        if name.startswith(OUTGOING):
            return has_body or name.removeprefix(OUTGOING).replace(", ", ",") in record.outgoing
        return False


@lru_cache(maxsize=256)
def is_secret(header: str) -> bool:
    """The value of such a header is nobody's business, and is not kept."""
    return SECRET_HEADER.search(header) is not None


@lru_cache(maxsize=256)
def _set(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


def request_of(record: Recorded) -> MessagesRequest:
    """The request itself, or what the choice of a target asks of one beside the facts."""
    if record.body is not None:
        return MessagesRequest.parse(json_text.encode(record.body))
    values: dict[str, Any] = {"model": record.model, "messages": []}
    if record.tool_count:
        values["tools"] = [{"type": kind} for kind in record.server_tools]
    return MessagesRequest.made(None, tuple(values), {}, values)


# -- rules -------------------------------------------------------------------------------------------


def asks_more(rule: Rule) -> bool:
    """It asks for something that not every record holds."""
    return any(not _is_plain(variable) for variable in _asked(rule))


def _is_plain(variable: Variable) -> bool:
    return variable.name in ALWAYS or variable.name.startswith(CLOCK)


def _asked(rule: Rule) -> list[Variable]:
    return variables(rule.formula)


def signature(rule: Rule) -> str:
    """The same for rules that ask the same, whatever they are called and wherever they stand."""
    asked = sorted((test.condition, json_text.encode_text(test.wanted)) for test in rule.tests)
    return hashlib.sha256(json_text.encode(asked)).hexdigest()[:12]


def answerable(rule: Rule) -> Rule:
    """The rule as it can be asked of records: it raises `Unknown` where they do not tell."""
    formula = rule.formula
    judge, asked, known_as = judged(formula), variables(formula), signature(rule)

    def holds(facts: RecordedFacts) -> bool:
        verdict = judge(facts)
        if verdict is None:
            verdict = facts.record.verdicts.get(known_as)
        if verdict is None and rule.goes_on and rule.server_tools is None:
            return False  # what it edits does not decide where the request goes
        if verdict is None:
            raise Unknown(tuple(dict.fromkeys(v.name for v in asked if not facts.knows(v))))
        return verdict

    fast = None if asks_more(rule) else compiled(formula)

    def matches(facts: Facts) -> bool:
        assert isinstance(facts, RecordedFacts)  # noqa: S101  # a router asks nothing else
        return holds(facts) if fast is None or facts.record.lacks else fast(facts)

    return replace(rule, tests=(Check("when", {}, formula, matches),))


Verdict = Callable[[RecordedFacts], bool | None]


def judged(formula: Formula) -> Verdict:
    """The formula with a third answer, None: what the record lacks would decide it (Kleene's logic)."""
    match formula:
        case Not(part=part):
            inner = judged(part)
            return lambda facts: None if (found := inner(facts)) is None else not found
        case All(parts=parts):
            return _joined([judged(part) for part in parts], decisive=False)
        case Some(parts=parts):
            return _joined([judged(part) for part in parts], decisive=True)
        case _:
            [variable] = variables(formula)
            holds = compiled(formula)
            return lambda facts: holds(facts) if facts.knows(variable) else None


def _joined(parts: list[Verdict], *, decisive: bool) -> Verdict:
    """One part with the decisive answer decides; without one, a part that does not know leaves it open."""

    def verdict(facts: RecordedFacts) -> bool | None:
        unknown = False
        for part in parts:
            found = part(facts)
            if found is decisive:
                return decisive
            unknown = unknown or found is None
        return None if unknown else not decisive

    return verdict
