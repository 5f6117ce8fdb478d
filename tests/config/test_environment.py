"""References to the environment in a config."""

from __future__ import annotations

import json
from typing import Any

import pytest
from config.marked import FILE, findings, loaded
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_objects, plain

from gateway.config.text.environment import Expanded, expand, first_variable
from gateway.config.text.positions import Positions
from gateway.config.text.source import parse_yaml


def expanded(value: Any, **environment: str) -> Expanded:
    """An expansion of a value that has no places."""
    return expand(value, Positions(FILE, [""], {}), environment)


@given(json_objects(plain.filter(lambda text: "$" not in text)))
def test_without_a_dollar_nothing_changes(value: Any) -> None:
    """Expanding is the identity, and depends on nothing."""
    result = expanded(value, A="x")
    assert result.value == value
    assert (result.findings, result.used) == ((), {})


@given(plain, plain)
def test_what_a_variable_holds_is_not_expanded_again(before: str, value: str) -> None:
    """Text of the environment is text, whatever it looks like."""
    before = before.replace("$", "")
    assert expanded([f"{before}${{A}}"], A=f"${{A}}{value}").value == [f"{before}${{A}}{value}"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("${A}", "one"),
        ("x ${A} ${B:-two} y", "x one two y"),
        ("${A:-other}", "one"),
        ("${EMPTY}", ""),
        ("${EMPTY:-other}", "other"),
        ("${NONE:-}", ""),
        ("${NONE:-http://localhost:1/}", "http://localhost:1/"),
        ("$${A}", "${A}"),
        ("$A ${A}$", "$A one$"),
    ],
)
def test_a_reference_stands_for_its_variable(text: str, meaning: str) -> None:
    """As in a shell: a default also stands in for an empty variable."""
    result = expanded({"a": text}, A="one", EMPTY="")
    assert result.value == {"a": meaning}
    assert result.findings == ()


def test_what_was_used_is_known() -> None:
    """Also the variables that are not set, for setting them changes the config."""
    assert expanded(["${A} ${B:-x}"], A="1", C="2").used == {"A": "1", "B": None}


@pytest.mark.parametrize("key", ["${KEY}", "${KEY:-}", " ${KEY} "])
def test_a_key_that_is_not_set_is_no_key(key: str) -> None:
    """The provider then has none, and says which variable to set."""
    text = json.dumps({"default": "openai:x", "providers": {"openai": {"api_key": key}}})
    snapshot = loaded(text, OPENAI_API_KEY="of another name").snapshot
    assert snapshot is not None
    assert snapshot.endpoints["openai"].secret is None
    assert snapshot.endpoints["openai"].missing_key == "KEY"


def test_a_client_key_that_is_not_set_is_refused() -> None:
    """Otherwise everybody would be served, or everybody with an empty key."""
    text = "server: {auth: {keys: [{name: a, key: '${KEY}'}]}}\ndefault: mock:x"
    assert [(f.code, f.severity) for f in findings(text)] == [("unset-variable", "error")]
    for empty in ("", " "):
        assert [f.severity for f in findings(text, KEY=empty)] == ["error"]


def test_an_unset_variable_in_a_prompt_is_left_out() -> None:
    """The text around it stays, and the finding is a warning."""
    text = (
        "default: {use: 'mock:x', transforms: [t]}\n"
        "transforms: {t: [{system: {append: 'Hello ${NAME}.'}}]}"
    )
    assert [(f.code, f.severity) for f in findings(text)] == [("unset-variable", "warning")]
    assert loaded(text).snapshot is not None


@pytest.mark.parametrize("steps", ["${NAME}", ["${NAME}"], [{"system": "${NAME}"}]])
def test_an_unset_variable_cannot_stand_for_steps(steps: object) -> None:
    """A warning does not hide that the value has the wrong form."""
    text = json.dumps({"default": "mock:x", "transforms": {"t": steps}})
    assert loaded(text).snapshot is None


def test_a_port_may_come_from_the_environment() -> None:
    """Variables hold text, also where a number is meant."""
    text = "server: {port: '${PORT}'}\ndefault: mock:x"
    snapshot = loaded(text, PORT="8080").snapshot
    assert snapshot is not None
    assert snapshot.server.port == 8080
    for bad in ("80x", "0", "70000", "9" * 5000, ""):
        assert loaded(text, PORT=bad).snapshot is None


@given(st.text())
def test_the_first_variable_is_found(text: str) -> None:
    """In whatever stands around it."""
    around = text.replace("$", "")
    assert first_variable(f"{around}${{NAME:-{around.replace('}', '')}}} ${{OTHER}}") == "NAME"
    assert first_variable(around) is None


def test_a_reference_is_pointed_at() -> None:
    """Each of several unset variables at its own place."""
    _, positions, _ = parse_yaml("a: 'x ${B} ${C}'", FILE)
    found = expand({"a": "x ${B} ${C}"}, positions, {}).findings
    assert [(f.column, f.width) for f in found] == [(7, 4), (12, 4)]


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ("default: ${X}", "bad-target"),
        ("default: opena:${X}", "unknown-provider"),
        ("server: {host: '${X}'}\ndefault: mock:x", "open-server"),
        ("providers: {ollama: {base_url: '${X}'}}\ndefault: mock:x", "bad-url"),
        ("tool_correction: {mode: '${X}'}\ndefault: mock:x", "bad-value"),
    ],
)
def test_a_bad_value_of_the_environment_is_named_by_its_variable(config: str, code: str) -> None:
    """The finding says where the value comes from, and not what it is."""
    [found] = findings(config, X="private")
    assert found.code == code
    assert "private" not in found.message + found.help
