"""Laws of the offered tools: which are left, in their order, with all that stands in them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, check_transformed, check_unchanged, request, tool
from strategies import tools, words

from gateway.messages import Memory, MessagesRequest
from gateway.messages.recognition import LEAST
from gateway.transforms import TRANSFORMS, Transform, build
from gateway.transforms.tools import SCHEMA

globs = st.one_of(words, st.sampled_from(["*", "a*", "*b", "?", "mcp__*", "A*"]))
options = st.fixed_dictionaries(
    {},
    optional={
        "keep": st.lists(globs, max_size=2),
        "drop": st.lists(globs, max_size=2),
        "describe": st.dictionaries(words, words, max_size=2),
    },
).filter(bool)


def transform(**wanted: Any) -> Transform:
    """The transform, whose options are those that a config may hold."""
    jsonschema.validate(wanted, SCHEMA)
    return build([{"tools": wanted}])


def offered(found: MessagesRequest) -> list[str]:
    """The names on offer."""
    return [item["name"] for item in found.tools]


@given(options, tools)
def test_twice_is_once(wanted: JSON, on_offer: list[JSON]) -> None:
    """Done again, nothing is left to do."""
    once = transform(**wanted)(request(tools=on_offer))
    check_unchanged(transform(**wanted), once)


@given(options, tools)
def test_order_and_fields_are_kept(wanted: JSON, on_offer: list[JSON]) -> None:
    """The tools that stay are the old ones in the old order; only a description may differ."""
    after = transform(**wanted)(request(tools=on_offer)).tools
    named = {item["name"]: item for item in on_offer}
    assert [item["name"] for item in after] == [
        name for name in named if name in {item["name"] for item in after}
    ]
    for item in after:
        described = wanted.get("describe", {}).get(item["name"])
        before = named[item["name"]]
        assert item == (before if described is None else {**before, "description": described})


@given(tools)
def test_nothing_to_do(on_offer: list[JSON]) -> None:
    """Options that touch no tool give back the very same object."""
    before = request(tools=on_offer)
    check_unchanged(transform(keep=["*"]), before)
    check_unchanged(transform(drop=["no such tool"]), before)
    check_unchanged(transform(describe={"no such tool": "x"}), before)


def test_no_tools() -> None:
    """A request without tools is left alone."""
    check_unchanged(transform(keep=["Read"]), request())
    check_unchanged(transform(drop=["*"]), request(tools=[]))


def test_dropping() -> None:
    """A tool named in drop disappears; its neighbours keep their order and their fields."""
    check_transformed(
        transform(drop=["WebSearch", "mcp__*__delete_*"]),
        before=request(
            tools=[
                tool("Read", cache_control={"type": "ephemeral"}),
                tool("WebSearch"),
                tool("mcp__db__delete_row"),
                tool("Edit", x=1),
            ]
        ),
        after=request(tools=[tool("Read", cache_control={"type": "ephemeral"}), tool("Edit", x=1)]),
    )


def test_keeping_and_dropping() -> None:
    """Drop wins over keep; case does not matter."""
    before = request(tools=[tool("Read"), tool("ReadFile"), tool("Bash")])
    assert offered(transform(keep=["read*"], drop=["ReadFile"])(before)) == ["Read"]


def test_describing() -> None:
    """A description is replaced or added, for tools of any kind."""
    check_transformed(
        transform(describe={"Bash": "Runs a command.", "web_search": "Searches."}),
        before=request(
            tools=[tool("Bash"), tool("Read"), {"type": "web_search_1", "name": "web_search"}]
        ),
        after=request(
            tools=[
                tool("Bash", description="Runs a command."),
                tool("Read"),
                {"type": "web_search_1", "name": "web_search", "description": "Searches."},
            ]
        ),
    )


def test_nothing_left() -> None:
    """An empty offer is none, and then there is nothing to choose from."""
    before = request(tools=[tool("Read")], tool_choice={"type": "auto"}, max_tokens=5)
    check_transformed(transform(drop=["*"]), before=before, after=request(max_tokens=5))


@pytest.mark.parametrize(
    ("choice", "is_kept"),
    [
        ({"type": "tool", "name": "Read"}, True),
        ({"type": "tool", "name": "Bash"}, False),
        ({"type": "any"}, True),
        ({"type": "auto", "disable_parallel_tool_use": True}, True),
    ],
    ids=str,
)
def test_forced_choice(choice: JSON, is_kept: bool) -> None:
    """A choice that forces a tool which is gone is withdrawn; any other stays."""
    before = request(tools=[tool("Read"), tool("Bash")], tool_choice=choice)
    after = transform(drop=["Bash"])(before)
    assert after.get("tool_choice") == (choice if is_kept else None)


@given(tools, st.lists(words, max_size=2))
def test_other_fields_keep_their_bytes(on_offer: list[JSON], drop: list[str]) -> None:
    """Only tools, and a choice among them, can change."""
    before = request(tools=on_offer, system="s", metadata={"a": [1.50]})
    after = transform(drop=drop)(before)
    for name in ("model", "messages", "system", "metadata"):
        assert after.raw_field(name) == before.raw_field(name)
    assert json.loads(after.encode())["model"] == before.model


def test_steps_in_order() -> None:
    """The steps of a named transform work one after the other."""
    steps: list[JSON] = [
        {"tools": {"drop": ["Bash"]}},
        {"system": {"append": "x"}},
        {"tools": {"drop": ["Edit"]}},
    ]
    before = request(tools=[tool("Read"), tool("Bash"), tool("Edit")], system="s")
    after = build(steps)(before)
    assert (offered(after), after.system) == (["Read"], "s\n\nx")
    check_unchanged(build([]), before)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_kinds(name: str) -> None:
    """Each kind of step has a schema that is one, and words for people."""
    kind = TRANSFORMS[name]
    jsonschema.Draft202012Validator.check_schema(kind.schema)
    assert kind.description.endswith(".")
    assert kind.schema["x-expected"]


@pytest.mark.parametrize(
    "wanted",
    [{}, {"keep": "Read"}, {"drop": [""]}, {"describe": {"a": 1}}, {"hide": ["a"]}],
    ids=str,
)
def test_what_the_schema_refuses(wanted: JSON) -> None:
    """Options that mean nothing are refused."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wanted, SCHEMA)


