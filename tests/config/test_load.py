"""What holds for every text that is given to `load`."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from config.marked import FILE, loaded
from config.whole import ENVIRONMENT, WHOLE
from hypothesis import example, given
from hypothesis import strategies as st
from language import request
from strategies import json_values, places, put, texts

from gateway.config import Loaded, render_concise, render_full, render_json
from gateway.config.text.positions import split_lines
from gateway.patterns import PatternTooSlow
from gateway.routing import Facts, route
from gateway.tokens import TokenCounter

PIECES = (
    *(
        "\n",
        "\n  ",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "#",
        "'",
        '"',
        "|\n  ",
        ">",
        "? ",
        "---\n",
    ),
    *(
        "&a ",
        "*a",
        "<<: ",
        "!tag ",
        "!!int ",
        "!!binary ",
        "${A}",
        "$${",
        "${",
        "\t",
        "\r\n",
        "\u2028",
    ),
    *(
        "rules",
        "default",
        "providers",
        "use",
        "when",
        "name",
        "openai:x",
        "api_key",
        "~",
        "yes",
        "012",
    ),
    *(
        "12:30",
        "2024-01-01",
        ".inf",
        "0x_",
        "1e5",
        "0.1",
        "\\",
        "/(/",
        "é",
        "\ufeff",
        "\x00",
        "\udc80",
    ),
)
yaml_like = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
odd_values = st.one_of(
    json_values(),
    st.sampled_from(
        ["${A}", "${", "/(/", "60k", "5s", "openai:x", "a:b:c", "", "sk-abcdefgh", "[", "\\"]
    ),
    st.floats(),
    st.integers(min_value=-(10**400), max_value=10**400),
)


class Words:
    """Counts words."""

    def count(self, text: str) -> int:
        """The number of words."""
        return len(text.split())


def check_sane(text: str, result: Loaded) -> None:
    """Every law of a result, whatever the text was."""
    errors = [finding for finding in result.findings if finding.severity == "error"]
    assert (result.snapshot is None) == bool(errors)
    lines = split_lines(text)
    for finding in result.findings:
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.width >= 1
        assert "\n" not in finding.message + finding.help
    positions = [(finding.line, finding.column) for finding in result.findings]
    assert positions == sorted(positions)
    assert len(set(result.findings)) == len(result.findings)
    assert len(render_concise(result.findings).splitlines()) == len(result.findings)
    assert len(json.loads(render_json(result.findings))) == len(result.findings)
    assert render_full(result.findings, {FILE: text}).count(f"--> {FILE}:") >= len(result.findings)
    if result.snapshot is not None:
        check_serves(result)


def check_serves(result: Loaded) -> None:
    """A snapshot finds a target for a request, and can edit the request for it."""
    snapshot = result.snapshot
    assert snapshot is not None
    for prefix in ("", *snapshot.path_prefixes):
        asked = request(system="a system prompt")
        facts = Facts(asked, TokenCounter(Words()), path_prefix=prefix)
        chosen = route(snapshot.rules, snapshot.default, facts)
        assert chosen.target.provider in snapshot.endpoints
        for name in chosen.transforms:
            with suppress(PatternTooSlow):
                asked = snapshot.transforms[name](asked)
        asked.encode()


@given(st.one_of(st.text(), yaml_like, texts))
@example("~")
@example("[" * 100_000)
@example("- " * 100_000)
@example("a: &a\n  <<: *a")
@example("a: &a [*a]")
@example("&a a: &b {<<: [*a, *a]}")
def test_any_text_is_loaded_or_explained(text: str) -> None:
    """No text raises; what cannot serve says why, at places inside the text."""
    check_sane(text, loaded(text, A="value"))


@given(st.data())
def test_any_value_anywhere_is_loaded_or_explained(data: st.DataObject) -> None:
    """A sound config stays sane when something else stands at any place of it."""
    value = WHOLE
    for _ in range(data.draw(st.integers(1, 3))):
        value = put(value, data.draw(st.sampled_from(places(value))), data.draw(odd_values))
        if not isinstance(value, dict):
            break
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
    check_sane(text, loaded(text, **ENVIRONMENT))


@given(st.data())
def test_any_other_key_is_named(data: st.DataObject) -> None:
    """A key that nobody knows is an error wherever keys are fixed, and never ignored."""
    mappings = [place for place in places(WHOLE) if has_fixed_keys(place)]
    place = data.draw(st.sampled_from(mappings))
    inner: Any = WHOLE
    for step in place:
        inner = inner[step]
    text = json.dumps(put(WHOLE, place, {**inner, "zzz": 1}))
    [found] = loaded(text, **ENVIRONMENT).findings
    assert (found.code, found.column) == ("unknown-key", text.index('"zzz"') + 1)


def has_fixed_keys(place: tuple[Any, ...]) -> bool:
    """The value there is a mapping, and its keys are not names that users choose."""
    chosen = ("providers", "models", "transforms", "headers", "describe")
    value: Any = WHOLE
    for step in place:
        value = value[step]
    is_table = len(place) > 1 and place[0] == "tool_correction"  # of tools, parameters, words
    return isinstance(value, dict) and not is_table and not (place and place[-1] in chosen)


def test_aliases_cannot_fill_the_memory() -> None:
    """A short text that stands for a billion values is refused."""
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10))
    result = loaded(f"l0: &l0 x\n{levels}\ndefault: mock:x")
    assert [finding.code for finding in result.findings] == ["too-large"]


def test_merges_cannot_take_all_time() -> None:
    """A short text of merges that double at every level is refused."""
    levels = "\n".join(f"l{n}: &l{n} {{<<: [*l{n - 1}, *l{n - 1}]}}" for n in range(1, 40))
    result = loaded(f"l0: &l0 {{a: b}}\n{levels}\ndefault: mock:x")
    assert [finding.code for finding in result.findings] == ["too-large"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_counted_for_every_ending(ending: str) -> None:
    """However the lines of a file end, a finding has the line that editors show."""
    text = ending.join(["version: 1", "", "server: {port: x}", "default: mock:x"])
    [found] = loaded(text).findings
    assert (found.line, found.column) == (3, 16)
