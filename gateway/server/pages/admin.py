"""What operators do to a running gateway: reload its config, accept a change that is held."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import time
from typing import Any

from gateway import json_text
from gateway.config import Finding
from gateway.errors import InvalidRequest
from gateway.reload import ConfigStore, Held
from gateway.server.services import Services

MOVES = 20
"""Groups of requests that are told of a change that is held."""


def config_health(store: ConfigStore) -> dict[str, Any]:
    """`{id, age_seconds, last_refusal, held}`: what serves, and what does not."""
    refusal, held = store.refusal, store.held
    return {
        "id": store.snapshot.id,
        "age_seconds": round(time() - store.loaded_at, 1),
        "last_refusal": None
        if refusal is None
        else {
            "seconds_ago": round(time() - refusal.at, 1),
            "findings": [at(found) for found in refusal.findings],
        },
        "held": _held(held) if held is not None else None,
    }


def at(found: Finding) -> str:
    """A finding in one line."""
    return f"{found.file}:{found.line}:{found.column}: {found.message}"


def _held(held: Held) -> dict[str, Any]:
    told = held.change.to_json()
    names = ("before", "after", "count", "share")
    moves = [{name: move[name] for name in names} for move in told["moves"][:MOVES]]
    return {
        "id": held.id,
        "seconds_ago": round(time() - held.at, 1),
        "message": held.finding.message,
        **{name: told[name] for name in ("total", "compared", "moved", "share")},
        "moves": moves,
    }


async def reloaded(services: Services, content_type: str, body: bytes) -> dict[str, Any]:
    """`POST /admin/reload`: `{accept}` to `{outcome, findings, config}`. Raises `InvalidRequest`.

    `accept` is true, or the id of the change that is held. The body has to be declared as JSON: a web
    page can have a browser send other bodies to this machine, but not that.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise InvalidRequest("The body has to be application/json, such as {}.")
    try:
        asked = json_text.decode(body)
    except json_text.NotJSON as error:
        raise InvalidRequest(f"The request body is not JSON: {error}") from None
    accept = asked.get("accept", False) if isinstance(asked, dict) else None
    if not isinstance(accept, bool | str) or asked.keys() - {"accept"}:
        raise InvalidRequest('Expected {} or {"accept": true}, or the id of a change for true.')
    outcome = await services.config.reload(accept=accept)
    return {
        "outcome": outcome.kind,
        "findings": [at(found) for found in outcome.findings],
        "config": config_health(services.config),
    }


@contextmanager
def on_hangup(store: ConfigStore) -> Iterator[None]:
    """SIGHUP reloads at once. It accepts nothing: service managers send it without anybody's look."""
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[Any]]()

    def reload() -> None:
        task = asyncio.create_task(store.reload())
        running.add(task)
        task.add_done_callback(running.discard)

    number = getattr(signal, "SIGHUP", None)  # Windows has none
    if number is None or threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    loop.add_signal_handler(number, reload)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)
