"""An exchange with a provider of each format, for laws about requests and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from language import events_of

from gateway.cache_guard import Guard
from gateway.config import Snapshot, load
from gateway.messages import Memory
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter

DIALECTS: Mapping[str, str] = {
    "chat": "openai-chat",
    "responses": "openai-responses",
    "gemini": "gemini",
    "ollama": "ollama",
    "native": "anthropic",
}
"""Provider -> its format."""

CONFIG = """\
version: 1
server: {max_body: 1MiB}
providers:
%(providers)s
models:
  chat:small: {context: 1000, max_output: 100}
rules:
  - {name: long, when: {tokens: {above: 400}}, use: "chat:small", fallback: ["gemini:m"]}
  - {name: image, when: {has: [image, document]}, use: "gemini:m"}
  - {name: tools, when: {tools: {include: [Bash, "mcp__*"]}}, use: "ollama:m", transforms: [plain]}
  - {name: loop, when: {loop: 3}, use: "chat:m"}
  - {name: think, when: {thinking: {effort: [high, max]}}, use: "responses:m"}
  - {name: said, when: {last_user: "/^.model (a|b)+/"}, use: "chat:m"}
  - {name: haiku, when: {model: "*haiku*"}, use: "chat:m", transforms: [plain]}
  - {name: none, when: {system: "*forbidden*"}, refuse: "Not here."}
default: native:m
transforms:
  plain:
    - system:
        remove: ["(?s)IMPORTANT: .*?\\\\n\\\\n"]
        replace: [{find: Claude, with: it}]
        append: "Be brief."
    - tools: {drop: [NotebookEdit, "mcp__*__delete_*"], describe: {Bash: "Run."}}
tool_correction: {mode: repair}
"""


SESSION = {"x-claude-code-session-id": "s"}


class Characters:
    """Counts quickly: a token each."""

    def count(self, text: str) -> int:
        """How many."""
        return len(text)


@cache
def snapshot() -> Snapshot:
    """A config in which a request can go anywhere."""
    providers = "\n".join(
        f'  {name}: {{dialect: {dialect}, base_url: "http://127.0.0.1:9/{name}", api_key: sk-own}}'
        for name, dialect in DIALECTS.items()
    )
    loaded = load(CONFIG % {"providers": providers}, file="config.yaml", environment={})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


def exchange(
    body: bytes,
    *,
    prefix: str = "",
    headers: Mapping[str, str] | None = None,
    query: str = "",
    memory: Memory | None = None,
) -> Exchange:
    """A new one; raises as `Exchange` does."""
    return Exchange(
        snapshot(),
        Inbound(body, headers if headers is not None else SESSION, query, prefix),
        TokenCounter(Characters()),
        Vault(b"secret"),
        memory=memory,
        guard=Guard(),
    )


def answered(exchange: Exchange, pieces: Sequence[bytes]) -> bytes:
    """What the client is told of an answer; raises `GatewayError` where nothing can be said."""
    out = b""
    for piece in pieces:
        out += exchange.receive(piece)
        if exchange.ended:
            return out
    return out + exchange.finish()


__all__ = ["DIALECTS", "answered", "events_of", "exchange", "snapshot"]
