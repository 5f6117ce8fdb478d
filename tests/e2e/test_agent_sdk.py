"""The Claude Agent SDK, with the command line that it brings along, does its work through every dialect."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.claude_code import SETTINGS, work_folder
from servers.claude_plays import EXPECTED, check_traffic
from servers.gateway import Gateway
from servers.process import clean_environment
from servers.scripted import Upstream
from servers.targets import TARGETS, Target

PROGRAM = """
import asyncio, sys
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query

async def main(prompt, work):
    options = ClaudeAgentOptions(cwd=work, permission_mode="bypassPermissions")
    async for message in query(prompt=prompt, options=options):
        if isinstance(message, ResultMessage):
            print(message.result, end="")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_an_agent_writes_runs_and_reads(
    gateway: Callable[[str], Gateway],
    upstream: Upstream,
    *,
    target: Target,
    tmp_path: Path,
    word: str,
) -> None:
    """The same play as the command line's: a file written, a command run, the result told."""
    url = gateway(target.config(upstream.url)).url
    work, home = work_folder(tmp_path), tmp_path / "home"
    home.mkdir()
    env = SETTINGS | {
        "ANTHROPIC_BASE_URL": f"{url}/{target.path}",
        "ANTHROPIC_AUTH_TOKEN": "any",
    }
    result = asyncio.run(run(f"PLAY=write-bash-read IN={work} please", work, home, env))
    assert result == "DONE write-bash-read"
    for name, content in EXPECTED["write-bash-read"].files.items():
        assert (work / name).read_bytes() == content
    requests = upstream.about(word)
    check_traffic(requests)
    assert {received.path for received in requests} == {target.endpoint}


async def run(prompt: str, work: Path, home: Path, env: dict[str, str]) -> str:
    """What the agent says at the end; in a process of its own, because it takes its environment."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, prompt, str(work)),
        env=clean_environment(home, env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()[-2000:]
    return output.decode()
