"""The formats that a gateway can reach the scripted upstream by, and a config for each. No IO."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A provider in the config."""

    provider: str
    dialect: str
    base: str
    """After the upstream's URL, in the provider's base URL."""
    endpoint: str
    """The path that the upstream sees for a stream."""
    model: str = "stub-model"
    """A name that the dialect takes for one of a model that thinks."""
    quirks: str = "{}"
    """As in the config."""
    searches: bool = False
    """It searches the web itself."""

    def entry(self, upstream_url: str) -> str:
        """The provider's line in the config."""
        return (
            f'{self.provider}: {{dialect: {self.dialect}, base_url: "{upstream_url}{self.base}", '
            f"api_key: sk-dummy, quirks: {self.quirks}}}"
        )

    def config(self, upstream_url: str, *more: str) -> str:
        """A config with this provider and the lines of `more`."""
        lines = ["version: 1", "providers:", f"  {self.entry(upstream_url)}"]
        return "\n".join([*lines, *more, f'default: "{self.path}"', ""])

    @property
    def path(self) -> str:
        """The target, as it stands in a URL."""
        return f"{self.provider}:{self.model}"


TARGETS: dict[str, Target] = {
    target.provider: target
    for target in (
        Target("chat", "openai-chat", "/v1", "/v1/chat/completions"),
        Target(
            "responses",
            "openai-responses",
            "/v1",
            "/v1/responses",
            model="gpt-5-stub",
            searches=True,
        ),
        Target(
            "google",
            "gemini",
            "/v1beta",
            "/v1beta/models/gemini-3-stub:streamGenerateContent",
            model="gemini-3-stub",
            searches=True,
        ),
        Target("local", "ollama", "/ollama", "/ollama/api/chat"),
        Target("native", "anthropic", "", "/v1/messages", searches=True),
        Target(
            "local-native",
            "anthropic",
            "/ollama",
            "/ollama/v1/messages",
            quirks="{signatures: sealed, query: false, betas: false, client_headers: false, "
            "adaptive_thinking: enabled, sources: [base64], server_tools: []}",
        ),
    )
}
"""By the provider's name. `local-native` is Ollama's endpoint in the Anthropic format."""
