"""The text of a config: it is read, or findings say where it is wrong. What was read can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.config import load, render_concise, render_full, render_json
from gateway.errors import GatewayError
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter

ROOT = Path(__file__).parents[2]
ASK = b'{"model":"claude-haiku","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}'


class Characters:
    """Counts quickly: a token each."""

    def count(self, text: str) -> int:
        """How many."""
        return len(text)


def law(data: bytes) -> None:
    """Any text, at any place of a folder without other files."""
    text = data.decode("utf-8", "replace")
    loaded = load(
        text, file="config.yaml", environment={"SET": "1"}, notes=True, every_overlay=True
    )
    failed = any(finding.severity == "error" for finding in loaded.findings)
    assert (loaded.snapshot is None) == failed
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + 2
    lines += text.count("\u2028") + text.count("\u2029")
    for finding in loaded.findings:
        if finding.file == "config.yaml":
            assert 1 <= finding.line <= lines, finding
            assert finding.column >= 1, finding
    for render in (render_full, render_concise, render_json):
        render(loaded.findings, loaded.sources) if render is render_full else render(
            loaded.findings
        )  # type: ignore[call-arg]
    if loaded.snapshot is not None:
        try:
            exchange = Exchange(
                loaded.snapshot, Inbound(ASK), TokenCounter(Characters()), Vault(b"secret")
            )
            exchange.upstream_request()
        except GatewayError as error:
            assert 400 <= error.status < 500


def seeds() -> Iterator[bytes]:
    """The configs that are shipped, and those with a known mistake."""
    for path in (
        ROOT / "config.example.yaml",
        *sorted((ROOT / "rules").glob("*.yaml")),
        *sorted((ROOT / "tests/config/err").glob("*.yaml")),
    ):
        yield path.read_bytes()[:6000]
