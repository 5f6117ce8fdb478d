"""Requests in few words. No IO.

Prompts leave a competent model no choice, so that what goes wrong is not a matter of taste: a line to
repeat, a code word to find, a call to make with given arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import json_text
from gateway.conformance.case import Answer, Body, Subject, Turn

Block = dict[str, Any]
Message = dict[str, Any]

OUTPUT = 2_048
"""Tokens that an answer may have: models that think first need more than the words they say."""

CODE_WORD = "What is the code word? Reply with the code word alone."


def body(messages: str | Sequence[Message], **fields: Any) -> Body:
    """A streamed request; text is one message of the user. Fields that are None are left out."""
    said = [user(messages)] if isinstance(messages, str) else list(messages)
    asked = {"max_tokens": OUTPUT, "stream": True, "messages": said, **fields}
    return {name: value for name, value in asked.items() if value is not None}


def ask(messages: str | Sequence[Message], **fields: Any) -> Turn:
    """A request that depends on nothing."""
    asked = body(messages, **fields)

    def turn(_subject: Subject, _before: Sequence[Answer]) -> Body:
        return asked

    return turn


def answered_by(result: str | Sequence[Block], **fields: Any) -> Turn:
    """The request after a tool call: the conversation so far, and a result for each call.

    None when the model made no call.
    """

    def turn(_subject: Subject, before: Sequence[Answer]) -> Body | None:
        last = before[-1]
        if not last.calls:
            return None
        results = [tool_result(str(call.get("id")), result) for call in last.calls]
        said = [*last.asked["messages"], assistant(last.content), user(results)]
        return {**last.asked, "messages": said, **fields}

    return turn


def user(content: str | Sequence[Block]) -> Message:
    """A message of the user."""
    return {"role": "user", "content": content}


def assistant(content: str | Sequence[Block]) -> Message:
    """An earlier answer."""
    return {"role": "assistant", "content": content}


def system(content: str) -> Message:
    """A system message inside the conversation."""
    return {"role": "system", "content": content}


def text(text: str, **fields: Any) -> Block:
    """A text block."""
    return {"type": "text", "text": text, **fields}


def call(id: str, name: str, **input: Any) -> Block:
    """A tool call of an earlier answer."""
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def tool_result(id: str, content: str | Sequence[Block] | None, **fields: Any) -> Block:
    """What a tool gave; None for a result without content."""
    block = {"type": "tool_result", "tool_use_id": id, **fields}
    return block if content is None else {**block, "content": content}


def tool(name: str, description: str, **properties: Mapping[str, Any]) -> dict[str, Any]:
    """A tool all of whose parameters are required."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": name, "description": description, "input_schema": schema}


def repeat(line: str) -> str:
    """The prompt for an answer that is known word by word."""
    return f"Reply with exactly this line and nothing else: {line}"


def call_for(name: str, arguments: Mapping[str, Any]) -> str:
    """The prompt for a call that is known to the last argument."""
    return f"Call the tool {name} with exactly these arguments: {json_text.encode_text(arguments)}"


THOUGHTS = frozenset({"thinking of earlier turns", "thinking of another model"})
"""What dialects call the thinking that they do not send back."""

STRING = {"type": "string"}
LOOKUP = tool("lookup", "Looks up the code word of a city.", city=STRING)
CLOCK = tool("clock", "Tells the time of day in a city.", city=STRING)
