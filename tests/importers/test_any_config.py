"""Whatever a config says: either a config comes of it that loads, or a sentence says why not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importers.examples import EXAMPLES, KEY, LITELLM, MODELS, ROUTER, SYSTEM, TOOLS, loaded
from strategies import json_values, mutated, put

from gateway.config.text.source import parse_yaml
from gateway.importers import CannotImport, File, convert
from gateway.importers.draft import Draft, Ref
from gateway.importers.files import read
from gateway.importers.writing import text_of

SOME = settings(max_examples=60, deadline=None)

GIVEN: dict[str, Any] = {
    "claude-code-router": read(ROUTER.files).documents[0].value,
    "litellm": read(LITELLM.files).documents[0].value,
}
YAML_FILES = [
    ("tizee", read([MODELS]).documents[0].value),
    ("simple-proxy", {**read([TOOLS]).documents[0].value, **read([SYSTEM]).documents[0].value}),
]


def check(system: str, *files: File) -> None:
    """It loads, or is refused in words; it holds no key either way."""
    try:
        imported = convert(files, system=system)
    except CannotImport as error:
        assert str(error)
        assert KEY not in str(error)
        return
    assert KEY not in repr(imported)
    errors = [found for found in loaded(imported).findings if found.severity == "error"]
    assert errors == [], imported.text


@SOME
@given(mutated(st.just(GIVEN["claude-code-router"])))
def test_claude_code_routers_config_with_anything_in_it(value: Any) -> None:
    """Any parts of it replaced by any JSON."""
    check("claude-code-router", File("config.json", json.dumps(value)))


@SOME
@given(mutated(st.just(GIVEN["litellm"])))
def test_litellms_config_with_anything_in_it(value: Any) -> None:
    """The same; JSON is YAML as well."""
    check("litellm", File("config.yaml", "# its config\n" + _as_yaml(value)))


@SOME
@given(st.sampled_from(YAML_FILES).flatmap(lambda one: mutated(st.just(one))))
def test_the_yaml_files_of_others_with_anything_in_them(one: Any) -> None:
    """Lists of models, and edits."""
    if isinstance(one, list | tuple) and len(one) == 2 and one[0] in ("tizee", "simple-proxy"):
        check(one[0], File("its.yaml", "# its file\n" + _as_yaml(one[1])))


@SOME
@given(st.data(), st.sampled_from([one for one in EXAMPLES if one.files[0].name == ".env"]))
def test_environment_files_with_anything_in_them(data: st.DataObject, example: Any) -> None:
    """Any texts under the names that a system knows."""
    lines = example.files[0].text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        name = lines[at].partition("=")[0]
        text = data.draw(st.sampled_from(ODD))
        lines[at] = f"{name}={text}"
    check(example.system, File(".env", "\n".join(lines)), *example.files[1:])


ODD = (
    *(
        "",
        "x",
        "a:b",
        ":",
        "openai:",
        "sk-planted-0123456789abcdef",
        "-5",
        "0",
        "99999999999999999",
    ),
    *(
        "yes",
        "${OTHER}",
        "$${x}",
        "'{{ x }}'",
        '"with: colon # hash"',
        "*",
        "nowhere:model x",
        "é\u2028",
    ),
    *("http://user:sk-planted-0123456789abcdef@host/v1", "http://[::1", "ftp://x", "custom/", "/"),
)


def _as_yaml(value: Any) -> str:
    """In blocks, as people write it, with JSON inside; YAML knows no pairs of escapes for a character."""
    if isinstance(value, dict) and value:
        lines = [f"{json.dumps(key)}: {_inline(inner)}" for key, inner in value.items()]
    else:
        lines = [f"- {_inline(inner)}" for inner in value] if isinstance(value, list) else ["x"]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


@SOME
@given(json_values(st.text(max_size=8)))
def test_what_is_written_is_read_again(value: Any) -> None:
    """Any value, whatever its texts look like to YAML; `${` is written such that it stays."""
    draft = Draft()
    draft.default.value = {"use": {"it": value}}
    read_again, _, findings = parse_yaml(text_of(draft, ["A title."]), "file")
    assert findings == []
    assert read_again["default"]["use"]["it"] == _escaped(value)


def _escaped(value: Any) -> Any:
    match value:
        case dict():
            return {key: _escaped(inner) for key, inner in value.items()}
        case list():
            return [_escaped(inner) for inner in value]
        case str():
            return value.replace("${", "$${")
        case float() if value.is_integer():
            return int(value)
    return value


def test_references_are_written_as_they_are() -> None:
    """What refers to the environment goes on doing so, and what only looks so does not."""
    draft = Draft()
    draft.default.value = {"use": Ref("openai:${MODEL}"), "refuse": "a ${MODEL}"}
    text = text_of(draft, [])
    assert 'use: "openai:${MODEL}"' in text
    assert 'refuse: "a $${MODEL}"' in text


ODD_PLACES = (
    ("APIKEY", "pa$$word-is-long"),
    ("Providers.0.api_key", "pa$$word-is-long"),
    ("Providers.0.api_base_url", f"https://u:{KEY}@host/$PLACE/v1"),
    ("Providers.3.transformer.use", [["customparams", {"my_token": "quite-plain"}]]),
    ("Providers.0.transformer.use", [["openrouter", {"referer": f"https://x/?k={KEY}"}]]),
    ("Router.default", f"openrouter,{KEY}"),
)
"""Where a key may stand in a config of claude-code-router, and how."""


@pytest.mark.parametrize(("path", "value"), ODD_PLACES)
def test_a_key_does_not_get_out_of_any_place(path: str, value: Any) -> None:
    """Beside a reference, among parameters, in an address, as a model."""
    steps = [int(step) if step.isdigit() else step for step in path.split(".")]
    config = put(GIVEN["claude-code-router"], steps, value)
    imported = convert([File("config.json", json.dumps(config))])
    for secret in (KEY, "is-long", "quite-plain"):
        assert secret not in repr(imported)


@pytest.mark.parametrize("text", [f"say {KEY}", f"https://u:{KEY}@host/v1"])
def test_a_text_that_holds_a_key_becomes_a_reference(text: str) -> None:
    """Wherever a person may have put one."""
    draft = Draft()
    draft.default.value = {"use": text, "refuse": text}
    written = text_of(draft, [])
    assert KEY not in written
    assert len(draft.needed) == 2
    assert all(f"${{{name}}}" in written for name in draft.needed)
