"""What this gateway answers, as an OpenAPI document: `gateway schema --openapi`, `GET /openapi.json`.

https://spec.openapis.org/oas/v3.1.0. Bodies are described as far as the gateway looks at them or answers
for them: it takes fields that it does not know, and passes on what providers say in theirs. Errors have
one form everywhere, so they stand under `default`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import __version__
from gateway.server.pages.openapi_parts import SCHEMAS, TEXT, listed, ref

Json = dict[str, Any]


def document() -> Json:
    """The whole document, in an order that stays."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rules-gateway",
            "version": __version__,
            "summary": "The Anthropic Messages API in front of any model.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {"url": "http://127.0.0.1:4000", "description": "Rules choose the target."},
            {
                "url": "http://127.0.0.1:4000/{target}",
                "description": "The URL names the target. `/metrics`, `/admin` and `/openapi.json` "
                "stand at the root alone.",
                "variables": {"target": {"default": "openai:gpt-5"}},
            },
        ],
        "security": [{}, {"key": []}, {"bearer": []}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "One of server.auth.keys; without such keys anybody is served.",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The same keys."},
                "admin": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "server.admin; without any key this machine alone is told.",
                },
            },
        },
    }


def answer(schema: Json, description: str, *, others: Mapping[str, Json] | None = None) -> Json:
    """The responses of an operation: JSON of this shape, or an error."""
    return {
        "200": {
            "description": description,
            "content": {"application/json": {"schema": schema}},
        },
        **(others or {}),
        "default": FAILED,
    }


FAILED: Json = {
    "description": "What went wrong, and how to mend it.",
    "headers": {
        "request-id": {"schema": {"type": "string"}, "description": "Stands in the log, too."},
        "retry-after": {
            "schema": {"type": "string"},
            "description": "Seconds, where a wait helps.",
        },
    },
    "content": {"application/json": {"schema": ref("Error")}},
}


def operation(summary: str, responses: Json, **more: Any) -> Json:
    """An operation; `more` are other fields of it."""
    return {"summary": summary, **more, "responses": responses}


def body(schema: Json) -> Json:
    """The request has a body of this shape."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def signs(description: str) -> Json:
    """An operation that clients use to see whether somebody is there."""
    told = answer(
        {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}},
        description,
    )
    head = {"200": {"description": description}}
    return {
        "get": operation("Whether a gateway is here", told, security=[]),
        "head": operation("Whether a gateway is here, without a body", head, security=[]),
    }


STREAM: Json = {
    "schema": {
        "description": "One event; `data` is JSON.",
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    },
    "example": 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
}
"""Server-sent events: https://docs.anthropic.com/en/api/messages-streaming."""

MESSAGES: Json = operation(
    "Ask a model",
    {
        "200": {
            "description": "The answer: whole, or as events if `stream` is true. The headers that "
            "begin with x-gateway- tell the target, why it was chosen, and what was left out.",
            "headers": {
                "x-gateway-target": {
                    "schema": {"type": "string"},
                    "description": "provider:model",
                },
                "x-gateway-dropped": {
                    "schema": {"type": "string"},
                    "description": "Fields of the request that the target cannot take.",
                },
            },
            "content": {
                "application/json": {"schema": ref("Message")},
                "text/event-stream": STREAM,
            },
        },
        "default": FAILED,
    },
    requestBody=body(ref("MessagesRequest")),
)

ADMIN: list[Json] = [{}, {"admin": []}]
"""What is told to whoever runs the gateway."""

READY: Json = {
    "type": "object",
    "required": ["ready"],
    "properties": {"ready": {"type": "boolean"}, "because": TEXT},
}

PATHS: Json = {
    "/v1/messages": {"post": MESSAGES},
    "/v1/messages/count_tokens": {
        "post": operation(
            "Count the tokens of a prompt",
            answer(ref("TokenCount"), "By the provider where it counts, otherwise an estimate."),
            requestBody=body(ref("PromptRequest")),
        )
    },
    "/v1/models": {
        "get": operation(
            "List the targets and aliases of the config",
            answer(listed(ref("Model")), "All of them at once."),
        )
    },
    "/v1/models/{model_id}": {
        "get": operation(
            "Look at a model",
            answer(ref("Model"), "What is known of it."),
            parameters=[
                {
                    "name": "model_id",
                    "in": "path",
                    "required": True,
                    "description": "provider:model, or an alias; slashes may stand as they are.",
                    "schema": {"type": "string", "minLength": 1},
                    "example": "openai:gpt-5",
                }
            ],
        )
    },
    "/": signs("Who is here, and where else to look."),
    "/api/hello": signs("A greeting."),
    "/health": {
        "get": operation(
            "Whether the gateway lives, and with which config",
            answer(ref("Health"), "It does."),
            security=[],
        )
    },
    "/health/ready": {
        "get": operation(
            "Whether a request would be answered at once",
            answer(
                READY,
                "It would.",
                others={
                    "503": {
                        "description": "The start is not over, or the gateway drains.",
                        "content": {"application/json": {"schema": READY}},
                    }
                },
            ),
            security=[],
        )
    },
    "/v1/stats": {
        "get": operation(
            "What was served since the start",
            answer(ref("Stats"), "Numbers."),
            security=ADMIN,
        )
    },
    "/metrics": {
        "get": operation(
            "What was served, for Prometheus",
            {
                "200": {
                    "description": "The text format of Prometheus.",
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                },
                "default": FAILED,
            },
            security=ADMIN,
        )
    },
    "/openapi.json": {
        "get": operation("This document", answer({"type": "object"}, "It."), security=[])
    },
    "/admin/explain": {
        "post": operation(
            "What would become of a request; nothing is sent",
            answer(ref("Explanation"), "The decision, and what led to it."),
            requestBody=body(
                {"anyOf": [ref("MessagesRequest"), ref("RecordedRequest")]},
            ),
            security=ADMIN,
        )
    },
    "/admin/reload": {
        "post": operation(
            "Read the config anew",
            answer(ref("Reload"), "What came of it."),
            requestBody=body(ref("ReloadRequest")),
            security=ADMIN,
        )
    },
}
"""Path -> method -> operation."""
