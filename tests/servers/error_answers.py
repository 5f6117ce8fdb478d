"""The error answers of the scripted upstream. No IO.

`ERRORS` are written in the words of whichever format is asked; `OVERFLOWS` are what one kind of server says
when a prompt does not fit, in that server's own status, shape and words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An HTTP error, in terms that every format can write."""

    status: int
    type: str
    """Anthropic error type."""
    code: str | None
    """OpenAI error code."""
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    """In place of what the format makes of it."""
    events: tuple[bytes, ...] = ()
    """What a stream says of it, after a status of 200."""


def _second_event(kind: str, code: str, message: str) -> tuple[bytes, ...]:
    """A Responses stream that begins, and then says the error in an object of its own."""
    response = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
    error = {"type": kind, "code": code, "message": message, "param": "input"}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "sequence_number": 0, "response": response},
        {"type": "error", "sequence_number": 2, "error": error},
    ]
    return tuple(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


RETRY_AFTER = "7"
OVERFLOW = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in "
    "150000 tokens. Please reduce the length of the messages."
)

ERRORS: dict[str, ErrorAnswer] = {
    "overflow": ErrorAnswer(400, "invalid_request_error", "context_length_exceeded", OVERFLOW),
    "e401": ErrorAnswer(401, "authentication_error", "invalid_api_key", "The key is not known."),
    "e403": ErrorAnswer(403, "permission_error", None, "This key may not use the model."),
    "e404": ErrorAnswer(404, "not_found_error", "model_not_found", "There is no such model."),
    "e429": ErrorAnswer(
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        "Too many requests.",
        {"retry-after": RETRY_AFTER},
    ),
    "e429-soon": ErrorAnswer(
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        "Too many requests.",
        {"retry-after": "1"},
    ),
    "e500": ErrorAnswer(500, "api_error", "server_error", "The server broke."),
    "e503": ErrorAnswer(503, "overloaded_error", None, "The engine is overloaded."),
    "e529": ErrorAnswer(529, "overloaded_error", None, "Overloaded."),
    "early-error": ErrorAnswer(
        500,
        "api_error",
        "server_error",
        "The server broke.",
        events=_second_event("server_error", "server_error", "The server broke."),
    ),
}
"""`e503` answers a chat server's word for overload, `e529` Anthropic's own."""


def _answer(status: int, body: Mapping[str, Any], *, events: tuple[bytes, ...] = ()) -> ErrorAnswer:
    """An answer that is this body."""
    return ErrorAnswer(status, "invalid_request_error", None, "", body=body, events=events)


def _plain(http_status: int, /, **error: Any) -> ErrorAnswer:
    return _answer(http_status, {"error": error})


RESPONSES_WORDS = (
    "Your input exceeds the context window of this model. Please adjust your input and try again."
)
RESPONSES = {
    "message": RESPONSES_WORDS,
    "type": "invalid_request_error",
    "param": "input",
    "code": "context_length_exceeded",
}
OPENROUTER = {
    "message": "Provider returned error",
    "code": 400,
    "metadata": {
        "provider_name": "Somebody",
        "error_type": "context_length_exceeded",
        "raw": "This endpoint's maximum context length is 32768 tokens. However, you requested "
        "about 42832 tokens (38736 of text input, 4096 in the output).",
    },
}

OVERFLOWS: dict[str, ErrorAnswer] = {
    "overflow-anthropic": _answer(
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "prompt is too long: 209601 tokens > 200000 maximum",
            },
        },
    ),
    "overflow-openai": _plain(
        400,
        message=OVERFLOW,
        type="invalid_request_error",
        param="messages",
        code="context_length_exceeded",
    ),
    "overflow-responses": _answer(400, {"error": RESPONSES}),
    "overflow-responses-stream": _answer(
        400,
        {"error": RESPONSES},
        events=_second_event("invalid_request_error", "context_length_exceeded", RESPONSES_WORDS),
    ),
    "overflow-configured": _plain(
        400,
        message="Input tokens exceed the configured limit of 272000 tokens. Your messages resulted "
        "in 289650 tokens. Please reduce the length of the messages.",
        type="invalid_request_error",
        param="messages",
        code="context_length_exceeded",
    ),
    "overflow-gemini": _plain(
        400,
        code=400,
        message="The input token count (1211023) exceeds the maximum number of tokens allowed "
        "(1048576).",
        status="INVALID_ARGUMENT",
    ),
    "overflow-openrouter": _answer(400, {"error": OPENROUTER, "user_id": "user_1"}),
    "overflow-openrouter-stream": _answer(
        400,
        {"error": OPENROUTER},
        events=(
            b": OPENROUTER PROCESSING\n\n",
            b"data: " + json.dumps({"id": "gen-1", "error": OPENROUTER, "choices": []}).encode(),
            b"\n\ndata: [DONE]\n\n",
        ),
    ),
    "overflow-vllm": _answer(
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 32768 tokens. However, you requested "
            "40000 tokens (36000 in the messages, 4000 in the completion).",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
    ),
    "overflow-llama-cpp": _plain(
        400,
        code=400,
        message="the request exceeds the available context size, try increasing it",
        type="exceed_context_size_error",
        n_prompt_tokens=40000,
        n_ctx=32768,
    ),
    "overflow-cerebras": _answer(
        400,
        {
            "message": "Please reduce the length of the messages or completion. Current length is "
            "140000 while limit is 131072",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        },
    ),
    "overflow-tgi": _answer(
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 32768. "
            "Given: 40000 `inputs` tokens and 4000 `max_new_tokens`",
            "error_type": "validation",
        },
    ),
    "overflow-bedrock": _plain(
        400,
        message="The prompt tokens 210000 exceed model maximum 200000",
        type="invalid_request_error",
        param=None,
        code=None,
    ),
    "overflow-perplexity": _plain(
        400,
        message="The total length of all messages is too long.",
        type="too_many_prompt_tokens",
        code=400,
    ),
    "overflow-ollama": _answer(
        400, {"error": "prompt too long; exceeded max context length by 1119 tokens"}
    ),
}
"""Each in words and shapes that the server named is known to answer with."""
