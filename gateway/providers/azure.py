"""Azure OpenAI by its v1 endpoint; the model is the name of the deployment.

AZURE_OPENAI_ENDPOINT is the address of the resource, such as https://NAME.openai.azure.com. Deployments
are known for reasoning models by their names; of others say `quirks: {reasoning_models: [my-deployment]}`.
With `dialect: openai-responses` reasoning is kept between turns; add `auth: api-key` to it.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="azure",
    dialect=OpenAIChat(
        ChatQuirks(
            output_cap="max_completion_tokens",
            reasoning="effort",
            reasoning_models=("gpt-5*", "gpt-6*", "o1*", "o3*", "o4*"),
            sampling_with_reasoning=False,
            stop_with_reasoning=False,
            user_field="user",
            prefill="refuse",
        )
    ),
    base_url="${AZURE_OPENAI_ENDPOINT}/openai/v1",
    auth="api-key",
    key_env="AZURE_OPENAI_API_KEY",
)
