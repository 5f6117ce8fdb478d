"""Which endpoint a URL means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.server.paths import split_path

ENDPOINTS = (
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/models",
    "/v1/models/openai:gpt-4.1",
    "/v1/models/openrouter:qwen/qwen3-coder",
    "/api/hello",
    "/health",
    "/health/ready",
)

segments = st.text(
    st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=8
)
prefixes = st.lists(segments, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(prefixes, st.sampled_from(ENDPOINTS))
def test_an_endpoint_is_found_behind_any_prefix(prefix: str, endpoint: str) -> None:
    """Whatever stands before it, model ids with slashes and colons included, stays whole."""
    found, rest = split_path(prefix + endpoint)
    assert found + rest == prefix + endpoint
    if "/v1" not in prefix and "/api" not in prefix and "/health" not in prefix:
        assert (found, rest) == (prefix, endpoint)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_without_a_prefix_is_itself(endpoint: str) -> None:
    """The bare paths of the protocol."""
    assert split_path(endpoint) == ("", endpoint)


@pytest.mark.parametrize(
    ("path", "prefix", "endpoint"),
    [
        ("/openai:gpt-4.1", "/openai:gpt-4.1", "/"),
        ("/openrouter:qwen/qwen3-coder/", "/openrouter:qwen/qwen3-coder", "/"),
        ("/openai:gpt-4.1/v1/nothing", "", "/openai:gpt-4.1/v1/nothing"),
        ("/nothing", "", "/nothing"),
        ("/v1/messages/", "", "/v1/messages"),
        ("/", "", "/"),
    ],
)
def test_the_rest_of_the_paths(path: str, prefix: str, endpoint: str) -> None:
    """A bare target is the root under a prefix; what is unknown stays unknown."""
    assert split_path(path) == (prefix, endpoint)
