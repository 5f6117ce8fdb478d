"""`gateway init`: writes a config for the keys and the servers that are found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.commands import Commands, unreadable
from gateway.cli.configs import schema_of
from gateway.cli.local_servers import HOST, LocalServer, find_servers
from gateway.config import parse_env_file, render_full
from gateway.config.text.source import scalar_text
from gateway.config_file import ENV_FILE, read_config
from gateway.providers import PROVIDERS
from gateway.routing import BadTarget, Target

FAILED, USAGE = 1, 2

MODELS: Mapping[str, tuple[str, str]] = {
    "anthropic": ("claude-opus-5-5", "claude-haiku-5-5"),
    "openai": ("gpt-5", "gpt-5-mini"),
    "gemini": ("gemini-2.5-pro", "gemini-2.5-flash"),
    "openrouter": ("qwen/qwen3-coder", "openai/gpt-5-mini"),
    "deepseek": ("deepseek-chat", "deepseek-chat"),
    "zai": ("glm-5", "glm-4.5-air"),
    "xai": ("grok-4", "grok-4-fast"),
    "groq": ("openai/gpt-oss-120b", "openai/gpt-oss-20b"),
    "cerebras": ("gpt-oss-120b", "gpt-oss-120b"),
}
"""Provider -> a model for the work, and a small one. The first whose key is there is proposed first."""

HEAD = """\
#
# The gateway's config, made by `gateway init`. A saved change serves the next request; a broken one is
# refused, and the rules before it serve on. `gateway validate-config` says all that is wrong with it,
# `gateway config --resolved` where every value comes from, `gateway explain` where a request would go.
"""
SERVER = """\
version: 1

# Clients use http://127.0.0.1:4000 as their base URL.
server:
  host: 127.0.0.1
  port: 4000
  # A host that other machines can reach needs client keys:
  # auth: {keys: [{name: laptop, key: "${GATEWAY_KEY}"}]}
