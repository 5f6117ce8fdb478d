"""The shipped presets with their tests, and the request that a session of Claude Code begins with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from language import JSON, tool

from gateway import resources
from gateway.cases import Suite, read_suite
from gateway.config import Loaded, Snapshot, load

FOLDER = resources.data_folder("rules")
SUITES = {path.name.removesuffix(".test.yaml"): path for path in FOLDER.glob("*.test.yaml")}
PRESETS = sorted(
    path.stem for path in FOLDER.glob("*.yaml") if not path.name.endswith(".test.yaml")
)


def loaded(preset: str, environment: Mapping[str, str]) -> Loaded:
    """What a preset comes to where these variables are set."""
    path = FOLDER / f"{preset}.yaml"
    return load(path.read_text("utf-8"), file=path.name, environment=environment)


def snapshot(preset: str, environment: Mapping[str, str]) -> Snapshot:
    """A preset that serves."""
    found = loaded(preset, environment).snapshot
    assert found is not None
    return found


@cache
def suite(preset: str) -> Suite:
    """The tests beside a preset."""
    path = SUITES[preset]
    return read_suite(path.read_text("utf-8"), path.name)


def first_turn() -> JSON:
    """The shape of what Claude Code sends first: everything but the length of its texts."""
    attribution = "x-anthropic-billing-header: cc_version=2.1.0.abc; cc_entrypoint=cli;"
    texts = [attribution, "You are Claude Code.", "You help with code."]
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 128_000,
        "stream": True,
        "system": [{"type": "text", "text": text} for text in texts],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this project?"}]},
            {"role": "system", "content": [{"type": "text", "text": "Working directory: /src"}]},
        ],
        "tools": [tool(name) for name in ("Bash", "Read", "Edit", "Write", "Task", "WebSearch")],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
        "metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"s"}'},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    }
