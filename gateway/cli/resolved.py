"""`gateway config`: which files a config is made of, and where every value comes from."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gateway.cli.commands import Commands, add_env
from gateway.cli.configs import Unusable, find_config, schema_of
from gateway.config.told.render import render_concise
from gateway.config.told.resolved import Resolved, as_data, as_yaml, resolve

FINDINGS, USAGE = 1, 2


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "config", help="say which files the config is made of, and where every value comes from"
    )
    command.add_argument("--config", type=Path, help="config file (default: config.yaml)")
    command.add_argument(
        "--resolved", action="store_true", help="print every value, with its file and line"
    )
    command.add_argument("--json", action="store_true", help="for machines")
    add_env(command)
    command.set_defaults(
        run=lambda told: run(told.config, env=told.env, resolved=told.resolved, as_json=told.json)
    )


def run(config: Path | None, *, env: str | None, resolved: bool, as_json: bool) -> int:
    """Gives the exit code: 1 when something in the config is wrong, which stderr says."""
    try:
        file = find_config(config, env)
    except Unusable as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    told = resolve(file.text, file=file.name, environment=file.environment, files=file.files)
    print(_text(told, resolved=resolved, as_json=as_json))
    errors = [found for found in file.load().findings if found.severity == "error"]
    if errors:
        sys.stderr.write(render_concise(errors) + "\n")
    return FINDINGS if errors else 0


def _text(told: Resolved, *, resolved: bool, as_json: bool) -> str:
    if resolved:
        return (
            json.dumps(as_data(told), indent=2)
            if as_json
            else as_yaml(told, schema=schema_of(Path())).rstrip("\n")
        )
    if as_json:
        data = {"files": told.files, "overlay": told.overlay, "overlays": told.overlays}
        return json.dumps(data, indent=2)
    lines = [*told.files]
    if told.overlays:
        names = (f"{name} (applies)" if name == told.overlay else name for name in told.overlays)
        lines.append(f"overlays: {', '.join(names)}")
    return "\n".join(lines)
