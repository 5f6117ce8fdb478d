"""Wire formats, one package each. No IO.

To add one: write `gateway/dialects/NAME/`, satisfy `Dialect`, name it in `DIALECTS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.dialects.anthropic import Anthropic
from gateway.dialects.base import Answer, AnswerContext, Destination, Dialect, Outgoing
from gateway.dialects.gemini import Gemini
from gateway.dialects.ollama import Ollama
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.openai_responses import OpenAIResponses

__all__ = ["DIALECTS", "Answer", "AnswerContext", "Destination", "Dialect", "Outgoing"]

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Anthropic(),
        Gemini(),
        Ollama(),
        OpenAIChat(),
        OpenAIResponses(),
    )
}
"""Name in the config -> the dialect without quirks."""
