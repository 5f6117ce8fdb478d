"""The protocol faults that a request to the Gemini API can hold. No IO.

Strict where the real server is strict: every object has its known keys in camel case, roles take turns,
calls are answered by name in the next content, and the calls of the current turn are signed.
https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from servers.wire import Body, Issued, Received

Object = dict[str, Any]

SENTINEL = "skip_thought_signature_validator"
"""Stands for the signature of a call that some other model made."""

KEYS: dict[str, frozenset[str]] = {
    "request": frozenset(
        {
            *("contents", "systemInstruction", "tools", "toolConfig", "safetySettings"),
            *("generationConfig", "cachedContent", "labels", "serviceTier"),
        }
    ),
    "content": frozenset({"role", "parts"}),
    "part": frozenset(
        {
            *("text", "inlineData", "fileData", "functionCall", "functionResponse"),
            *("thought", "thoughtSignature", "mediaResolution"),
        }
    ),
    "inlineData": frozenset({"mimeType", "data", "displayName"}),
    "fileData": frozenset({"mimeType", "fileUri", "displayName"}),
    "functionCall": frozenset({"id", "name", "args"}),
    "functionResponse": frozenset(
        {"id", "name", "response", "parts", "willContinue", "scheduling"}
    ),
    "tool": frozenset({"functionDeclarations", "googleSearch", "urlContext", "codeExecution"}),
    "googleSearch": frozenset({"timeRangeFilter", "excludeDomains", "searchTypes"}),
    "declaration": frozenset(
        {"name", "description", "parameters", "parametersJsonSchema", "behavior", "response"}
    ),
    "toolConfig": frozenset({"functionCallingConfig", "retrievalConfig"}),
    "functionCallingConfig": frozenset({"mode", "allowedFunctionNames"}),
    "generationConfig": frozenset(
        {
            *("temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "seed"),
            *("responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig"),
            *("candidateCount", "presencePenalty", "frequencyPenalty", "mediaResolution"),
        }
    ),
    "thinkingConfig": frozenset({"includeThoughts", "thinkingBudget", "thinkingLevel"}),
    "schema": frozenset(
        {
            *("type", "format", "title", "description", "nullable", "default", "example", "enum"),
            *("items", "minItems", "maxItems", "properties", "required", "minProperties"),
            *("maxProperties", "propertyOrdering", "minLength", "maxLength", "pattern", "minimum"),
            *("maximum", "anyOf"),
        }
    ),
}
PAYLOADS = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
MODES = frozenset({"AUTO", "ANY", "NONE", "VALIDATED"})
LEVELS = frozenset({"MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"})
LEGAL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
MOST_STOPS = 5


def check(received: Received, issued: Issued) -> list[str]:
    """Every fault of a request that came over the wire, address and headers included."""
    return [*_envelope(received), *faults(received.body, issued)]


def faults(body: Body, issued: Issued | None = None) -> list[str]:
    """Every fault in one request, each as a line that says where; an empty list for a sound one.

    Signatures are compared with what was `issued`; without that, only that they are there is judged.
    """
    return [
        *_unknown("request", body, "request"),
        *_generation(body.get("generationConfig") or {}),
        *_tools(body),
        *_system(body),
        *_contents(body.get("contents") or []),
        *_signatures(body.get("contents") or [], issued),
    ]


def _envelope(received: Received) -> Iterator[str]:
    if not received.headers.get("x-goog-api-key"):
        yield "no key in x-goog-api-key"
    for name in sorted({"authorization", "x-api-key"} & received.headers.keys()):
        yield f"a key in {name}"
    if "key" in received.parameters:
        yield "a key in the address"
    if received.streams and received.parameters.get("alt") != ["sse"]:
        yield "a stream that does not ask for events"
    for key in sorted({"model", "stream"} & received.body.keys()):
        yield f"{key} stands in the body"


def _generation(config: Object) -> Iterator[str]:
    yield from _unknown("generationConfig", config, "generationConfig")
    thinking = config.get("thinkingConfig") or {}
    yield from _unknown("thinkingConfig", thinking, "thinkingConfig")
    if {"thinkingBudget", "thinkingLevel"} <= thinking.keys():
        yield "thinkingConfig: both a budget and a level"
    if thinking.get("thinkingLevel", "LOW") not in LEVELS:
        yield f"thinkingConfig: level {thinking['thinkingLevel']!r}"
    if len(config.get("stopSequences") or []) > MOST_STOPS:
        yield f"more than {MOST_STOPS} stop sequences"
    if "responseJsonSchema" in config and config.get("responseMimeType") != "application/json":
        yield "responseJsonSchema without its type"


def _tools(body: Body) -> Iterator[str]:
    names: set[str] = set()
    if body.get("tools") == []:
        yield "an empty list of tools"
    for index, tool in enumerate(body.get("tools") or []):
        at = f"tool {index}"
        yield from _unknown(at, tool, "tool")
        yield from _unknown(f"{at} googleSearch", tool.get("googleSearch") or {}, "googleSearch")
        for declared in tool.get("functionDeclarations") or []:
            yield from _declaration(f"{at} {declared.get('name')!r}", declared, names)
    config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    yield from _unknown("toolConfig", body.get("toolConfig") or {}, "toolConfig")
    yield from _unknown("functionCallingConfig", config, "functionCallingConfig")
    if config and not names:
        yield "functionCallingConfig without functions"
    if config.get("mode", "AUTO") not in MODES:
        yield f"functionCallingConfig: mode {config['mode']!r}"
    if "allowedFunctionNames" in config and config.get("mode") not in ("ANY", "VALIDATED"):
        yield "allowedFunctionNames without a mode that allows them"
    for name in config.get("allowedFunctionNames") or []:
        if name not in names:
            yield f"allowedFunctionNames: no function named {name!r}"


def _declaration(at: str, declared: Object, names: set[str]) -> Iterator[str]:
    yield from _unknown(at, declared, "declaration")
    name = str(declared.get("name"))
    if not LEGAL_NAME.fullmatch(name):
        yield f"{at}: illegal name"
    if name in names:
        yield f"{at}: declared twice"
    names.add(name)
    if {"parameters", "parametersJsonSchema"} <= declared.keys():
        yield f"{at}: two kinds of parameters"
    if "parameters" in declared:
        yield from _schema(f"{at} parameters", declared["parameters"])


def _schema(at: str, schema: Object) -> Iterator[str]:
    """A `Schema` knows far fewer words than JSON Schema."""
    yield from _unknown(at, schema, "schema")
    if not isinstance(schema.get("type", ""), str):
        yield f"{at}: type is no text"
    if not all(isinstance(value, str) and value for value in schema.get("enum", [])):
        yield f"{at}: an enum of something other than texts"
    for name, part in schema.get("properties", {}).items():
        yield from _schema(f"{at}.{name}", part)
    for part in [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
        yield from _schema(at, part)


def _system(body: Body) -> Iterator[str]:
    system = body.get("systemInstruction")
    if system is None:
        return
    yield from _unknown("systemInstruction", system, "content")
    if not all(part.keys() == {"text"} and part["text"] for part in system.get("parts") or [{}]):
        yield "systemInstruction: something other than text"


# -- contents ----------------------------------------------------------------------------------------


def _contents(contents: list[Object]) -> Iterator[str]:
    if not contents:
        yield "no contents"
    open_calls: list[Object] = []
    last = "model"
    for index, content in enumerate(contents):
        at, role = f"content {index}", content.get("role")
        yield from _unknown(at, content, "content")
        if role not in ("user", "model"):
            yield f"{at}: unknown role {role!r}"
        elif role == last:
            yield f"{at}: {role} again" if index else f"{at}: {role} first"
        last = str(role)
        parts = content.get("parts") or []
        if not parts:
            yield f"{at}: no parts"
        for part in parts:
            yield from _part(at, part, str(role))
        yield from _answers(at, parts, open_calls)
        open_calls = [part["functionCall"] for part in parts if "functionCall" in part]
    if open_calls:
        yield f"end: calls not answered: {[call.get('name') for call in open_calls]}"


def _answers(at: str, parts: list[Object], calls: list[Object]) -> Iterator[str]:
    """The results in a content, against the calls of the one before it."""
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    if Counter(r.get("name") for r in results) != Counter(c.get("name") for c in calls):
        yield (
            f"{at}: answers {[r.get('name') for r in results]} "
            f"to the calls {[c.get('name') for c in calls]}"
        )
    called = {call["id"] for call in calls if call.get("id")}
    for result in results:
        if called and result.get("id") and result["id"] not in called:
            yield f"{at}: answers {result['id']!r}, which is not an open call"


def _part(at: str, part: Object, role: str) -> Iterator[str]:
    yield from _unknown(at, part, "part")
    kinds = [kind for kind in PAYLOADS if kind in part]
    if len(kinds) != 1:
        yield f"{at}: a part of {kinds or 'nothing'}"
        return
    (kind,) = kinds
    if part.get("text") == "" and not part.get("thoughtSignature"):
        yield f"{at}: an empty text"
    if (kind == "functionCall" and role != "model") or (
        kind == "functionResponse" and role != "user"
    ):
        yield f"{at}: {kind} in role {role}"
    if role != "model" and {"thought", "thoughtSignature"} & part.keys():
        yield f"{at}: a thought of the {role}"
    if kind == "text":
        return
    yield from _unknown(f"{at} {kind}", part[kind], kind)
    yield from PARTS[kind](at, part[kind])


def _function_call(at: str, call: Object) -> Iterator[str]:
    if not LEGAL_NAME.fullmatch(str(call.get("name"))):
        yield f"{at}: illegal call name {call.get('name')!r}"
    if not isinstance(call.get("args", {}), dict):
        yield f"{at}: args are no object"


def _function_response(at: str, result: Object) -> Iterator[str]:
    if not result.get("name"):
        yield f"{at}: a result without the name of its function"
    response = result.get("response")
    if not isinstance(response, dict) or not {"output", "error"} & response.keys():
        yield f"{at}: a response with neither output nor error"
    for part in result.get("parts") or []:
        if not {"inlineData", "fileData"} & part.keys():
            yield f"{at}: a response with a part {sorted(part)}"
        yield from _inline(at, part.get("inlineData") or {"mimeType": "x", "data": "x"})


def _inline(at: str, data: Object) -> Iterator[str]:
    yield from _unknown(f"{at} inlineData", data, "inlineData")
    if not data.get("mimeType") or not data.get("data"):
        yield f"{at}: data without its type"
    if str(data.get("data")).startswith("data:"):
        yield f"{at}: an address in place of data"


def _file(at: str, data: Object) -> Iterator[str]:
    if not data.get("fileUri"):
        yield f"{at}: a file without its address"


PARTS = {
    "functionCall": _function_call,
    "functionResponse": _function_response,
    "inlineData": _inline,
    "fileData": _file,
}


def _signatures(contents: list[Object], issued: Issued | None) -> Iterator[str]:
    """Of the current turn each step's first call is signed; elsewhere a signature may be missing."""
    begin = max(
        (
            index
            for index, content in enumerate(contents)
            if content.get("role") == "user"
            and not any("functionResponse" in part for part in content.get("parts", []))
        ),
        default=0,
    )
    for index, content in enumerate(contents):
        at, parts = f"content {index}", content.get("parts") or []
        first = next((part for part in parts if "functionCall" in part), None)
        if index > begin and first is not None and not first.get("thoughtSignature"):
            yield f"{at}: Function call is missing a thought_signature in functionCall parts"
        for part in parts:
            yield from _signature(at, part, issued)


def _signature(at: str, part: Object, issued: Issued | None) -> Iterator[str]:
    signature = part.get("thoughtSignature")
    if signature is None or issued is None:
        return
    kind = next((kind for kind in PAYLOADS if kind in part), "")
    if signature == SENTINEL:
        if kind != "functionCall":
            yield f"{at}: the sentinel on a part of {kind}"
    elif signature not in issued.signatures:
        yield f"{at}: foreign thought signature"
    elif issued.signatures[signature] != kind:
        yield f"{at}: a signature moved to a part of {kind}"


def _unknown(at: str, value: Mapping[str, Any], what: str) -> Iterator[str]:
    for key in sorted(value.keys() - KEYS[what]):
        yield f"{at}: unknown field {key}"
