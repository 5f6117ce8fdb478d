"""The document of the providers: derived from the declarations, and true to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS, Provider, document, features

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "providers.md"

SETTING = re.compile(r"`((?:quirks|base_url|headers|auth|dialect): [^`]+)`")
"""What the text of a declaration tells people to write."""


def told(name: str, **quirks: Any) -> Mapping[str, str]:
    """The features of a known provider with these quirks."""
    provider = PROVIDERS[name]
    return features.features_of(replace(provider, dialect=provider.dialect.with_quirks(quirks)))


def mistakes(config: str) -> list[str]:
    """The errors in a config."""
    found = load(config, file="config.yaml", environment={}).findings
    return [finding.message for finding in found if finding.severity == "error"]


def test_the_document_is_that_of_the_declarations() -> None:
    """What people read is what the gateway does. To renew the file: `make docs`."""
    assert DOCUMENT.read_text("utf-8") == document.render()


def test_every_dialect_is_told() -> None:
    """In every feature."""
    assert features.WORDS.keys() == DIALECTS.keys()
    for words in features.WORDS.values():
        assert words.keys() == set(features.FEATURES)


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
def test_every_provider_is_told(provider: Provider) -> None:
    """In words, none of which can break the row of a table."""
    found = features.features_of(provider)
    assert set(found) == set(features.FEATURES)
    for words in found.values():
        assert words.strip()
        assert "|" not in words
        assert "\n" not in words
    assert document.render().count(f"\n| `{provider.name}` | ") == 1 + len(features.HEADINGS)


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_a_declaration_tells_people_to_write_is_sound(name: str) -> None:
    """Each setting in its text can stand in a config under its name."""
    text = document.render().partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    for setting in SETTING.findall(" ".join(text.split())):
        assert mistakes(f"providers:\n  {name}: {{{setting}}}\ndefault: mock:x\n") == []


def test_the_examples_of_the_document_are_sound() -> None:
    """Each is a whole config."""
    examples = re.findall(r"```yaml\n(.*?)```", document.render(), re.DOTALL)
    assert len(examples) > 1
    for example in examples:
        assert mistakes(example) == []


@pytest.mark.parametrize(
    ("name", "quirks", "feature", "words"),
    [
        ("openai", {"reasoning": "none"}, "thinking", "nothing: the model's default"),
        ("deepseek", {}, "thinking", "`thinking`: on, off; `low`, `medium`, `high`, `max`"),
        ("deepseek", {"echo_reasoning": ""}, "kept", "only `reasoning_details`"),
        ("deepseek", {"echo_turns": "all"}, "kept", "`reasoning_content` of all turns"),
        ("mistral", {}, "kept", "parts of the content of all turns"),
        ("mistral", {"reasoning": "prompt"}, "thinking", "`/think`"),
        ("mistral", {"reasoning": "enable_thinking"}, "thinking", "`enable_thinking` (`mistral"),
        ("openrouter", {"web_search": "tool"}, "search", "the model decides"),
        ("openrouter", {"cache": "none"}, "cache", "the server's own; by session: `session_id`"),
        ("groq", {"stop_limit": 0}, "stops", "all kept by the gateway"),
        ("groq", {"tool_choices": []}, "choice", "no · by offering no other"),
        ("groq", {"image_models": []}, "images", "told of"),
        ("gemini", {"level_models": []}, "thinking", "`thinkingBudget` (`gemini-2.5*`)"),
        ("gemini", {"stop_limit": 0}, "stops", "all kept by the gateway"),
        ("gemini", {"search_with_functions": True}, "search", "the model decides"),
        ("ollama", {"think": "level"}, "thinking", "`think`: off, `low`, `medium`, `high`"),
        ("ollama", {"think": "switch", "thinking_models": ["q*"]}, "thinking", "on, off (`q*`)"),
        ("openai-responses", {"resent_reasoning": "none"}, "kept", "no"),
        ("openai-responses", {"web_search": ""}, "search", "no"),
        ("anthropic", {"fields": ["tools"]}, "thinking", "nothing: the model's default"),
        ("anthropic", {"fields": ["tools"]}, "structured", "dropped"),
        ("anthropic", {"blocks": ["text"]}, "images", "told of"),
        ("anthropic", {"sources": ["base64"]}, "documents", "yes; addresses are told of"),
        ("anthropic", {"tool_choice": False}, "choice", "no · no"),
    ],
)
def test_the_words_follow_the_quirks(
    name: str, quirks: dict[str, Any], feature: str, words: str
) -> None:
    """Another quirk, other words."""
    assert words in told(name, **quirks)[feature]
