"""What is measured: the gateway in four settings, the floors, and the rivals that are there."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.machine import ROOT, Running

SCRATCH = ROOT / ".cache" / "bench"
LITELLM = SCRATCH / "litellm" / "bin" / "litellm"

CONFIG = """version: 1
server: {{host: 127.0.0.1, port: {port}}}
providers:
  chat: {{dialect: openai-chat, base_url: "{upstream}/v1", api_key: "${{BENCH_KEY}}"}}
  native: {{dialect: anthropic, base_url: "{upstream}", api_key: "${{BENCH_KEY}}"}}
rules:{token_rule}
  - {{name: passed-through, when: {{model: "native/*"}}, use: "native:/*"}}
  - {{name: edited, when: {{model: "edited/*"}}, use: "chat:/*", transforms: [edits]}}
  - {{name: thinking, when: {{thinking: {{effort: [high, max]}}}}, use: "chat:*"}}
  - {{name: side-work, when: {{model: "*haiku*"}}, use: "chat:*"}}
default: "chat:*"
transforms:
  edits:
    - system: {{replace: [{{find: a coding assistant, with: an assistant}}], append: Be brief.}}
    - tools: {{drop: [mcp__box__reader]}}
tool_correction: {{mode: repair}}
"""
COUNTS = """
  - {name: long, when: {tokens: {above: 200k}}, correction: repair, continue: true}"""
"""Prompts of 200 KB and more, which could be that long, are counted; where they go stays the same."""

NGINX = """worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_max_body_size 0; client_body_buffer_size 8m; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream provider {{ server {address}; keepalive 600; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""
LITELLM_CONFIG = """model_list:
  - model_name: "*"
    litellm_params: {{model: "hosted_vllm/*", api_base: "{upstream}/v1", api_key: sk-bench}}
litellm_settings: {{telemetry: false, drop_params: true}}
general_settings: {{disable_spend_logs: true}}
"""

Command = Callable[[int, int, Path], list[str]]
"""(its port, the upstream's, a folder for its files) to a command line."""


@dataclass(frozen=True)
class System:
    """One column of the results."""

    name: str
    says: str
    """What it is, for the table."""
    command: Command | None
    """None: the upstream itself is asked."""
    prefix: str = ""
    """What its requests have before the model's name."""
    health: str = "/health"
    calls_tools: bool = True
    """Tool calls come out of it."""
    rarely: int = 1
    """It is sent only one of so many requests: the slow ones would take an hour."""


def gateway_command() -> list[str]:
    """The gateway under test: BENCH_GATEWAY, or the package beside the running python."""
    told = os.environ.get("BENCH_GATEWAY")
    return shlex.split(told) if told else [sys.executable, "-m", "gateway"]


def _gateway(*, tokens: bool) -> Command:
    def command(port: int, upstream: int, folder: Path) -> list[str]:
        config = folder / f"gateway-{port}.yaml"
        rule = COUNTS if tokens else ""
        address = f"http://127.0.0.1:{upstream}"
        config.write_text(CONFIG.format(port=port, upstream=address, token_rule=rule))
        config.chmod(0o600)
        return [*gateway_command(), "serve", "--config", str(config)]

    return command


def _floor(application: str) -> Command:
    def command(port: int, upstream: int, folder: Path) -> list[str]:
        options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
        server = [sys.executable, "-m", "uvicorn", f"bench.floor:{application}"]
        return [*server, *options, "--no-access-log"]

    return command


def _nginx(port: int, upstream: int, folder: Path) -> list[str]:
    config = folder / "nginx.conf"
    address = f"127.0.0.1:{upstream}"
    config.write_text(NGINX.format(port=port, address=address, folder=folder))
    return [nginx() or "nginx", "-c", str(config), "-g", "daemon off;"]


def nginx() -> str | None:
    """Where nginx is, if it is."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def _litellm(port: int, upstream: int, folder: Path) -> list[str]:
    config = folder / "litellm.yaml"
    config.write_text(LITELLM_CONFIG.format(upstream=f"http://127.0.0.1:{upstream}"))
    options = ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    return [str(LITELLM), "--config", str(config), *options, "--telemetry", "False"]


DIRECT = System("direct", "no gateway: the upstream itself, in Anthropic's format", None)
FLOOR = System(
    "floor",
    "the least a translator in Python does: bare ASGI, text only, no rules, no checks",
    _floor("translate"),
    calls_tools=False,
)
DIGEST = System("digest", "reads the body, hashes it, answers from memory", _floor("digest"))
GATEWAY = System(
    "gateway",
    "translated to chat completions; token rule, rules, tool correction",
    _gateway(tokens=True),
)
EDITED = System(
    "edited", "the same with system prompt and tools edited", _gateway(tokens=True), "edited/"
)
PASSED = System(
    "passthrough", "an Anthropic provider, everything on", _gateway(tokens=True), "native/"
)
UNCOUNTED = System("uncounted", "the gateway without a token rule", _gateway(tokens=False))
NGINX_PROXY = System("nginx", "a reverse proxy, no translation", _nginx, health="/")
LITELLM_PROXY = System(
    "litellm", "LiteLLM's proxy, one worker", _litellm, health="/health/liveliness", rarely=5
)


def present(*, rivals: bool) -> list[System]:
    """What is measured here; nginx if it is there, LiteLLM if it was installed and asked for."""
    systems = [DIRECT, FLOOR, GATEWAY, EDITED, PASSED]
    if nginx():
        systems.append(NGINX_PROXY)
    if rivals and LITELLM.exists():
        systems.append(LITELLM_PROXY)
    return systems


def environment(upstream: int) -> dict[str, str]:
    """The surroundings of every system: no key of the user, a home of its own."""
    home = SCRATCH / "home"
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "BENCH_KEY": "sk-bench",
        "BENCH_UPSTREAM": f"http://127.0.0.1:{upstream}",
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        "DISABLE_ADMIN_UI": "True",
    }


def start(system: System, upstream: int) -> Running:
    """Starts a system. Raises `RuntimeError` if it does not answer."""
    if system.command is None:
        raise RuntimeError(f"{system.name} is no process")
    folder = SCRATCH / "run"
    folder.mkdir(parents=True, exist_ok=True)
    port = machine.free_port()
    return machine.start(
        system.command(port, upstream, folder),
        port=port,
        health=system.health,
        log=SCRATCH / "logs" / f"{system.name}.log",
        environment=environment(upstream),
    )


@contextmanager
def upstream() -> Iterator[int]:
    """The provider, on the other core; gives its port."""
    port = machine.free_port()
    command = [sys.executable, "-m", "bench.upstream", str(port)]
    running = machine.start(
        command,
        port=port,
        health="/",
        log=SCRATCH / "logs" / "upstream.log",
        environment=environment(port),
        cores=machine.OTHERS,
    )
    try:
        yield port
    finally:
        running.stop()


@contextmanager
def started(systems: Iterable[System], upstream: int) -> Iterator[dict[str, Running | None]]:
    """Those systems, by name, until the end; None stands for the upstream itself."""
    found: dict[str, Running | None] = {}
    try:
        for system in systems:
            found[system.name] = start(system, upstream) if system.command else None
        yield found
    finally:
        for running in found.values():
            if running is not None:
                running.stop()
