"""The judges of the scripted wires see each fault of a request, and none in a sound one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from servers import gemini_check, messages_wire, ollama_check, responses_check
from servers.wire import Issued, Reasoning, Received

Body = dict[str, Any]
Damage = Callable[[Body], object]

ENCRYPTED, SIGNATURE = "c2VjcmV0", "c2lnbmVk"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def issued() -> Issued:
    """What the servers of the sound requests handed out."""
    return Issued(
        reasoning={"rs_1": Reasoning(ENCRYPTED, ("call_Oslo", "call_Rome"))},
        signatures={SIGNATURE: "functionCall", "dGV4dA": "text"},
    )


RESPONSES: Body = {
    "model": "stub",
    "stream": True,
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "high", "summary": "auto"},
    "instructions": "Be brief.",
    "max_output_tokens": 100,
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "PLAY=weather"}]},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": ENCRYPTED,
        },
        *(
            {
                "type": "function_call",
                "call_id": f"call_{city}",
                "name": "get_weather",
                "arguments": f'{{"city": "{city}"}}',
            }
            for city in ("Oslo", "Rome")
        ),
        {"type": "function_call_output", "call_id": "call_Rome", "output": "sun"},
        {
            "type": "function_call_output",
            "call_id": "call_Oslo",
            "output": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}],
        },
        {"role": "user", "content": "Thanks."},
    ],
    "tools": [
        {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False},
        {"type": "web_search"},
    ],
}
GEMINI: Body = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "PLAY=weather"}]},
        {
            "role": "model",
            "parts": [
                {
                    "functionCall": {"id": "1", "name": "get_weather", "args": {"city": "Oslo"}},
                    "thoughtSignature": SIGNATURE,
                },
                {"functionCall": {"id": "2", "name": "get_weather", "args": {"city": "Rome"}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": id,
                        "name": "get_weather",
                        "response": {"output": "sun"},
                    }
                }
                for id in ("1", "2")
            ],
        },
    ],
    "tools": [{"functionDeclarations": [{"name": "get_weather", "parametersJsonSchema": SCHEMA}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
    "generationConfig": {
        "maxOutputTokens": 100,
        "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
    },
}
OLLAMA: Body = {
    "model": "stub",
    "stream": True,
    "think": "high",
    "options": {"num_ctx": 32768, "num_predict": 100},
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "PLAY=weather", "images": ["AAAA"]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"function": {"name": name, "arguments": {"city": "Oslo"}}}
                for name in ("get_weather", "get_time")
            ],
        },
        {"role": "tool", "tool_name": "get_time", "content": "noon"},
        {"role": "tool", "tool_name": "get_weather", "content": "sun"},
    ],
    "tools": [
        {"type": "function", "function": {"name": name, "parameters": SCHEMA}}
        for name in ("get_weather", "get_time")
    ],
}

RESPONSES_BREAKS: dict[str, tuple[Damage, str]] = {
    "stop": (lambda body: body.update(stop=["x"]), "unknown field stop"),
    "stored": (lambda body: body.update(store=True), "store"),
    "store not said": (lambda body: body.pop("store"), "store"),
    "stored state": (lambda body: body.update(previous_response_id="resp_1"), "unknown field"),
    "reasoning lost": (lambda body: body.pop("include"), "not included"),
    "nested tool": (
        lambda body: body["tools"].append({"type": "function", "function": {"name": "x"}}),
        "unknown field function",
    ),
    "strict not said": (lambda body: body["tools"][0].pop("strict"), "strict is not said"),
    "strict and open": (lambda body: body["tools"][0].update(strict=True), "schema is open"),
    "open call": (lambda body: body["input"].pop(4), "not answered"),
    "output first": (lambda body: body["input"].pop(3), "not an open call"),
    "arguments not text": (lambda body: body["input"][2].update(arguments={}), "not the text"),
    "foreign reasoning": (lambda body: body["input"][1].update(id="rs_2"), "foreign reasoning"),
    "reasoning changed": (
        lambda body: body["input"][1].update(encrypted_content="eA"),
        "could not be verified",
    ),
    "reasoning without content": (
        lambda body: body["input"][1].pop("encrypted_content"),
        "without its encrypted content",
    ),
    "reasoning behind its call": (
        lambda body: body["input"].insert(2, body["input"].pop(1)),
        "does not stand before it",
    ),
    "reasoning gone": (lambda body: body["input"].pop(1), "does not stand before it"),
    "reasoning alone": (
        lambda body: body["input"].insert(0, {**body["input"].pop(1)}),
        "leads to nothing",
    ),
    "chat part": (
        lambda body: body["input"][0].update(content=[{"type": "text", "text": "x"}]),
        "does not stand here",
    ),
    "thinking block": (
        lambda body: body["input"].append({"type": "thinking", "thinking": "x"}),
        "unknown type",
    ),
    "little output": (lambda body: body.update(max_output_tokens=8), "below"),
}
GEMINI_BREAKS: dict[str, tuple[Damage, str]] = {
    "snake case": (
        lambda body: body.update(system_instruction=body.pop("systemInstruction")),
        "unknown field system_instruction",
    ),
    "role assistant": (lambda body: body["contents"][1].update(role="assistant"), "unknown role"),
    "same role": (lambda body: body["contents"].append(body["contents"][0]), "user again"),
    "model first": (lambda body: body["contents"].pop(0), "model first"),
    "unsigned call": (
        lambda body: body["contents"][1]["parts"][0].pop("thoughtSignature"),
        "missing a thought_signature",
    ),
    "foreign signature": (
        lambda body: body["contents"][1]["parts"][0].update(thoughtSignature="eA"),
        "foreign",
    ),
    "moved signature": (
        lambda body: body["contents"][1]["parts"][0].update(thoughtSignature="dGV4dA"),
        "moved",
    ),
    "nameless result": (
        lambda body: body["contents"][2]["parts"][0]["functionResponse"].pop("name"),
        "without the name",
    ),
    "missing result": (lambda body: body["contents"][2]["parts"].pop(), "answers"),
    "open call": (lambda body: body["contents"].pop(), "not answered"),
    "bare response": (
        lambda body: body["contents"][2]["parts"][0]["functionResponse"].update(response="sun"),
        "neither output nor error",
    ),
    "schema keyword": (
        lambda body: body["tools"][0]["functionDeclarations"].append(
            {"name": "b", "parameters": {**SCHEMA, "$schema": "x"}}
        ),
        "unknown field $schema",
    ),
    "illegal name": (
        lambda body: body["tools"][0]["functionDeclarations"][0].update(name="1x"),
        "illegal name",
    ),
    "two ways to think": (
        lambda body: body["generationConfig"]["thinkingConfig"].update(thinkingBudget=1),
        "both",
    ),
}
OLLAMA_BREAKS: dict[str, tuple[Damage, str]] = {
    "argument text": (
        lambda body: body["messages"][2]["tool_calls"][0]["function"].update(arguments="{}"),
        "no object",
    ),
    "result without tool": (lambda body: body["messages"][3].pop("tool_name"), "without the name"),
    "open call": (lambda body: body["messages"].pop(), "not answered"),
    "result first": (lambda body: body["messages"].pop(2), "not an open call"),
    "image as address": (
        lambda body: body["messages"][1].update(images=["data:image/png;base64,AAAA"]),
        "not bare base64",
    ),
    "content parts": (
        lambda body: body["messages"][1].update(content=[{"type": "text", "text": "x"}]),
        "no text",
    ),
    "top option": (lambda body: body.update(temperature=1), "unknown field temperature"),
    "unknown option": (lambda body: body["options"].update(max_tokens=1), "unknown field"),
    "adaptive": (lambda body: body.update(think="adaptive"), "think"),
    "stream not said": (lambda body: body.pop("stream"), "stream"),
    "tool choice": (lambda body: body.update(tool_choice="auto"), "unknown field tool_choice"),
}

JUDGES: dict[str, tuple[Body, Callable[[Body], list[str]]]] = {
    "responses": (RESPONSES, lambda body: responses_check.faults(body, issued())),
    "gemini": (GEMINI, lambda body: gemini_check.faults(body, issued())),
    "ollama": (OLLAMA, ollama_check.faults),
}
BREAKS = {
    f"{wire}-{name}": (wire, *broken)
    for wire, breaks in (
        ("responses", RESPONSES_BREAKS),
        ("gemini", GEMINI_BREAKS),
        ("ollama", OLLAMA_BREAKS),
    )
    for name, broken in breaks.items()
}


@pytest.mark.parametrize("wire", JUDGES)
def test_a_sound_request_has_no_faults(wire: str) -> None:
    """The judge has nothing to say against a legal conversation."""
    sound, judge = JUDGES[wire]
    assert judge(sound) == []


@pytest.mark.parametrize("name", BREAKS)
def test_the_judge_sees_each_fault(name: str) -> None:
    """One thing broken in a sound request is one thing named."""
    wire, damage, said = BREAKS[name]
    sound, judge = JUDGES[wire]
    body = copy.deepcopy(sound)
    damage(body)
    assert any(said in fault for fault in judge(body)), judge(body)


@pytest.mark.parametrize(
    ("headers", "query", "said"),
    [
        ({}, "alt=sse", "no key"),
        ({"x-goog-api-key": "k"}, "alt=sse&key=k", "in the address"),
        ({"x-goog-api-key": "k", "authorization": "Bearer k"}, "alt=sse", "in authorization"),
        ({"x-goog-api-key": "k"}, "", "ask for events"),
    ],
)
def test_the_gemini_judge_reads_the_envelope(
    headers: dict[str, str], query: str, said: str
) -> None:
    """The key stands in its header and nowhere else, and a stream is asked for as events."""
    received = Received("", query, headers, b"", GEMINI, streams=True)
    assert [said in fault for fault in gemini_check.check(received, issued())] == [True]


def test_foreign_thinking_is_seen_in_messages() -> None:
    """The Anthropic wire knows thinking by its own signature, and Ollama's takes none that is signed."""
    blocks = [
        {"type": "thinking", "thinking": "x", "signature": messages_wire.SIGNATURE},
        {"type": "thinking", "thinking": "x", "signature": "foreign"},
        {"type": "thinking", "thinking": "x", "signature": ""},
    ]
    body = {"messages": [{"role": "assistant", "content": blocks}]}
    received = Received("", "", {}, b"", body)
    assert len(messages_wire.check(received, issued())) == 2
    assert len(messages_wire.ollama_check(received, issued())) == 2
