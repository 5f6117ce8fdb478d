"""Laws of the declarations: every file is listed, complete, and open to the config."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import providers
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS, Provider, auth_header, join_url

MODULES = sorted(
    {module.name for module in pkgutil.iter_modules(providers.__path__)}
    - {"base", "document", "features"}
)


@pytest.mark.parametrize("module_name", MODULES)
def test_every_declaration_is_listed(module_name: str) -> None:
    """Each file declares one provider, under the name of the file; a dash is an underscore there."""
    module = importlib.import_module(f"gateway.providers.{module_name}")
    name = module_name.replace("_", "-")
    assert PROVIDERS[name] is module.PROVIDER
    assert module.PROVIDER.name == name
    assert module.__doc__


def test_nothing_else_is_listed() -> None:
    """The list is the files, no more, and in their order."""
    assert list(PROVIDERS) == [name.replace("_", "-") for name in MODULES]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
class TestDeclaration:
    """What holds for each of them."""

    def test_is_small(self, provider: Provider) -> None:
        """A declaration is data: no functions, and few lines."""
        path = Path(providers.__path__[0]) / f"{provider.name.replace('-', '_')}.py"
        source = path.read_text()
        assert "def " not in source
        assert len(source.splitlines()) < 41

    def test_is_complete(self, provider: Provider) -> None:
        """It names a known dialect, an address without a slash at its end, and where its key is."""
        assert provider.dialect.name in DIALECTS
        assert not provider.base_url.endswith("/")
        assert "://" in provider.base_url or provider.base_url.startswith("${")
        assert (provider.key_env is not None) == provider.needs_key
        assert all(name == name.lower() for name in provider.headers)

    def test_is_reached_safely(self, provider: Provider) -> None:
        """Keys travel encrypted, unless they do not leave this machine."""
        url = provider.base_url
        assert not provider.needs_key or url.startswith(("https://", "${"))

    def test_an_unchanged_dialect(self, provider: Provider) -> None:
        """Overriding nothing changes nothing."""
        assert provider.dialect.with_quirks({}) == provider.dialect

    def test_every_quirk_can_be_overridden(self, provider: Provider) -> None:
        """The config can set each quirk, and refuses a value of another type."""
        quirks: Any = getattr(provider.dialect, "quirks")  # noqa: B009  # a quirk of each dialect
        for field in fields(quirks):
            value = getattr(quirks, field.name)
            changed = provider.dialect.with_quirks({field.name: value})
            assert changed == provider.dialect
            with pytest.raises(msgspec.ValidationError):
                provider.dialect.with_quirks({field.name: [{"no": "quirk"}]})


def test_overriding_a_quirk() -> None:
    """Quirks that are not named stay as the declaration has them."""
    deepseek = PROVIDERS["deepseek"].dialect
    changed: Any = deepseek.with_quirks({"efforts": ["low"], "stop_limit": 2})
    assert (changed.quirks.efforts, changed.quirks.stop_limit) == (("low",), 2)
    assert changed.quirks.echo_reasoning == "reasoning_content"
    assert PROVIDERS["deepseek"].dialect is deepseek


@pytest.mark.parametrize(
    "quirks",
    [
        {"stop_limit": "4"},
        {"reasoning": "loud"},
        {"efforts": "low"},
        {"documents": 1},
        {"output_cap": "max"},
        {"path": None},
    ],
    ids=str,
)
def test_a_quirk_of_another_type(quirks: dict[str, Any]) -> None:
    """A value that the quirk cannot have is refused."""
    with pytest.raises(msgspec.ValidationError):
        PROVIDERS["openai"].dialect.with_quirks(quirks)


@pytest.mark.parametrize(
    ("base_url", "path", "expected"),
    [
        ("https://h", "/v1/messages", "https://h/v1/messages"),
        ("https://h/", "/v1/messages", "https://h/v1/messages"),
        ("https://h/v1", "/v1/messages", "https://h/v1/messages"),
        ("https://h/v1/", "/v1/messages", "https://h/v1/messages"),
        ("https://h/v1", "/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/api/v1", "/v1/messages", "https://h/api/v1/messages"),
        ("https://h/v10", "/v1/messages", "https://h/v10/v1/messages"),
        (
            "https://h/v1beta/openai",
            "/chat/completions",
            "https://h/v1beta/openai/chat/completions",
        ),
        ("http://localhost:11434", "/v1/chat/x", "http://localhost:11434/v1/chat/x"),
        ("http://localhost:11434/v1", "/v1/chat/x", "http://localhost:11434/v1/chat/x"),
        ("http://localhost:11434/v1", "/api/chat", "http://localhost:11434/api/chat"),
        ("http://localhost:11434/", "/api/chat", "http://localhost:11434/api/chat"),
        ("https://me.openai.azure.com//openai/v1", "/x", "https://me.openai.azure.com/openai/v1/x"),
        ("mock://answers", "/v1/messages", "mock://answers/v1/messages"),
    ],
)
def test_addresses(base_url: str, path: str, expected: str) -> None:
    """A `/v1` that people write into the address is not written twice."""
    assert join_url(base_url, path) == expected


@given(
    st.sampled_from(["https://h", "https://h/api"]), st.sampled_from(["/v1/messages", "/v1/chat"])
)
def test_v1_may_stand_or_not(base_url: str, path: str) -> None:
    """With and without `/v1` at its end, a base URL means the same server."""
    assert (
        join_url(base_url + "/v1", path)
        == join_url(base_url, path)
        == join_url(base_url + "/", path)
    )


@pytest.mark.parametrize(
    ("scheme", "key", "expected"),
    [
        ("bearer", "k", {"authorization": "Bearer k"}),
        ("x-api-key", "k", {"x-api-key": "k"}),
        ("x-goog-api-key", "k", {"x-goog-api-key": "k"}),
        ("api-key", "k", {"api-key": "k"}),
        ("none", "k", {}),
        ("bearer", None, {}),
    ],
)
def test_how_a_key_is_shown(scheme: Any, key: str | None, expected: dict[str, str]) -> None:
    """Each scheme has its header; no key, no header."""
    assert auth_header(scheme, key) == expected