"""
PROVIDERS_TEXT = """\
# A provider that is known by name is named here only if something differs. Any other server needs two lines:
# providers:
#   lab: {dialect: openai-chat, base_url: "http://10.0.0.7:8000/v1", api_key: "${LAB_KEY:-}"}
"""
LAST = """\
# Tool calls are checked against their input schemas: off, report (to the log) or repair.
tool_correction: {mode: repair}
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A target that can be asked, and a small one beside it."""

    target: str
    small: str
    why: str


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "init", help="write a config for the keys and the servers that are found"
    )
    command.add_argument(
        "path",
        nargs="?",
        type=Path,
        default=Path("config.yaml"),
        help="file (default: config.yaml)",
    )
    command.add_argument("--force", action="store_true", help="replace a file that exists")
    command.add_argument("--yes", action="store_true", help="ask nothing")
    command.set_defaults(run=lambda told: run(told.path, force=told.force, asks=not told.yes))


def run(path: Path, *, force: bool, asks: bool) -> int:
    """Gives the exit code: 1 when the file cannot be written or the `.env` beside it cannot be read, 2 when
    the file exists."""
    if path.exists() and not force:
        sys.stderr.write(f"gateway: {path} exists; --force replaces it\n")
        return USAGE
    env_file = path.parent / ENV_FILE
    try:
        variables = _variables(env_file)
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"gateway: {unreadable(env_file, error)}\n")
        return FAILED
    servers = find_servers()
    choices = choices_of(variables, servers)
    target, small = choices[0].target, choices[0].small
    if asks and sys.stdin.isatty() and sys.stdout.isatty():
        target, small = ask(choices, input)
    text = config_text(target, small, variables, servers, schema=schema_of(path.parent))
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        sys.stderr.write(f"gateway: {path} cannot be written: {error.strerror}\n")
        return FAILED
    loaded = read_config(path).load()
    if loaded.findings:
        sys.stderr.write(render_full(loaded.findings, loaded.sources) + "\n")
    side = f", side work to {small}" if small != target else ""
    print(f"{path}: requests go to {target}{side}\nnext: gateway serve --config {path}")
    return FAILED if loaded.snapshot is None else 0


def choices_of(variables: Mapping[str, str], servers: Sequence[LocalServer]) -> list[Choice]:
    """What can be asked without further ado, the best first; the mock if there is nothing."""
    found = [
        Choice(f"{name}:{big}", f"{name}:{small}", f"{PROVIDERS[name].key_env} is set")
        for name, (big, small) in MODELS.items()
        if variables.get(PROVIDERS[name].key_env or "")
    ]
    found += [
        Choice(f"{server.provider}:{model}", f"{server.provider}:{model}", f"at {_url(server)}")
        for server in servers
        for model in server.models
    ]
    return found or [Choice("mock:mock", "mock:mock", "answers without any model")]


def ask(choices: Sequence[Choice], read: Callable[[str], str]) -> tuple[str, str]:
    """Two questions: who does the work, and who does the side work."""
    print("Where shall requests go?")
    for number, choice in enumerate(choices, start=1):
        print(f"  {number}  {choice.target}  ({choice.why})")
    targets = [choice.target for choice in choices]
    target = _answer("a number, or provider:model", targets[0], targets, read)
    known = next((choice for choice in choices if choice.target == target), None)
    print("Who does side work, such as titles and summaries?")
    return target, _answer("provider:model", known.small if known else target, (), read)


def _answer(what: str, default: str, targets: Sequence[str], read: Callable[[str], str]) -> str:
    """The default where nothing is said, also at the end of the input."""
    while True:
        try:
            said = read(f"{what} [{default}]: ").strip()
        except EOFError:
            return default
        if not said:
            return default
        if said.isdecimal() and 0 < int(said[:4]) <= len(targets):
            return targets[int(said[:4]) - 1]
        if _is_target(said):
            return said
        print("That is none. A target is a provider that is known by name, a colon, and a model.")


def _is_target(text: str) -> bool:
    try:
        target = Target.parse(text)
    except BadTarget:
        return False
    return target.provider in PROVIDERS and text.split() == [text] and text.isprintable()


def config_text(
    target: str,
    small: str,
    variables: Mapping[str, str],
    servers: Sequence[LocalServer],
    *,
    schema: str,
) -> str:
    """A config with comments. No key stands in it."""
    parts = [
        f"# yaml-language-server: $schema={schema}\n{HEAD}{SERVER}",
        _found(variables, servers) + PROVIDERS_TEXT,
    ]
    rule = (
        "  - name: side-work\n"
        "    when: {request_class: auxiliary}\n"
        f"    use: {scalar_text(small)}\n"
    )
    about = "# The first rule whose conditions all hold decides; titles and summaries need no big model.\n"
    parts.append(about + (f"rules:\n{rule}" if small != target else _commented(f"rules:\n{rule}")))
    mock = "# The mock says which rule a request met. Set a key, and name a real target here.\n"
    is_mock = target.startswith("mock:")
    parts.append(f"{mock if is_mock else ''}default: {scalar_text(target)}\n")
    return "\n".join([*parts, LAST])


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _found(variables: Mapping[str, str], servers: Sequence[LocalServer]) -> str:
    keyed = sorted(
        {p.key_env for p in PROVIDERS.values() if p.key_env and variables.get(p.key_env)}
    )
    lines = [f"# Keys were found in {', '.join(keyed)}.\n"] if keyed else []
    for server in servers:
        models = ", ".join(server.models[:5]) or "no models yet"
        lines.append(f"# {server.provider} listens at {_url(server)}: {models}.\n")
    help = "# Keys come from the environment or from a file .env beside this one, such as OPENAI_API_KEY=…\n"
    return "".join(lines) or help


def _url(server: LocalServer) -> str:
    return f"http://{HOST}:{server.port}"


def _variables(env_file: Path) -> dict[str, str]:
    """Those that a config beside the file can name. Raises `OSError` and `UnicodeDecodeError`."""
    defined = parse_env_file(env_file.read_text("utf-8")) if env_file.is_file() else {}
    return {**defined, **os.environ}
