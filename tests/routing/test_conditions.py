"""Laws of the table of conditions, and what each condition means."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from language import JSON
from routing_asking import asking, check, holds, sized

from gateway.patterns import BadPattern
from gateway.routing import CONDITIONS, Condition, compile_when
from gateway.routing.conditions import COUNT_SCHEMA, parse_count


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=lambda condition: condition.name)
class TestTable:
    """Every entry keeps its own promises."""

    def test_example(self, condition: Condition) -> None:
        """The example is YAML, the schema allows it, and it compiles to a predicate."""
        when = yaml.safe_load(condition.example)
        assert list(when) == [condition.name]
        check(condition.name, when[condition.name])
        [test] = compile_when(when)
        assert test.holds(sized(1)) in (True, False)

    def test_schema(self, condition: Condition) -> None:
        """The fragment is a JSON Schema, and says in words what it expects."""
        jsonschema.Draft202012Validator.check_schema(condition.schema)
        assert condition.schema["x-expected"]
        assert condition.description.endswith(".")

    @pytest.mark.parametrize("value", [None, {}, [], "", 1.5, {"abvoe": []}], ids=str)
    def test_nonsense(self, condition: Condition, value: Any) -> None:
        """What means nothing is refused by the schema."""
        with pytest.raises(jsonschema.ValidationError):
            check(condition.name, value)


bounds = st.fixed_dictionaries(
    {},
    optional={
        "above": st.integers(0, 3000),
        "below": st.integers(0, 3000),
        "between": st.tuples(st.integers(0, 3000), st.integers(0, 3000)).map(list),
    },
).filter(bool)


class TestTokens:
    """How large the prompt is."""

    @given(bounds, st.integers(0, 3000))
    def test_every_bound_counts(self, value: JSON, tokens: int) -> None:
        """Above and below leave their number out, between includes both; all given must hold."""
        low, high = value.get("between", (0, 3000))
        expected = (
            tokens > value.get("above", -1)
            and tokens < value.get("below", 3001)
            and low <= tokens <= high
        )
        assert holds("tokens", value, sized(tokens)) == expected

    @given(
        st.integers(0, 10**9), st.sampled_from([("k", 1_000), ("K", 1_000), ("M", 10**6), ("", 1)])
    )
    def test_units(self, number: int, unit: tuple[str, int]) -> None:
        """A number with a unit is exactly that many tokens, with decimals too."""
        letter, factor = unit
        written = f"{Decimal(number) / factor:f}{letter}"
        jsonschema.validate(written, COUNT_SCHEMA)
        assert parse_count(written) == number

    @pytest.mark.parametrize("text", ["", "k", "60 000", "-5", "1e5", "60kk", "1.k", "6b"])
    def test_what_is_no_count(self, text: str) -> None:
        """Other writings are refused by the schema and by the parser alike."""
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(text, COUNT_SCHEMA)
        with pytest.raises(ValueError, match="expected a number of tokens"):
            parse_count(text)

    @pytest.mark.parametrize("value", [60000, 60000.0, "60k", "60K", "0.06M", "60000"])
    def test_ways_to_write_one_count(self, value: Any) -> None:
        """Whatever the schema takes for a number is read as that number."""
        jsonschema.validate(value, COUNT_SCHEMA)
        assert parse_count(value) == 60_000


ADAPTIVE: JSON = {"thinking": {"type": "adaptive"}}
ENABLED: JSON = {"thinking": {"type": "enabled", "budget_tokens": 10_000}}
DISABLED: JSON = {"thinking": {"type": "disabled"}}
HIGH: JSON = {**ADAPTIVE, "output_config": {"effort": "high"}}


@pytest.mark.parametrize(
    ("value", "fields", "expected"),
    [
        (True, ADAPTIVE, True),
        (True, ENABLED, True),
        (True, DISABLED, False),
        (True, {}, False),
        (False, {}, True),
        (False, DISABLED, True),
        (False, ADAPTIVE, False),
        ("adaptive", ADAPTIVE, True),
        ("adaptive", ENABLED, False),
        ("disabled", {}, False),
        ({"type": "enabled"}, ENABLED, True),
        ({"type": ["enabled", "adaptive"]}, ADAPTIVE, True),
        ({"type": ["enabled"]}, ADAPTIVE, False),
        ({"effort": "high"}, HIGH, True),
        ({"effort": ["low", "high"]}, HIGH, True),
        ({"effort": "max"}, HIGH, False),
        ({"effort": "high"}, ADAPTIVE, False),
        ({"budget": {"above": "9k"}}, ENABLED, True),
        ({"budget": {"above": 10_000}}, ENABLED, False),
        ({"budget": {"below": 10_001}}, ENABLED, True),
        ({"budget": {"below": 10_000}}, ENABLED, False),
        ({"budget": {"below": "1M"}}, ADAPTIVE, False),
        ({"type": "adaptive", "effort": "high"}, HIGH, True),
        ({"type": "enabled", "effort": "high"}, HIGH, False),
    ],
    ids=str,
)
def test_thinking(value: Any, fields: JSON, expected: bool) -> None:
    """Whether, how, with what budget and effort the client asks for thinking; all must hold."""
    assert holds("thinking", value, asking(**fields)) == expected


@pytest.mark.parametrize(
    ("value", "model", "expected"),
    [
        ("*haiku*", "claude-haiku-4-5", True),
        ("*HAIKU*", "claude-haiku-4-5", True),
        ("*haiku*", "claude-opus-4", False),
        ("claude-opus-4", "claude-opus-4", True),
        ("claude-opus", "claude-opus-4", False),
        ("claude-opus-?", "claude-opus-4", True),
        ("openai/*", "openai/gpt-5:free", True),
        ("gpt-4.1", "gpt-4x1", False),
        ("/^claude-(opus|sonnet)/", "claude-sonnet-4", True),
        ("/^claude-(opus|sonnet)/", "claude-haiku-4", False),
        ("/opus/", "claude-opus-4", True),
        (["*haiku*", "/opus/"], "claude-opus-4", True),
        (["*haiku*", "/opus/"], "claude-sonnet-4", False),
    ],
    ids=str,
)
def test_model(value: Any, model: str, expected: bool) -> None:
    """A glob covers the whole name in any case, a regular expression is searched for."""
    assert holds("model", value, asking(model=model)) == expected


def test_a_bad_pattern() -> None:
    """A pattern that is none is found when the config is compiled, not by a request."""
    with pytest.raises(BadPattern):
        compile_when({"model": "/claude-(/"})


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ("/fast", "/fast", True),
        ("/fast", "/fast/deep", True),
        ("/fast/", "/fast", True),
        ("/fast", "/faster", False),
        ("/fast", "", False),
        ("/team/a", "/team/a", True),
        ("/team/a", "/team", False),
    ],
)
def test_path_prefix(value: str, path: str, expected: bool) -> None:
    """A prefix ends where a segment of the path ends."""
    assert holds("path_prefix", value, asking(path)) == expected


def test_conditions_in_order() -> None:
    """Each predicate carries the name of its condition, in the order of writing."""
    when = {"model": "*", "tokens": {"above": 1}, "thinking": True}
    assert [test.condition for test in compile_when(when)] == list(when)
