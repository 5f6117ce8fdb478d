"""What a record tells of its request, and what it leaves open."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from recording_language import COUNTER, exchange, recorded, snapshot

from gateway.pipeline import Exchange
from gateway.recording import Making, Recorded, Router, decode, encode, with_every_key
from gateway.recording.facts import RecordedFacts, judged
from gateway.routing.formula import All, Flag, Formula, Holds, Not, Some

# -- three answers -----------------------------------------------------------------------------------

NAMES = ("a", "b", "c")


class Partly:
    """Facts of which some are known."""

    def __init__(self, values: dict[str, bool | None]) -> None:
        self.values = values

    def knows(self, variable: Flag) -> bool:
        return self.values[variable.name] is not None


def flag(name: str) -> Formula:
    return Holds(Flag(name, lambda facts: cast(Any, facts).values[name]))


formulas: st.SearchStrategy[Formula] = st.recursive(
    st.sampled_from(NAMES).map(flag),
    lambda parts: st.one_of(
        parts.map(Not),
        st.lists(parts, max_size=3).map(lambda some: All(tuple(some))),
        st.lists(parts, max_size=3).map(lambda some: Some(tuple(some))),
    ),
    max_leaves=8,
)
values = st.fixed_dictionaries({name: st.none() | st.booleans() for name in NAMES})


def completions(partly: dict[str, bool | None]) -> list[dict[str, bool | None]]:
    """Every way in which what is open may be."""
    found: list[dict[str, bool | None]] = [dict(partly)]
    for name in NAMES:
        if partly[name] is None:
            found = [{**one, name: answer} for one in found for answer in (False, True)]
    return found


def verdict(formula: Formula, known: dict[str, bool | None]) -> bool | None:
    return judged(formula)(cast(RecordedFacts, Partly(known)))


@given(formulas, values)
def test_an_answer_holds_however_the_rest_may_be(
    formula: Formula, known: dict[str, bool | None]
) -> None:
    """What is not known is not guessed: a definite answer is right for every request it may have been."""
    answers = {verdict(formula, whole) for whole in completions(known)}
    assert None not in answers
    said = verdict(formula, known)
    assert said is None or answers == {said}


# -- a record routes as its request did --------------------------------------------------------------

CONFIG = """
providers:
  x: {dialect: openai-chat, base_url: "http://127.0.0.1:9"}
  y: {dialect: openai-chat, base_url: "http://127.0.0.1:9"}
models: {"x:small": {context: 300, images: false}}
transforms: {brief: [{system: {append: "Be brief."}}]}
rules:
  - {name: hush, when: {system: hush}, use: "x:hush"}
  - {name: said, when: {last_user: "/deep+ly/", stream: true}, use: "x:said"}
  - {name: team, when: {header: {x-team: blue}}, use: "x:team"}
  - {name: tools, when: {tools: {include: ["mcp__*"], count: {below: 3}}}, use: "x:tools"}
  - {name: forced, when: {tools: {forced: true}}, use: "x:forced"}
  - {name: thinks, when: {thinking: {effort: [high, max]}}, use: "x:thinks"}
  - {name: looped, when: {loop: 2}, use: "x:looped"}
  - {name: errors, when: {has: tool_error}, use: "x:errors"}
  - {name: after, when: {tokens: {above: 500, of: outgoing}}, use: "x:after", transforms: [brief]}
  - {name: side, when: {request_class: auxiliary}, use: "y:side"}
  - {name: sampled, when: {sample: 30%}, use: "y:sampled"}
  - {name: fits, when: {tokens: {above: 100}}, use: ["x:small", "y:large"], needs: auto}
