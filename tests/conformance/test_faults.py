"""Each fault of a server turns its own cases red, and the remedy names the key that helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from conformance.lab import QUIRKS, TARGET, config, named, red, run, snapshot
from conformance.obedient import JSON, Obedient, Refusal, Said, refuses

from gateway.conformance import CASES, subject_of

SUBJECT = subject_of(snapshot(config()), TARGET)
ALL = {case.name for case in CASES if not case.expects_error} | {"overflow"}
STREAMED = {c.name for c in CASES if c.name in ALL and (c.turns[0](SUBJECT, ()) or {})["stream"]}
STOPS = ["stop-sequence", "stop-sequence-whole", "stop-sequences"]
STRUCTURED = ["structured-stream", "structured-whole"]
IMAGES = ["result-image", "image", "images-two", "image-url"]
ROUNDS = ["tool-loop", "tool-loop-whole", "thinking-round-trip"]
CALLS = {
    *("stream-order-tools", "stream-as-whole-tools", "tool-call", "tool-call-whole"),
    *("tool-text-arguments", "tool-long-name", "tool-among-many", "parallel-two", "parallel-whole"),
    *("choice-auto", "choice-any", "choice-named", *ROUNDS),
    *(case.name for case in CASES if case.group == "schemas"),
}
WITH_RESULTS = {
    *(case.name for case in CASES if case.group == "results"),
    "thinking-round-trip",
}


def one_call(_body: JSON, said: Said) -> None:
    """A model that never calls twice in one answer."""
    del said.calls[1:]


def no_calls(_body: JSON, said: Said) -> None:
    """A server that does not read the calls out of the text."""
    if said.calls:
        name, value = said.calls[0]
        said.text, said.calls, said.finish = f"<tool_call>{name} {value}</tool_call>", [], "stop"


def wrong_arguments(_body: JSON, said: Said) -> None:
    """A model that makes its arguments up."""
    said.calls = [(name, {"made": "up"}) for name, _ in said.calls]


def silent_after_results(body: JSON, said: Said) -> None:
    """A template that ends the answer at once when there are results."""
    if any(message["role"] == "tool" for message in body["messages"]):
        said.text = ""


def no_images(body: JSON) -> None:
    """A model without eyes."""
    if "image_url" in str(body):
        raise Refusal(400, "This model does not support image input.")


def no_files(body: JSON) -> None:
    """A server without PDF."""
    if "'file'" in str(body):
        raise Refusal(400, "Invalid content type: file.")


def no_required(body: JSON) -> None:
    """A server that knows `auto` and `none`."""
    if body.get("tool_choice") not in (None, "auto", "none"):
        raise Refusal(400, "tool_choice must be auto or none")


def low_ceiling(body: JSON) -> None:
    """A model that writes short answers, and says so."""
    if body.get("max_tokens", 0) > 8_192:
        raise Refusal(400, "max_tokens is too large: at most 8192 completion tokens")


def wants_thoughts(body: JSON) -> None:
    """A server that wants the thinking of tool turns back."""
    calls = [message for message in body["messages"] if message.get("tool_calls")]
    if any(not message.get("reasoning_content") for message in calls):
        raise Refusal(400, "The `reasoning_content` in the thinking mode must be passed back.")


def no_refs(body: JSON) -> None:
    """A server whose grammar knows no references."""
    if "$ref" in str(body.get("tools")):
        raise Refusal(400, "Unsupported keyword in schema: $ref")


def gone(_body: JSON) -> None:
    """A server whose every request fails."""
    raise Refusal(401, "Incorrect API key provided.")


def tagged(_body: JSON, said: Said) -> None:
    """A server that leaves thinking in the text."""
    said.thought, said.text = "", f"<think>{said.thought}</think>{said.text}"


def wordless(_body: JSON, said: Said) -> None:
    """A server that loses all text."""
    said.text = ""


SPOILT: list[tuple[str, Obedient, dict[str, Any], Sequence[str] | set[str], str]] = [
    (
        "no parallel_tool_calls",
        Obedient(before=refuses("parallel_tool_calls")),
        {},
        ["parallel-off"],
        "providers: {lab: {quirks: {parallel_tool_calls: false}}}",
    ),
    (
        "one call at a time",
        Obedient(after=one_call),
        {},
        ["parallel-two", "parallel-whole"],
        "nothing",
    ),
    (
        "thinking as text",
        Obedient(after=tagged),
        {},
        ["thinking-apart", *STRUCTURED],
        'quirks: {think_tags: "split"}',
    ),
    ("calls as text", Obedient(after=no_calls), {}, CALLS, "--tool-call-parser"),
    (
        "no tools",
        Obedient(before=refuses("tools", "obedient does not support tools")),
        {},
        {*CALLS, *WITH_RESULTS, "parallel-off", "choice-none", "tool-not-needed", "cache-control"}
        - {"results-without-tools"},
        "choose a model that has them",
    ),
    (
        "no response_format",
        Obedient(before=refuses("response_format")),
        {},
        STRUCTURED,
        "quirks: {structured_output: false}",
    ),
    (
        "no stream_options",
        Obedient(before=refuses("stream_options")),
        {},
        STREAMED,
        "quirks: {stream_usage: false}",
    ),
    (
        "max_tokens has another name",
        Obedient(before=refuses("max_tokens", "Use 'max_completion_tokens' in place of '{}'.")),
        {},
        ALL,
        'quirks: {output_cap: "max_completion_tokens"}',
    ),
    (
        "no reasoning_effort",
        Obedient(before=refuses("reasoning_effort")),
        {},
        ["thinking-budget", "thinking-off", "effort-low", "effort-high", "effort-max"],
        'quirks: {reasoning: "none"}',
    ),
    (
        "no top_k",
        Obedient(before=refuses("top_k")),
        {},
        ["top-k"],
        "quirks: {top_k: false}",
    ),
    ("ignores stops", Obedient(ignores_stops=True), {"stop_limit": 8}, STOPS, "{stop_limit: 0}"),
    (
        "no stops",
        Obedient(before=refuses("stop")),
        {"stop_limit": 8},
        STOPS,
        "quirks: {stop_limit: 0}",
    ),
    (
        "ignores limits",
        Obedient(ignores_limits=True),
        {},
        ["max-tokens", "max-tokens-whole"],
        "max_output",
    ),
    (
        "a low ceiling",
        Obedient(before=low_ceiling),
        {},
        ["max-tokens-high"],
        'models: {"lab:obedient": {max_output: 8192}}',
    ),
    (
        "no usage",
        Obedient(usage="none"),
        {},
        ["usage-stream", "usage-whole", "usage-grows"],
        "AUTO_COMPACT",
    ),
    ("no images", Obedient(before=no_images), {}, [*IMAGES], "quirks: {image_models: []}"),
    (
        "no files",
        Obedient(before=no_files),
        {},
        ["document-pdf"],
        "quirks: {documents: false}",
    ),
    (
        "no required tool",
        Obedient(before=no_required),
        {},
        ["choice-any", "choice-named"],
        "quirks: {tool_choices: [",
    ),
    (
        "wants thoughts back",
        Obedient(before=wants_thoughts),
        {},
        WITH_RESULTS,
        'quirks: {echo_reasoning: "reasoning_content"}',
    ),
    ("no references", Obedient(before=no_refs), {}, ["schema-refs"], "refused_keywords: ["),
    (
        "silent after results",
        Obedient(after=silent_after_results),
        {},
        WITH_RESULTS,
        "chat template",
    ),
    (
        "a server error for an unknown model",
        Obedient(status=500),
        {},
        ["error-model"],
        "nothing to change",
    ),
    (
        "a prompt is cut in silence",
        Obedient(window=10**9),
        {},
        ["overflow"],
        'models: {"lab:obedient": {context: ',
    ),
]


@pytest.mark.parametrize(
    ("server", "quirks", "cases", "remedy"),
    [spoilt[1:] for spoilt in SPOILT],
    ids=[spoilt[0] for spoilt in SPOILT],
)
def test_a_fault_turns_its_cases_red(
    server: Obedient, quirks: dict[str, Any], cases: set[str], remedy: str
) -> None:
    """Those and no others; each names what to change."""
    found = red(run(server, text=config({**QUIRKS, **quirks})))
    assert set(found) == set(cases)
    assert [name for name, said in found.items() if remedy not in said] == []


def test_a_server_without_faults_is_green() -> None:
    """All is ok, but for what the chat format has no place for, and says so."""
    results = run(Obedient())
    degraded = {r.case.name: r.detail for r in results if r.outcome == "degraded"}
    assert red(results) == {}
    assert degraded == {
        "thinking-round-trip": "not sent: thinking of earlier turns",
        "metadata": "not sent: metadata",
    }
    assert len(results) == len(CASES)


@pytest.mark.parametrize(
    "server",
    [Obedient(ids="none"), Obedient(whole=True)],
    ids=["no ids of calls", "whole answers where streams are asked for"],
)
def test_what_the_gateway_heals_is_not_red(server: Obedient) -> None:
    """Clients never see it, so nothing has to change."""
    assert red(run(server)) == {}


def test_an_answer_that_comes_at_once_is_said_to() -> None:
    """It works, and a person waits for it."""
    found = named(run(Obedient(whole=True)), "degraded")
    assert "stream-in-pieces" in found
    assert "proxy" in found["stream-in-pieces"]


def test_arguments_that_are_made_up_are_a_fault() -> None:
    """Their schemas refuse them; repair is on by default, and cannot help here."""
    results = run(Obedient(after=wrong_arguments), "tool-call", "schema-refs")
    assert set(red(results)) == {"tool-call", "schema-refs"}
    assert all("does not accept" in result.detail for result in results)


def test_a_repaired_call_works_and_is_told() -> None:
    """The client gets a call that it can run; a person learns what was wrong."""

    def shouts(_body: JSON, said: Said) -> None:
        said.calls = [(name.upper(), value) for name, value in said.calls]

    (result,) = run(Obedient(after=shouts), "tool-call")
    assert (result.outcome, "LOOKUP -> lookup" in result.detail) == ("degraded", True)


def test_an_answer_without_a_word_is_broken_not_disobedient() -> None:
    """A model may say another word, but not none."""
    (result,) = run(Obedient(after=wordless), "memory")
    assert (result.outcome, result.detail) == ("failed", "the answer is empty")


def test_another_word_is_the_models_will() -> None:
    """It is told apart from what is broken, and blames no key."""

    def another(_body: JSON, said: Said) -> None:
        said.text = "I would rather not."

    (result,) = run(Obedient(after=another), "memory")
    assert (result.outcome, result.remedy) == ("model did not", "")
    assert "I would rather not." in result.detail


@pytest.mark.parametrize(
    ("quirk", "case", "remedy"),
    [
        ({"documents": False}, "document-pdf", "quirks: {documents: true}"),
        ({"structured_output": False}, "structured-stream", "quirks: {structured_output: true}"),
        ({"top_k": False}, "top-k", "quirks: {top_k: true}"),
        ({"parallel_tool_calls": False}, "parallel-off", "quirks: {parallel_tool_calls: true}"),
        ({"stop_limit": 4}, "stop-sequence", "quirks: {stop_limit: 0}"),
    ],
)
def test_what_is_left_out_is_degraded(quirk: dict[str, Any], case: str, remedy: str) -> None:
    """The client is told of it in a header, and the kit says which key would send it."""
    (result,) = run(Obedient(), case, text=config({**QUIRKS, **quirk}))
    assert result.outcome == "degraded"
    assert remedy in result.remedy


def test_a_remedy_makes_its_case_green() -> None:
    """The line that the kit prints is put into the config, and the case is ok."""
    server = Obedient(before=refuses("response_format"))
    (before,) = run(server, "structured-stream")
    assert "structured_output: false" in before.remedy
    (after,) = run(server, "structured-stream", text=config({**QUIRKS, "structured_output": False}))
    assert (after.outcome, after.detail) == ("degraded", "not sent: output_config.format")


def test_a_refused_key_ends_the_run() -> None:
    """The first request fails, so no other is sent."""
    server = Obedient(before=gone)
    first, *rest = run(server)
    assert first.outcome == "failed"
    assert "api_key" in first.remedy
    assert {result.outcome for result in rest} == {"not tried"}
    assert len(server.asked) == 1
