"""The three ways to print findings."""

from __future__ import annotations

import json

from config.marked import FILE, findings

from gateway.config import Finding, render_concise, render_full, render_json

TEXT = """\
rules:
  - name: long-context
    when: {token: {above: 60k}}
    use: openai:gpt-5
default: openai:gpt-5
server: {port: "x"}
"""

FULL = """\
error[unknown-key]: rule `long-context`, `when`: unknown key `token`
 --> config.yaml:3:12
  |
3 |     when: {token: {above: 60k}}
  |            ^^^^^
help: did you mean `tokens`?

error[bad-value]: `server.port`: expected a port from 1 to 65535, got `x`
 --> config.yaml:6:16
  |
6 | server: {port: "x"}
  |                ^^^"""

CONCISE = """\
config.yaml:3:12: error[unknown-key]: rule `long-context`, `when`: unknown key `token` \
(did you mean `tokens`?)
config.yaml:6:16: error[bad-value]: `server.port`: expected a port from 1 to 65535, got `x`"""


def test_full_shows_the_line_and_what_is_meant() -> None:
    """The position, the line, carets under the key or value, and what to do."""
    assert render_full(findings(TEXT), {FILE: TEXT}) == FULL


def test_concise_is_a_line_for_each() -> None:
    """In the form that editors jump to."""
    assert render_concise(findings(TEXT)) == CONCISE


def test_json_is_a_list_of_objects() -> None:
    """For programs; the help is always there."""
    first, second = json.loads(render_json(findings(TEXT)))
    assert first == {
        "file": "config.yaml",
        "line": 3,
        "column": 12,
        "code": "unknown-key",
        "severity": "error",
        "message": "rule `long-context`, `when`: unknown key `token`",
        "help": "did you mean `tokens`?",
    }
    assert second["help"] == ""


def test_nothing_is_nothing() -> None:
    """No finding, no text; as JSON an empty list."""
    assert (render_full([], {}), render_concise([]), render_json([])) == ("", "", "[]")


def test_colour_adds_nothing_but_colour() -> None:
    """Without its escapes the text is the one without colour."""
    found = findings(TEXT)
    for plain, colored in (
        (render_full(found, {FILE: TEXT}), render_full(found, {FILE: TEXT}, color=True)),
        (render_concise(found), render_concise(found, color=True)),
    ):
        assert colored != plain
        for code in ("1;31", "1;33", "1;34", "1;36", "1", "0"):
            colored = colored.replace(f"\x1b[{code}m", "")
        assert colored == plain


def test_a_file_that_is_not_at_hand_is_named() -> None:
    """The position still is a place to look at."""
    finding = Finding("other.yaml", 7, 1, "unreadable", "error", "cannot be read", "try again")
    assert render_full([finding], {}) == (
        "error[unreadable]: cannot be read\n --> other.yaml:7:1\nhelp: try again"
    )


def carets(text: str) -> str:
    """The line of carets of the only finding."""
    [found] = findings(text)
    return render_full([found], {FILE: text}).splitlines()[4].partition("| ")[2]


def test_carets_stand_under_wide_characters() -> None:
    """Wide characters take two columns, combining ones none, tabs what the terminal gives them."""
    text = 'models: {"mock:漢字e\u0301": {},\t"mock:o": {context: "x"}}\ndefault: mock:x'
    before = (
        " " * len('models: {"mock:')
        + "    "
        + " "
        + " " * len('": {},')
        + "\t"
        + " " * len('"mock:o": {context: ')
    )
    assert carets(text) == f"{before}^^^"


def test_a_terminal_is_not_given_orders() -> None:
    """Control characters of a config do not reach it, neither in the line nor in the message."""
    text = 'default: mock:x\n"\\e[2Jbad\\a": \x1b[2J'
    printed = render_full(findings(text), {FILE: text})
    assert "\x1b" not in printed
    escaped = render_concise(findings('default: mock:x\n"\\e[2Jbad\\a": 1'))
    assert "\x1b" not in escaped
    assert "\a" not in escaped
    assert "unknown key" in escaped
