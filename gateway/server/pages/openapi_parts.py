"""The shapes that the OpenAPI document is made of; see `openapi`.

What a field may be says what this gateway makes of it, not what some provider would say: a request that
fits is read, though a rule or a target may still refuse it.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
MAYBE_COUNT: Json = {"type": ["integer", "null"], "minimum": 0}
MAYBE_TEXT: Json = {"type": ["string", "null"]}
TEXTS: Json = {"type": "array", "items": TEXT}


def ref(name: str) -> Json:
    """A schema of this document."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(required: list[str], **properties: Json) -> Json:
    """An object that may hold more."""
    return {"type": "object", "required": required, "properties": properties}


def listed(item: Json) -> Json:
    """A page of a list, as the Anthropic API gives them."""
    return shape(
        ["data", "has_more", "first_id", "last_id"],
        data={"type": "array", "items": item},
        has_more={"type": "boolean"},
        first_id=MAYBE_TEXT,
        last_id=MAYBE_TEXT,
    )


CONTENT: Json = {"anyOf": [TEXT, {"type": "array", "items": ref("Block")}]}

LIMITED: Json = {
    "type": "object",
    "description": "By provider that has limits: the requests of now.",
    "additionalProperties": shape(["running", "queued"], running=COUNT, queued=COUNT),
}

PROMPT: Json = {
    "model": {"type": "string", "minLength": 1, "example": "claude-sonnet-5-5"},
    "messages": {"type": "array", "minItems": 1, "items": ref("MessageParam")},
    "system": CONTENT,
    "tools": {"type": "array", "items": ref("Tool")},
}

