"""Addresses of providers: what they may hold, and what of it is a secret."""

from __future__ import annotations

import pytest
from config.marked import loaded

from gateway.config import Loaded, render_full
from gateway.redaction import Redactor

SAFE = 'providers: {{ollama: {{base_url: "{}"}}}}\ndefault: "ollama:m"'


def told(result: Loaded) -> list[tuple[str, str]]:
    """The findings."""
    return [(found.code, found.message) for found in result.findings]


@pytest.mark.parametrize(
    "url",
    ["https://h/v1?key=planted-4711", "https://h/v1?api-version=1", "https://h/#x", "https://h?"],
)
def test_an_address_has_no_query(url: str) -> None:
    """The path of a request would come after it; and a key in it would be in every log on the way."""
    result = loaded(SAFE.format(url))
    [(code, message)] = told(result)
    assert result.snapshot is None
    assert code == "bad-url"
    assert "has no `?`" in message
    assert "`api_key`" in str(result.findings[0].help)
    assert "planted" not in render_full(result.findings, {"config.yaml": SAFE.format(url)})


@pytest.mark.parametrize(
    "written", ["https://me:hunter2-hunter2@h/v1", "https://a-token-of-twenty-characters@h"]
)
def test_a_password_in_an_address_belongs_into_the_environment(written: str) -> None:
    """It works, and somebody who shares the config shares it."""
    result = loaded(SAFE.format(written))
    assert [code for code, _ in told(result)] == ["plain-secret"]
    assert "`.env`" in str(result.findings[0].help)
    assert result.snapshot is not None


@pytest.mark.parametrize("written", ["https://me:${PASS}@h/v1", "https://${PASS}@h/v1", "${URL}"])
def test_a_password_from_the_environment_is_known_and_not_shown(written: str) -> None:
    """As it is, as URLs write it, and as the request shows it."""
    environment = {"PASS": "hunter2%2Fhunter2", "URL": "https://me:hunter2%2Fhunter2@h/v1"}
    result = loaded(SAFE.format(written), **environment)
    assert told(result) == []
    assert result.snapshot is not None
    redactor = Redactor()
    redactor.know(result.snapshot.secrets)
    for form in ("hunter2/hunter2", "hunter2%2Fhunter2", "hunter2%2fhunter2"):
        assert form not in redactor.redact(f"see {form} and (me:{form})")
    assert "aHVudGVyMi9odW50ZXIy" not in redactor.redact("bWU6aHVudGVyMi9odW50ZXIy")
