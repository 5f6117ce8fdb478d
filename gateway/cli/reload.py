"""`gateway reload`: has a running gateway read its config at once, or take a change that it holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import httpx

from gateway.cli.commands import Commands

FAILED = 1
PATIENCE = 60.0
"""Seconds that the gateway gets to answer: it may run the tests of the config."""

GOOD = frozenset({"loaded", "unchanged"})
OUTCOMES: Mapping[str, str] = {
    "loaded": "the config on disk serves now",
    "unchanged": "the config on disk serves already",
    "refused": "the config on disk is refused; the one before serves on",
    "unreadable": "the config on disk cannot be read; the one before serves on",
    "held": "the config on disk changes too much and is held; the one before serves on",
}


class Unreachable(Exception):
    """No gateway has answered; the text says why."""


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "reload", help="have a running gateway read its config at once, or take a change it holds"
    )
    command.add_argument(
        "--accept", action="store_true", help="take the change that the gateway holds"
    )
    command.add_argument(
        "--url", default="http://127.0.0.1:4000", help="the gateway (default: %(default)s)"
    )
    command.add_argument("--key", help="a client key, if the gateway asks for one")
    command.add_argument("--json", action="store_true", help="for machines")
    command.set_defaults(
        run=lambda told: run(told.url, told.key, accept=told.accept, as_json=told.json)
    )


def run(url: str, key: str | None, *, accept: bool, as_json: bool) -> int:
    """Gives the exit code: 1 when the config on disk does not serve, or no gateway answers."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        # A proxy of the environment is for the world outside, not for one's own gateway.
        with httpx.Client(trust_env=False, timeout=PATIENCE, headers=headers) as client:
            base = url.rstrip("/")
            # What is taken is the change that was held when this was asked for, and no later one.
            held = _asked(client, "GET", f"{base}/health")["config"]["held"] if accept else None
            wish = {"accept": held["id"]} if held is not None else {}
            told = _asked(client, "POST", f"{base}/admin/reload", wish)
    except Unreachable as error:
        sys.stderr.write(f"gateway: {error}\n")
        return FAILED
    if as_json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        if accept and held is None:
            print("no change was held")
        print(f"{OUTCOMES[told['outcome']]} ({told['config']['id']})")
        for finding in told["findings"]:
            print(f"  {finding}")
        if told["outcome"] == "held":
            print("  take it with: gateway reload --accept")
    return 0 if told["outcome"] in GOOD else FAILED


def _asked(client: httpx.Client, method: str, place: str, body: Any = None) -> Any:
    """What the gateway answers. Raises `Unreachable`."""
    try:
        reply = client.request(method, place, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(f"{place} cannot be reached: {error}") from None
    try:
        told = reply.json()
    except ValueError:
        told = None
    if reply.status_code == httpx.codes.OK and isinstance(told, dict) and "config" in told:
        return told
    refusal = told.get("error") if isinstance(told, dict) else None
    words = refusal.get("message") if isinstance(refusal, dict) else "it is no gateway that reloads"
    raise Unreachable(f"{place} answers {reply.status_code}: {words}")
