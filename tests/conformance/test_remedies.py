"""What the kit tells people to put into their config can be put there."""

from __future__ import annotations

from dataclasses import fields

import pytest
import yaml
from conformance.lab import config, snapshot

from gateway import json_text
from gateway.config import load
from gateway.config.schemas.provider_schema import quirks_type
from gateway.conformance import subject_of
from gateway.conformance.case import OURS, Answer, Subject
from gateway.conformance.remedies import DROPPED, REMEDIES, WORDS, Remedy, chosen, for_error
from gateway.dialects import DIALECTS
from gateway.routing import Target

SUBJECT = subject_of(snapshot(config({})), Target("lab", "obedient"))
NATIVE = Subject(Target("lab", "obedient"), "anthropic", {"path": "/v1/messages"})
QUIRKS = {
    quirk: [name for name in DIALECTS if quirk in {f.name for f in fields(quirks_type(name))}]
    for name in DIALECTS
    for quirk in (field.name for field in fields(quirks_type(name)))
}


@pytest.mark.parametrize("remedy", REMEDIES.values(), ids=list(REMEDIES))
def test_the_config_takes_every_remedy(remedy: Remedy) -> None:
    """The printed line, comment and all, is YAML that is sound beside a provider and a default."""
    assert remedy.why
    text = remedy.text(SUBJECT)
    if not (remedy.config or remedy.quirk):
        assert text == remedy.why
        return
    merged = {"default": "lab:obedient", **yaml.safe_load(text)}
    said = merged.get("providers", {}).get("lab", {})
    for dialect in QUIRKS[remedy.quirk] if remedy.quirk else DIALECTS:
        if remedy.dialect in ("", dialect):
            declared = {"dialect": dialect, "base_url": "http://lab/v1"}
            merged["providers"] = {"lab": {**declared, **said}}
            config = json_text.encode_text(merged).replace("provider:model", "lab:other")
            loaded = load(config, file="c", environment={"PROVIDER_API_KEY": "k"})
            assert [f for f in loaded.findings if f.severity == "error"] == []


@pytest.mark.parametrize("remedy", [r for r in REMEDIES.values() if r.quirk], ids=lambda r: r.quirk)
def test_a_quirk_is_one_of_a_dialect(remedy: Remedy) -> None:
    """And is told only to those who have it, and have it otherwise."""
    assert remedy.quirk in QUIRKS
    target, dialect = SUBJECT.target, remedy.dialect or QUIRKS[remedy.quirk][0]
    assert not remedy.fits(Subject(target, dialect, {"path": "/v1/messages"}))
    assert not remedy.fits(Subject(target, dialect, {remedy.quirk: remedy.value}))
    assert remedy.fits(Subject(target, dialect, {remedy.quirk: "another"}))


def test_the_tables_name_what_exists() -> None:
    """No error leads to a remedy that there is not."""
    named = {name for _, names in WORDS for name in names} | {name for _, name in DROPPED}
    assert named <= set(REMEDIES)


@pytest.mark.parametrize(
    ("status", "words", "remedy"),
    [
        (400, "Unknown parameter: 'parallel_tool_calls'.", "parallel_tool_calls: false"),
        (400, "stream_options is only allowed with stream", "stream_usage: false"),
        (400, "Unsupported: 'max_tokens'. Use 'max_completion_tokens'.", "max_completion_tokens"),
        (400, "max_tokens must be at most 4096", "max_output"),
        (400, "This model's maximum context length is 4096 tokens", "context:"),
        (400, "response_format is not supported", "structured_output: false"),
        (400, "image_url is not supported by this model", "image_models: []"),
        (400, "Could not download image_url", "fetches no images"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice', "tool_choices"),
        (400, "this model does not support tools", "has them"),
        (400, "Conversation roles must alternate user/assistant", "merge_turns: true"),
        (400, "Input should be >= 16: max_output_tokens minimum", "least_output: 16"),
        (400, "Expected a tool call id with a length of 9", 'tool_ids: "alnum9"'),
        (400, "messages.2.content should not be null", 'empty_content: "empty"'),
        (400, "messages[0].role does not support system", 'system_role: "developer"'),
        (401, "Incorrect API key: it has no role", "api_key"),
        (404, "", "base_url"),
        (504, "no complete answer within 60 s", "timeouts"),
        (500, "boom", "fetches no images"),
        (502, "The provider's answer is not JSON.", "dialect: openai-chat"),
        (418, "I am a teapot", "fetches no images"),
    ],
)
def test_the_words_of_a_refusal_lead_to_a_key(status: int, words: str, remedy: str) -> None:
    """By its words, by its status where they say nothing, and else by what the case names."""
    answer = Answer({}, status=status, error=words)
    assert remedy in for_error(answer, SUBJECT, ("no-fetch",))


def test_a_server_that_is_not_there_has_an_address() -> None:
    """Whatever the case names."""
    answer = Answer({}, status=502, error="lab cannot be reached", reached=False)
    assert "base_url" in for_error(answer, SUBJECT, ("no-fetch",))


def test_a_bug_of_the_gateway_has_no_remedy() -> None:
    """No key would help."""
    answer = Answer({}, status=500, error="image", error_type=OURS)
    assert for_error(answer, SUBJECT, ("no-fetch",)) == ""


def test_every_refusal_has_something_to_say() -> None:
    """Where no key helps, that is what is said."""
    assert "its own log" in for_error(Answer({}, status=500, error="boom"), SUBJECT, ())
    assert "no key" in for_error(Answer({}, status=418, error="boom"), SUBJECT, ())


def test_what_fits_no_target_is_not_said() -> None:
    """A dialect without the quirk is not told to set it."""
    assert chosen(("no-stream-usage",), NATIVE) == ""
    assert chosen(("no-stream-usage", "repair"), NATIVE).startswith("tool_correction:")
