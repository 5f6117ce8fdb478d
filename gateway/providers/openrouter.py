"""OpenRouter: one chat endpoint before many providers, which takes thinking as an object.

Reasoning of every provider goes back as `reasoning_details`, cache marks go to the models that know
them, a session stays with one provider, and web search is its plugin. Nothing tells OpenRouter whose
app this is; to be named there write
`headers: {HTTP-Referer: "https://my.app", X-OpenRouter-Title: my-app, X-Title: my-app}`.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="openrouter",
    dialect=OpenAIChat(
        ChatQuirks(
            least_output=16,
            top_k=True,
            reasoning="object",
            efforts=("minimal", "low", "medium", "high", "xhigh"),
            can_disable_reasoning=True,
            reasoning_budget=True,
            documents=True,
            user_field="user",
            session_field="session_id",
            cache="parts",
            cache_models=("*claude*", "*gemini*", "minimax/*", "z-ai/*"),
            web_search="plugin",
        )
    ),
    base_url="https://openrouter.ai/api/v1",
    key_env="OPENROUTER_API_KEY",
)