SCHEMAS: Json = {
    "Error": shape(
        ["type", "error"],
        type={"const": "error"},
        error=shape(["type", "message"], type=TEXT, message=TEXT),
        request_id=TEXT,
    ),
    "Block": {
        "type": "object",
        "required": ["type"],
        "properties": {"type": TEXT},
        "anyOf": [
            shape(
                ["type", "text"], type={"const": "text"}, text={"type": "string", "minLength": 1}
            ),
            shape(["type", "source"], type={"enum": ["image", "document"]}, source=ref("Source")),
            shape(
                ["type", "id", "name", "input"],
                type={"const": "tool_use"},
                id={"type": "string", "minLength": 1},
                name={"type": "string", "minLength": 1},
                input={"type": "object"},
            ),
            shape(
                ["type", "tool_use_id"],
                type={"const": "tool_result"},
                tool_use_id={"type": "string", "minLength": 1},
                content=CONTENT,
                is_error={"type": "boolean"},
            ),
            shape(["type", "thinking"], type={"const": "thinking"}, thinking=TEXT, signature=TEXT),
            {"properties": {"type": {"pattern": "^[a-z_]+$"}}, "description": "Any later kind."},
        ],
    },
    "Source": shape(["type"], type=TEXT, media_type=TEXT, data=TEXT, url=TEXT, file_id=TEXT),
    "MessageParam": shape(
        ["role", "content"], role={"enum": ["user", "assistant", "system"]}, content=CONTENT
    ),
    "Tool": shape(
        ["name"],
        name={"type": "string", "minLength": 1},
        type=TEXT,
        description=TEXT,
        input_schema={"type": "object"},
    ),
    "PromptRequest": shape(["model", "messages"], **PROMPT),
    "MessagesRequest": shape(
        ["model", "messages", "max_tokens"],
        **PROMPT,
        max_tokens={"type": "integer", "minimum": 1},
        stream={"type": "boolean"},
        temperature={"type": "number", "minimum": 0},
        top_p={"type": "number", "minimum": 0, "maximum": 1},
        top_k={"type": "integer", "minimum": 0},
        stop_sequences=TEXTS,
        tool_choice=shape(
            ["type"], type={"enum": ["auto", "any", "tool", "none"]}, name={"type": "string"}
        ),
        thinking=shape(
            ["type"], type={"enum": ["enabled", "disabled", "adaptive"]}, budget_tokens=COUNT
        ),
        metadata=shape([], user_id=MAYBE_TEXT),
    ),
    "Message": shape(
        ["id", "type", "role", "model", "content", "stop_reason", "usage"],
        id=TEXT,
        type={"const": "message"},
        role={"const": "assistant"},
        model=TEXT,
        content={"type": "array", "items": shape(["type"], type=TEXT)},
        stop_reason=MAYBE_TEXT,
        stop_sequence=MAYBE_TEXT,
        usage=shape(["input_tokens", "output_tokens"], input_tokens=COUNT, output_tokens=COUNT),
    ),
    "TokenCount": shape(["input_tokens"], input_tokens=COUNT),
    "Model": shape(
        ["type", "id", "display_name", "created_at"],
        type={"const": "model"},
        id=TEXT,
        display_name=TEXT,
        created_at={"type": "string", "format": "date-time"},
        lifecycle=TEXT,
        max_input_tokens=MAYBE_COUNT,
        max_tokens=MAYBE_COUNT,
    ),
    "Health": shape(
        ["status"],
        status={"const": "ok"},
        ready={"type": "boolean", "description": "To whoever may not be told more."},
        because=TEXT,
        version=TEXT,
        config=ref("ConfigHealth"),
        recorder={"type": "object"},
        failing={
            "type": "array",
            "description": "Targets, or keys of providers, that are passed over; none if left out.",
            "items": shape(
                ["target", "state", "seconds", "status"],
                target=TEXT,
                key={"type": "string", "description": "Its place, such as `key 2 of 3`."},
                state={"enum": ["open", "half-open"]},
                seconds={"type": "number", "description": "Of cooldown that are left."},
                status={"type": "integer", "description": "Of the failure that counted last."},
            ),
        },
        limited=LIMITED,
    ),
    "ConfigHealth": shape(
        ["id", "age_seconds", "last_refusal", "held"],
        id=TEXT,
        age_seconds={"type": "number"},
        last_refusal={
            "oneOf": [
                {"type": "null"},
                shape(["seconds_ago", "findings"], seconds_ago={"type": "number"}, findings=TEXTS),
            ]
        },
        held={"oneOf": [{"type": "null"}, shape(["id", "message"], id=TEXT, message=TEXT)]},
    ),
    "Stats": shape(
        [
            *("since", "requests", "tools", "token_estimates", "limits", "correction_models"),
            "limited_now",
        ],
        since={"type": "number", "description": "Unix time of the start."},
        requests={
            "type": "array",
            "items": shape(
                ["target", "status", "requests"], target=TEXT, status=TEXT, requests=COUNT
            ),
        },
        tools={
            "type": "array",
            "items": shape(["target", "tool", "calls"], target=TEXT, tool=TEXT, calls=COUNT),
        },
        token_estimates={"type": "array", "items": {"type": "object"}},
        limits={
            "type": "array",
            "items": shape(
                ["provider", "let_in", "mean_wait_seconds", "refused_full", "refused_late"],
                provider=TEXT,
                let_in=COUNT,
                mean_wait_seconds={"type": "number"},
                refused_full=COUNT,
                refused_late=COUNT,
            ),
        },
        correction_models={"type": "array", "items": {"type": "object"}},
        limited_now=LIMITED,
    ),
    "RecordedRequest": shape(
        ["body"],
        path={"type": "string", "example": "/openai:gpt-5/v1/messages"},
        headers={"type": "object", "additionalProperties": TEXT},
        body=ref("MessagesRequest"),
    ),
    "Explanation": shape(
        ["rule", "target", "reason", "facts", "measured", "rules"],
        rule=MAYBE_TEXT,
        target=MAYBE_TEXT,
        reason=MAYBE_TEXT,
        facts={"type": "object"},
        measured={"type": "object", "additionalProperties": TEXT},
        rules={"type": "array", "items": {"type": "object"}},
        error=shape(
            ["status", "type", "message"], status={"type": "integer"}, type=TEXT, message=TEXT
        ),
    ),
    "ReloadRequest": {
        "type": "object",
        "properties": {
            "accept": {
                "type": ["boolean", "string"],
                "description": "True, or the id of the change that is held, serves it.",
            }
        },
        "additionalProperties": False,
    },
    "Reload": shape(
        ["outcome", "findings", "config"], outcome=TEXT, findings=TEXTS, config=ref("ConfigHealth")
    ),
}
"""Name -> schema (JSON Schema 2020-12)."""
