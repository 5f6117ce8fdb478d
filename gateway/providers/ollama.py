"""Ollama by its own chat format; no key.

It is the only one of its endpoints that takes the size of the window, refuses a prompt that does not fit
instead of cutting its beginning off, and is given back the model's thinking. The window is 32,768 tokens,
because the server's own default is too small for coding agents; the target's `context` under `models:`, or
`quirks: {num_ctx: 65536}`, makes it another. `dialect: anthropic` (the client's format, hardly changed) and
`dialect: openai-chat` (with `/v1` at the end of `base_url`) switch to the other endpoints.
"""

from __future__ import annotations

from gateway.dialects.ollama import Ollama, OllamaQuirks
from gateway.providers.base import Provider

PROVIDER = Provider(
    name="ollama",
    dialect=Ollama(OllamaQuirks(num_ctx=32_768)),
    base_url="http://localhost:11434",
    needs_key=False,
    text_calls=("text",),
)
