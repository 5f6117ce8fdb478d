"""No secret leaves: not in a finding, in whatever form it is printed, and not in a snapshot's repr."""

from __future__ import annotations

import json
from typing import Any

import pytest
from config.marked import FILE, loaded
from config.whole import ENVIRONMENT, WHOLE
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values, places, put

from gateway.config import Loaded, render_concise, render_full, render_json
from gateway.config.redaction import is_secret_path, written_secrets

CANARY = "canary-4711"
KEY_LIKE = "sk-ant-api03-Canary4711"


def shown(text: str, result: Loaded) -> str:
    """Everything that could be printed of a result."""
    return "\n".join(
        [
            render_full(result.findings, {FILE: text}),
            render_full(result.findings, {FILE: text}, color=True),
            render_concise(result.findings),
            render_json(result.findings),
            repr(result),
        ]
    )


def with_secrets(secret: str) -> dict[str, Any]:
    """The whole config with a secret in every place that is for one."""
    value = put(WHOLE, ("server", "auth", "keys", 0, "key"), secret)
    value = put(value, ("providers", "openai", "api_key"), secret)
    headers = {"authorization": f"Bearer {secret}", "x": secret}
    whole: dict[str, Any] = put(value, ("providers", "lab", "headers"), headers)
    return whole


@given(st.data())
def test_a_secret_in_its_place_is_never_shown(data: st.DataObject) -> None:
    """Whatever else is wrong with a config, and wherever."""
    value = with_secrets(CANARY)
    elsewhere = [at for at in places(value) if at and CANARY not in json.dumps(value_at(value, at))]
    value = put(value, data.draw(st.sampled_from(elsewhere)), data.draw(json_values()))
    indent = data.draw(st.sampled_from([None, 2]))
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    result = loaded(text, **ENVIRONMENT)
    assert CANARY not in shown(text, result)


@given(st.data())
def test_the_environment_is_never_shown(data: st.DataObject) -> None:
    """A variable's text stays unknown wherever a config refers to it, also where that is a mistake."""
    place = data.draw(st.sampled_from([at for at in places(WHOLE) if at]))
    written = data.draw(
        st.sampled_from(["${SECRET}", "a ${SECRET}", "${SECRET:-other}", "openai:${SECRET}"])
    )
    text = json.dumps(put(WHOLE, place, written))
    result = loaded(text, **ENVIRONMENT, SECRET=CANARY)
    printed = shown(text, Loaded(None, result.findings))
    assert CANARY not in printed
    assert all(secret not in printed for secret in ENVIRONMENT.values())


@given(st.data())
def test_what_looks_like_a_key_is_shown_nowhere(data: st.DataObject) -> None:
    """A key that was pasted into any other place of a config is blotted out there as well."""
    place = data.draw(st.sampled_from([at for at in places(WHOLE) if at]))
    text = json.dumps(put(WHOLE, place, KEY_LIKE))
    result = loaded(text, **ENVIRONMENT)
    assert KEY_LIKE not in shown(text, Loaded(None, result.findings))


def value_at(value: Any, at: tuple[Any, ...]) -> Any:
    """What stands at a path."""
    for step in at:
        value = value[step]
    return value


TYPED_WRONG = {
    "a misspelt key": f"providers: {{openai: {{api_kye: {CANARY}}}}}",
    "a secret that is a list": f"providers: {{openai: {{api_key: [{CANARY}]}}}}",
    "a secret twice": f"providers: {{openai: {{api_key: a, api_key: {CANARY}}}}}",
    "a secret under an alias": f"server: {{auth: {{keys: [{{name: a, key: &k {CANARY}, z: *k}}]}}}}",
    "a secret as a default": f"providers: {{openai: {{api_key: '${{K:-{CANARY}}}', z: 1}}}}",
    "a secret over lines": f"providers:\n  openai:\n    api_key: >\n      {CANARY}\n    auth: a",
    "a password in a URL": f"providers: {{ollama: {{base_url: 'ftp://me:{CANARY}@host'}}}}",
    "a text that is not YAML": f"providers: {{openai: {{api_key: {CANARY}, [}}}}",
    "a key where a provider should be": f"providers: {{openai: {KEY_LIKE}}}",
    "a key as a name": f"providers: {{{KEY_LIKE}: {{}}}}",
    "a number as a key": "providers: {openai: {api_key: 47114711}}",
    "a header that is a number": "providers: {openai: {headers: {x-key: 47114711}}}",
    "a header of two lines": f'providers: {{openai: {{headers: {{x: "{CANARY}\\n{CANARY}"}}}}}}',
}


@pytest.mark.parametrize("config", TYPED_WRONG.values(), ids=list(TYPED_WRONG))
def test_a_secret_that_is_typed_wrong_is_not_shown_either(config: str) -> None:
    """The findings are about the secret, and still do not hold it."""
    text = f"default: openai:gpt-5\n{config}"
    result = loaded(text)
    assert result.findings
    printed = shown(text, result)
    assert CANARY not in printed
    assert KEY_LIKE not in printed
    assert "47114711" not in printed


def test_the_id_of_a_snapshot_tells_nothing() -> None:
    """It changes with what the environment holds, and is too short to hold any of it."""
    text = "default: openai:gpt-5\nproviders: {openai: {api_key: '${K}'}}"
    first, again, other = (loaded(text, K=key).snapshot for key in ("one", "one", "two"))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.id == again.id != other.id
    assert len(first.id) == 12


def test_every_secret_of_a_config_is_known() -> None:
    """By the names of its places, so that whoever adds one need not tell anybody; what only names a key,
    or is compared with other headers, is none."""
    config = {
        "server": {
            "auth": {
                "keys": [{"name": "laptop", "key": "client"}],
                "admin": {"key": "admin"},
                "tls": {"key": "tls/a.key"},
            }
        },
        "providers": {
            "lab": {"api_key": "lab", "base_url": "http://h", "api_keys": ["one", "two"]}
        },
        "reasoning": {"key": "sealing", "key_file": "file"},
        "missing_key": "mock",
        "rules": [{"when": {"key": "laptop", "header": {"x-api-key": "rule", "x-team": "blue"}}}],
    }
    expected = {"client", "admin", "lab", "one", "two", "sealing", "rule"}
    assert set(written_secrets(config)) == expected


def test_the_file_of_a_key_is_shown() -> None:
    """A path is no secret: people look for what is wrong with it."""
    assert not is_secret_path(("server", "tls", "key"))
    assert is_secret_path(("server", "admin", "key"))
    assert is_secret_path(("server", "auth", "keys", 0, "key"))
