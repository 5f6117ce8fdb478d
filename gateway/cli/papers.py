"""`gateway schema` and `gateway docs`: what the code says of itself, for programs and for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping

from gateway.cli.commands import Commands
from gateway.config.schema import render
from gateway.config.schemas.reference import render_rules, render_transforms
from gateway.mock import reference
from gateway.providers import document

TOPICS: Mapping[str, Callable[[], str]] = {
    "rules": render_rules,
    "transforms": render_transforms,
    "providers": document.render,
    "mock": reference.render,
}
"""Topic -> its text in Markdown."""


def add_to(commands: Commands) -> None:
    """The commands on the command line."""
    command = commands.add_parser("schema", help="print the JSON Schema of the config, for editors")
    command.add_argument(
        "--openapi", action="store_true", help="print what the gateway answers (OpenAPI) instead"
    )
    command.set_defaults(run=lambda told: run_openapi() if told.openapi else run_schema())
    command = commands.add_parser("docs", help="print a reference that is made from the code")
    command.add_argument("topic", choices=tuple(TOPICS))
    command.set_defaults(run=lambda told: run_docs(told.topic))


def run_schema() -> int:
    """Prints the JSON Schema of the config."""
    sys.stdout.write(render())
    return 0


def run_openapi() -> int:
    """Prints the OpenAPI document of what a gateway answers."""
    from gateway.server.pages import openapi  # with the server, which takes long to import

    sys.stdout.write(f"{json.dumps(openapi.document(), indent=2)}\n")
    return 0


def run_docs(topic: str) -> int:
    """Prints the reference of a topic."""
    sys.stdout.write(TOPICS[topic]())
    return 0
