"""Fields beside the conversation, usage, structured output, and how refusals look. No IO."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.conformance.asking import (
    CODE_WORD,
    LOOKUP,
    ask,
    assistant,
    body,
    repeat,
    text,
    user,
)
from gateway.conformance.case import Answer, Body, Case, Subject, Verdict
from gateway.conformance.checks import (
    OK,
    all_of,
    counted_right,
    did_not,
    grows,
    is_json_of,
    refused,
    same_prompt,
    says,
    tells_usage,
)

CACHED: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
TRIP = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
FORMAT = {"format": {"type": "json_schema", "schema": TRIP}}
TRAVEL = "The trip goes to Oslo and takes 3 days. Give its city and its days."
PROSE = " ".join(f"Line {n} of a long note says that nothing happened." for n in range(120))
BROKEN_IMAGE = {"type": "base64", "media_type": "image/png", "data": "bm8gaW1hZ2U="}


def another_model(subject: Subject, _before: Sequence[Answer]) -> Body:
    """A model that no provider has."""
    return body(repeat("alpha"), model=f"{subject.target.provider}:no-such-model-0")


def continues(answers: Sequence[Answer]) -> Verdict:
    """The answer goes on where the client has begun it, or the target says that it cannot."""
    last = answers[-1]
    if last.status != 200:
        return Verdict("degraded", f"refused: {last.error[:80]}", ("no-prefill",))
    if "delta" not in last.text:
        return did_not(last, "go on to delta")
    if "alpha" in last.text:
        return Verdict("degraded", "the model begins anew instead of going on", ("no-prefill",))
    return OK


FIELDS = (
    Case(
        "cache-control",
        "fields",
        "cache_control stands on the system prompt, on tools and in messages",
        (
            ask(
                [user([text("The code word is IBIS.", **CACHED), text(CODE_WORD, **CACHED)])],
                system=[text("You are brief.", **CACHED)],
                tools=[{**LOOKUP, **CACHED}],
            ),
        ),
        says("IBIS"),
        may_drop=frozenset({"cache_control"}),
    ),
    Case(
        "metadata",
        "fields",
        "metadata names the user",
        (ask(repeat("alpha bravo"), metadata={"user_id": "user_conformance"}),),
        says("alpha bravo"),
    ),
    Case(
        "unknown-field",
        "fields",
        "a field that nobody knows yet does no harm",
        (ask(repeat("alpha bravo"), context_hint={"from": "tomorrow"}),),
        says("alpha bravo"),
        may_drop=frozenset({"context_hint"}),
        origin_refuses=True,
    ),
    Case(
        "temperature",
        "fields",
        "temperature is taken",
        (ask(repeat("alpha bravo"), temperature=1),),
        says("alpha bravo"),
    ),
    Case(
        "top-k",
        "fields",
        "top_k is taken",
        (ask(repeat("alpha bravo"), top_k=40),),
        says("alpha bravo"),
    ),
    Case(
        "prefill",
        "fields",
        "the client begins the answer, and the model goes on",
        (ask([user(repeat("alpha bravo charlie delta")), assistant("alpha bravo")]),),
        continues,
        ("no-prefill",),
        expects_error=True,
    ),
)

STRUCTURED = (
    Case(
        "structured-stream",
        "structured",
        "a streamed answer is JSON of the schema that was asked for",
        (ask(TRAVEL, output_config=FORMAT),),
        is_json_of(TRIP),
        ("no-structured-output",),
    ),
    Case(
        "structured-whole",
        "structured",
        "the same in an answer that is not streamed",
        (ask(TRAVEL, output_config=FORMAT, stream=False),),
        is_json_of(TRIP),
        ("no-structured-output",),
    ),
)

USAGE = (
    Case(
        "usage-stream",
        "usage",
        "a stream says what it cost",
        (ask(repeat("alpha bravo")),),
        tells_usage,
    ),
    Case(
        "usage-whole",
        "usage",
        "a whole answer says what it cost, and counts the prompt as a stream does",
        (ask(repeat("alpha bravo")), ask(repeat("alpha bravo"), stream=False)),
        all_of(tells_usage, same_prompt),
    ),
    Case(
        "usage-grows",
        "usage",
        "a longer prompt costs more",
        (ask(repeat("alpha")), ask(f"{PROSE}\n{repeat('alpha')}")),
        all_of(tells_usage, grows),
    ),
    Case(
        "count-tokens",
        "usage",
        "count_tokens is near what the provider counts",
        (ask(f"{PROSE}\n{repeat('alpha')}"),),
        counted_right,
    ),
)

ERRORS = (
    Case(
        "error-model",
        "errors",
        "a model that does not exist is refused as such",
        (another_model,),
        refused(400, 404),
        expects_error=True,
    ),
    Case(
        "error-image",
        "errors",
        "data that is no image is the client's fault, and not asked again",
        (ask([user([{"type": "image", "source": BROKEN_IMAGE}, text("What is this?")])]),),
        refused(400, 413),
        expects_error=True,
    ),
    Case(
        "error-no-messages",
        "errors",
        "a request without messages is refused, also one for a whole answer",
        (ask([], stream=False),),
        refused(400),
        expects_error=True,
    ),
)

CASES = (*FIELDS, *STRUCTURED, *USAGE, *ERRORS)
