"""Z.ai's GLM: thinking is switched, and kept between turns when it is sent back.

Takes one stop sequence, and leaves the choice of tools to the model. The coding plan has an address of
its own: `base_url: https://api.z.ai/api/coding/paas/v4`.
"""

from __future__ import annotations

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="zai",
    dialect=OpenAIChat(
        ChatQuirks(
            extra={"thinking": {"clear_thinking": False}},
            stop_limit=1,
            structured_output=False,
            reasoning="switch",
            efforts=(),
            can_disable_reasoning=True,
            echo_reasoning="reasoning_content",
            echo_turns="all",
            image_models=("glm-*v", "glm-*v-*"),
            parallel_tool_calls=False,
            tool_choices=("auto",),
            refused_keywords=("strict",),
        )
    ),
    base_url="https://api.z.ai/api/paas/v4",
    key_env="ZAI_API_KEY",
)
