"""OpenAI's Responses: the service and key of `openai`, in the format in which models keep their reasoning.

Encrypted reasoning goes back with the next turn, and the model can search the web. The efforts are those
that every reasoning model takes; newer ones also know `none`, `xhigh` and `max`:
`quirks: {efforts: [low, medium, high, xhigh], can_disable_reasoning: true}`.
"""

from __future__ import annotations

from gateway.dialects.openai_responses import OpenAIResponses, ResponsesQuirks
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="openai-responses",
    dialect=OpenAIResponses(
        ResponsesQuirks(count_path="/responses/input_tokens", fast_tier="priority")
    ),
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
)