deferring = st.sampled_from([{}, {}, {"deferred": "load"}, {"deferred": "referenced"}])
saying = st.sampled_from(
    [{}, {}, {"describe": {"a": {"append": "{{ model }}"}}, "longest_description": 20}]
)


@given(options, deferring, saying, st.lists(tools, min_size=1, max_size=2), words)
def test_an_edited_offer_is_remembered(
    wanted: JSON, deferred: JSON, said: JSON, offers: list[list[JSON]], called: str
) -> None:
    """With a memory or without, the same goes out turn by turn: also where the offer, the conversation
    or what a description names is another one."""
    memory, edit = Memory(), transform(**{**wanted, **deferred, **said})
    call = {"type": "tool_use", "id": "t", "name": called, "input": {}}
    turns: list[JSON] = [{"role": "user", "content": "x" * LEAST}]
    for number, on_offer in enumerate([*offers, *offers]):
        lazy = [{**item, "defer_loading": number % 2 == 0} for item in on_offer]
        body = {"model": f"m{number % 3}", "tools": lazy, "messages": turns}
        raw = json.dumps(body).encode()
        known, plain = MessagesRequest.parse(raw, memory), MessagesRequest.parse(raw)
        assert known.passages
        assert edit(known).encode() == edit(plain).encode()
        assert edit(known).tools == edit(plain).tools
        turns = [
            *turns,
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]},
        ]


def test_an_edited_offer_is_written_once() -> None:
    """What is made of its bytes is made once, too."""
    memory, edit = Memory(), transform(drop=["b"])
    made: list[Any] = []
    for number in range(3):
        body = {
            "model": "m",
            "tools": [tool("a"), tool("b")],
            "messages": [{"role": "user", "content": "x" * LEAST + str(number)}],
        }
        found = edit(MessagesRequest.parse(json.dumps(body).encode(), memory))
        found.of("tools", "what", lambda found=found: made.append(found.tools))  # type: ignore[misc]
    assert [offer[0]["name"] for offer in made] == ["a"]
