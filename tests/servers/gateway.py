"""The gateway itself, started as a user starts it: a config file and `gateway serve`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import planting
from servers.process import Running, free_port, running


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that serves."""

    url: str
    config: Path
    process: Running


@contextmanager
def serving(
    config_text: str,
    *,
    folder: Path,
    name: str = "gateway",
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Iterator[Gateway]:
    """A gateway with this config, in `folder/name.yaml`; it ends with the block."""
    config = folder / f"{name}.yaml"
    config.write_text(planting.planted(config_text), "utf-8")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config)]
    with running(
        [*command, "--port", str(port), *planting.OPTIONS, *options],
        ready_url=f"{url}/health",
        folder=folder,
        name=name,
        env=env,
    ) as process:
        yield Gateway(url, config, process)


def two_dialects(
    upstream_url: str, *, default: str = "chat:stub-model", more: str = "server: {host: 127.0.0.1}"
) -> str:
    """A config with one upstream under both formats: haiku models go to `native`, the rest to `chat`."""
    return f"""\
version: 1
{more}
providers:
  chat: {{dialect: openai-chat, base_url: "{upstream_url}/v1", api_key: sk-dummy}}
  native: {{dialect: anthropic, base_url: "{upstream_url}", api_key: sk-dummy}}
rules:
  - {{name: haiku, when: {{model: "*haiku*"}}, use: "native:stub-small"}}
default: "{default}"
"""
