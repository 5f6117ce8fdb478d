"""What answers with success and is no answer of a model is told in words that say what to mend."""

from __future__ import annotations

import pytest

from gateway.dialects.unfit import hint, no_answer


def test_a_redirect_names_the_place_it_leads_to() -> None:
    """That is the address which should stand in the config."""
    error = no_answer(308, {"location": "https://lab.example/v1/chat/completions"})
    assert (error.status, error.type) == (502, "api_error")
    for words in ("HTTP 308", "https://lab.example/v1", "base_url"):
        assert words in error.message


def test_a_success_without_a_body() -> None:
    """It leads nowhere, and nothing is made up."""
    assert (
        "HTTP 204, which holds no answer. Is the provider's base_url" in no_answer(204, {}).message
    )


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (
            {"content-type": "text/html; charset=utf-8"},
            "web page. Is the provider's base_url right?",
        ),
        ({"content-encoding": "GZIP"}, "compressed (gzip)"),
        ({"content-encoding": "identity", "content-type": "application/json"}, ""),
        ({}, ""),
    ],
)
def test_the_headers_of_a_body_that_makes_no_sense(headers: dict[str, str], words: str) -> None:
    """They may say why; sound ones say nothing."""
    assert words in hint(headers)
    assert bool(words) == bool(hint(headers))