default: "y:rest"
server_tools: {use: "y:search"}
"""
SNAPSHOT = with_every_key(snapshot(CONFIG))

TOOLS = st.sampled_from(
    [
        {"name": "Bash", "input_schema": {"type": "object"}},
        {"name": "mcp__git__log", "input_schema": {"type": "object"}},
        {"name": "web_search", "type": "web_search_20250305"},
    ]
)
CALL = [{"type": "tool_use", "id": "c", "name": "Bash", "input": {"command": "ls"}}]
MESSAGES = st.lists(
    st.sampled_from(
        [
            {"role": "user", "content": "think deeeply"},
            {"role": "user", "content": "hi " * 150},
            {"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]},
            {"role": "assistant", "content": CALL},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c", "content": "x", "is_error": True}
                ],
            },
        ]
    ),
    max_size=4,
)
BODIES = st.fixed_dictionaries(
    {"messages": MESSAGES},
    optional={
        "system": st.sampled_from(["hush: confidential", "You are helpful."]),
        "stream": st.booleans(),
        "tools": st.lists(TOOLS, min_size=1, max_size=3),
        "tool_choice": st.sampled_from([{"type": "any"}, {"type": "auto"}]),
        "thinking": st.just({"type": "adaptive"}),
        "output_config": st.sampled_from([{"effort": "high"}, {"effort": "low"}]),
        "max_tokens": st.sampled_from([1, 10, 4096]),
        "metadata": st.sampled_from(
            [{"user_id": '{"session_id": "of-one"}'}, {"user_id": '{"session_id": "of-two"}'}]
        ),
    },
)
HEADERS = st.sampled_from([{}, {"x-team": "blue"}, {"x-team": "red"}])


def record_of(made: Exchange) -> Recorded:
    record = Making().record(made, at=1.0, status=200, seconds=0.5)
    assert record is not None
    return decode(encode(record))


@given(BODIES, HEADERS)
def test_a_record_routes_as_its_request_did(body: dict[str, Any], headers: dict[str, str]) -> None:
    """By the config that served it everything is known: what it lacks was asked of the request itself."""
    made = exchange(SNAPSHOT, body, headers=headers)
    decision = Router(SNAPSHOT, COUNTER).decide(record_of(made))
    assert decision.is_known, decision
    assert decision.target == str(made.route.target)
    assert decision.rule == (made.route.rule or made.route.origin)


@given(BODIES, HEADERS)
def test_nothing_that_a_person_wrote_stands_in_a_record(
    body: dict[str, Any], headers: dict[str, str]
) -> None:
    """Neither prompt nor header, and of names of sessions a digest."""
    line = encode(record_of(exchange(SNAPSHOT, body, headers=headers)))
    for written in (b"deeeply", b"confidential", b"blue", b"helpful", b"of-one", b"command"):
        assert written not in line


def test_a_rule_that_asks_the_same_is_answered_under_another_name() -> None:
    """The answer belongs to the conditions, wherever the rule stands and whatever it is called."""
    record = record_of(exchange(SNAPSHOT, {"system": "hush"}))
    lab = CONFIG.split("rules:")[0]
    same = '[{name: private, when: {system: hush}, use: "y:private"}]'
    other = '[{name: private, when: {system: "hush!"}, use: "y:private"}]'
    tail = '\ndefault: "y:rest"\n'
    decided = Router(snapshot(f"{lab}rules: {same}{tail}"), COUNTER).decide(record)
    assert (decided.rule, decided.target) == ("private", "y:private")
    open_question = Router(snapshot(f"{lab}rules: {other}{tail}"), COUNTER).decide(record)
    assert open_question.lacking == ("system",)


def test_a_record_with_a_body_leaves_nothing_open() -> None:
    """What it lacks as a fact is read off the body."""
    lab = CONFIG.split("rules:")[0]
    rules = '[{name: b, when: {system: new, header: {x-team: blue}}, use: "y:b"}]'
    config = snapshot(f'{lab}rules: {rules}\ndefault: "y:rest"\n')
    body = {"model": "m", "messages": [], "system": "something new"}
    record = recorded(model="m", body=body, headers={"x-team": "blue"})
    assert Router(config, COUNTER).decide(record).target == "y:b"


def test_headers_that_hold_keys_are_not_kept() -> None:
    """A rule that asks for one is not answered by a record, and one that asks for another is."""
    lab = CONFIG.split("rules:")[0]
    rule = '[{name: b, when: {header: {x-api-key: "sk-*"}}, use: "y:b"}]'
    config = snapshot(f'{lab}rules: {rule}\ndefault: "y:rest"\n')
    other = snapshot(f'{lab}rules: {rule.replace("x-api-key", "x-team")}\ndefault: "y:rest"\n')
    made = exchange(other, {}, headers={"x-api-key": "of-the-client", "x-team": "sk-blue"})
    record = Making().record(made, at=1.0, status=200, seconds=0.0)
    assert record is not None
    assert record.headers == {"x-team": "sk-blue"}
    assert Router(config, COUNTER).decide(record).lacking == ("header x-api-key",)
    assert Router(other, COUNTER).decide(record).target == "y:b"


def test_what_is_too_large_to_be_kept_is_open() -> None:
    """A thousand tools are not written down; a rule that asks for their names is not answered."""
    tools = [{"name": f"t{n}", "input_schema": {}} for n in range(1000)]
    config = snapshot(CONFIG.replace(", count: {below: 3}", ""))
    record = record_of(exchange(config, {"tools": tools}))
    assert record.lacks == ("tools",)
    assert record.tool_count == 1000
    router = Router(config, COUNTER)
    assert router.decide(record).lacking == ("tools",)


def test_a_request_that_cannot_be_read_has_no_record() -> None:
    """Its facts are nobody's."""
    made = exchange(snapshot('default: "openai:m"'), {})
    made.facts.__dict__.pop("contents", None)
    broken = exchange(snapshot('default: "openai:m"'), {"tools": 5})
    assert Making().record(made, at=1.0, status=200, seconds=0.0) is not None
    assert Making().record(broken, at=1.0, status=400, seconds=0.0) is None
