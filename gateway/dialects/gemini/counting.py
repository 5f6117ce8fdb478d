"""The size of a prompt in the Gemini format, `countTokens`. No IO.

References: https://ai.google.dev/api/tokens (a field that holds the whole request) and
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens (the fields themselves)
"""

from __future__ import annotations

from typing import Literal

from gateway import json_text
from gateway.dialects.base import Outgoing
from gateway.dialects.gemini.request import method_path

COUNTED = ("contents", "systemInstruction", "tools")


def request_to_count(
    model: str, outgoing: Outgoing, form: Literal["request", "fields"]
) -> Outgoing:
    """From the request for an answer."""
    path = method_path(model, "countTokens")
    body = json_text.decode(outgoing.body)
    if form == "request":
        name = path[1:].removesuffix(":countTokens")
        body = {"generateContentRequest": {"model": name, **body}}
    else:
        body = {name: body[name] for name in COUNTED if name in body}
    return Outgoing(path, outgoing.headers, json_text.encode(body))
