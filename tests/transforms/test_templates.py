"""Templates of the config: what they may name and do, and what becomes of those that do not work."""

from __future__ import annotations

import pytest
from hypothesis import given
from language import check_unchanged, request, tool
from strategies import texts

from gateway.transforms import BadTemplate, TemplateFailed, build, named_in
from gateway.transforms.facts import reader_of
from gateway.transforms.templates import LONGEST, compiled


@given(texts.filter(lambda text: "{" not in text))
def test_a_text_without_marks_is_taken_as_it_is(text: str) -> None:
    """No text changes only because templates exist."""
    assert compiled(text, reader_of({}))(request()) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ model }}", "claude-test"),
        ("{% for name in tools|sort %}{{ name }};{% endfor %}", "Bash;Read;"),
        ("{{ cwd.split('/')|last|upper }}{{ user }}", "B."),
        ("{% if 'Bash' in tools %}shell{% endif %}\n", "shell\n"),
        ("{{ 7 % 4 * 2 }}", "6"),
    ],
)
def test_what_templates_say(source: str, text: str) -> None:
    """Facts of the request, and what the step's own patterns find; an empty text where they do not."""
    options = {"facts": {"cwd": r"dir: (\S+)", "user": "user: .*"}}
    asked = request(system="In dir: /a/b.", tools=[tool("Read"), tool("Bash")])
    assert compiled(source, reader_of(options), ["cwd", "user"])(asked) == text


def test_facts_are_found_at_the_beginning_only() -> None:
    """In the system prompt, else before the first answer: what comes later differs from turn to turn."""
    options = {"append": "{{ a }}", "facts": {"a": "x(.)"}}
    step = build([{"system": options}])
    first, later = {"role": "user", "content": "x1"}, {"role": "user", "content": "x2"}
    assert step(request(messages=[first, later])).system == "1"
    assert step(request(messages=[first, later], system="x3")).system == "x3\n\n3"
    answer = {"role": "assistant", "content": "x3"}
    check_unchanged(step, request(messages=[{"role": "user", "content": "-"}, answer, later]))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ cwd }}", "no fact is called `cwd`"),
        ("{{ modle }}", "did you mean `model`?"),
        ("{{ a", "unexpected end"),
        ("{{ model|random }}", "No filter named 'random'"),
        ("{% include 'a' %}", "no other files"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "no macros"),
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ model.nothing }}", "no attribute"),
        ("{{ 'x' * 9 }}", "`*` is not possible"),
        ("{{ 9 ** 9 }}", "`**` is not possible"),
        ("{{ '%999d' % 1 }}", "`%` is not possible"),
        ("{{ 'x'.ljust(999) }}", "can call"),
        ("{{ range(3) }}", "can call"),
    ],
)
def test_what_templates_cannot_do(source: str, words: str) -> None:
    """Reach out, call anything, or make much of little: it is found before anything is served."""
    with pytest.raises(BadTemplate) as caught:
        named_in(source)
    assert words in str(caught.value)


def test_a_template_that_fails_on_a_request() -> None:
    """The client is told whose fault it is, and not to ask again."""
    step = build([{"system": {"append": "{{ tools[0] }}"}}])
    with pytest.raises(TemplateFailed) as caught:
        step(request())
    assert "of the gateway's config does not work" in caught.value.message
    assert (caught.value.status, caught.value.headers["x-should-retry"]) == (500, "false")


def test_a_template_has_an_end() -> None:
    """However often it says a text, there is a limit to what it may make."""
    step = build([{"system": {"append": "{% for a in tools %}{{ model }}{% endfor %}"}}])
    many = [tool(str(n)) for n in range(LONGEST // 500 + 1)]
    with pytest.raises(TemplateFailed, match="more than"):
        step(request(model="m" * 500, tools=many))
