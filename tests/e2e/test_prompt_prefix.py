"""A long session of the real client: with transforms at work, every prompt begins with the one before."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from servers.claude_code import ClaudeCode
from servers.claude_plays import Session, check_traffic
from servers.gateway import Gateway
from servers.plays import MANY
from servers.scripted import Upstream
from servers.targets import TARGETS

from gateway import json_text

LISTS = {"chat": "messages", "responses": "input", "google": "contents", "local": "messages"}
"""Target -> the field that holds the conversation."""

EDITS = r"""
apply: [small-model]
transforms:
  small-model:
    - system:
        replace: [{find: Claude Code, with: the assistant}]
        prepend: "You work in {{ cwd }}."
        append: Be brief.
        facts: {cwd: 'Primary working directory: (\S+)'}
    - tools:
        keep: [Bash, Read, Edit, Write, Grep, Glob]
        longest_description: 400
        schemas: {"*": {longest_description: 120, drop: [dangerouslyDisableSandbox]}}
        describe: {Bash: Runs a shell command and gives its output.}
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", LISTS)
def test_a_prompt_only_grows(
    claude: ClaudeCode,
    gateway: Callable[[str], Gateway],
    upstream: Upstream,
    *,
    tmp_path: Path,
    word: str,
    name: str,
) -> None:
    """What the provider was sent in one turn stands byte for byte at the beginning of the next."""
    target = TARGETS[name]
    running = gateway(target.config(upstream.url, EDITS))
    outcome = Session(claude, running.url, tmp_path).play("many", path=f"/{target.path}")
    assert (outcome.exit_code, outcome.result) == (0, "DONE many"), outcome
    assert outcome.tool_names == ["Bash"] * MANY
    requests = upstream.about(word)
    check_traffic(requests)
    assert len(requests) == MANY + 1
    bodies = [json_text.decode_fields(received.raw) for received in requests]
    for before, after in pairwise(bodies):
        old, new = bytes(before[LISTS[name]]), bytes(after[LISTS[name]])
        assert new.startswith(old[:-1] + b",")
        rest = {field: bytes(raw) for field, raw in before.items() if field != LISTS[name]}
        assert rest == {f: bytes(raw) for f, raw in after.items() if f != LISTS[name]}
    assert b"Be brief." in requests[-1].raw
    assert {"Bash"} < requests[-1].tools <= {"Bash", "Read", "Edit", "Write", "Grep", "Glob"}
