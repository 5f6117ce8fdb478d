"""`gateway serve`: checks the config, listens, runs until it is told to stop."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from gateway import __version__, observe
from gateway.cli.commands import Commands, add_env, port, unreadable
from gateway.cli.places import CannotListen, exposed, opened, place_of, url_of
from gateway.config import Finding, Snapshot
from gateway.config.told.render import render_full
from gateway.observe import Format, Level
from gateway.reload import ConfigError, ConfigStore
from gateway.server import Services, build_app
from gateway.server.access.sites import Sites
from gateway.server.connections import listening, serving
from gateway.tokens import Tiktoken, TokenCounter
from gateway.upstream import Upstream

DEFAULT = Path("config.yaml")
FAILED, USAGE = 1, 2


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser("serve", help="run the gateway")
    command.add_argument("--config", type=Path, help="config file (default: config.yaml)")
    command.add_argument("--host", help="address to listen on, in place of server.host")
    command.add_argument("--port", type=port, help="port to listen on, in place of server.port")
    command.add_argument(
        "--log", choices=("console", "json"), help="form of the log (default: by terminal)"
    )
    command.add_argument(
        "--log-level",
        choices=get_args(Level),
        default="info",
        help="what the log begins with (default: info); debug adds what libraries say",
    )
    add_env(command)
    command.set_defaults(
        run=lambda told: run(
            told.config,
            host=told.host,
            port=told.port,
            log=told.log,
            level=told.log_level,
            env=told.env,
        )
    )


def run(
    config: Path | None,
    *,
    host: str | None,
    port: int | None,
    log: Format | None,
    level: Level = "info",
    env: str | None = None,
) -> int:
    """Gives the exit code."""
    path = config or DEFAULT
    observe.setup(log, level=level)
    encoder = Tiktoken()
    counter = TokenCounter(encoder)
    try:
        store = ConfigStore(path, report, env=env, counter=counter)
    except ConfigError as error:
        sys.stderr.write(render_full(error.findings, error.sources) + "\n")
        return FAILED
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"gateway: {unreadable(path, error)}\n{_advice(config)}")
        return USAGE
    place = place_of(store.snapshot, host, port)
    if (problem := exposed(store.snapshot, place)) is not None:
        sys.stderr.write(f"gateway: {problem}\n")
        return FAILED
    try:
        with opened(store, place) as (listeners, tls):
            listening.allow_files()
            store.objection = lambda snapshot: exposed(snapshot, place)
            services = Services(store, Upstream(), encoder, counter, sites=Sites(place.names))
            serve(services, listeners, tls)
    except CannotListen as error:
        sys.stderr.write(f"gateway: {error}\n")
        return FAILED
    return 0


def serve(
    services: Services, listeners: Sequence[socket.socket], tls: ssl.SSLContext | None
) -> None:
    """Runs until a signal comes."""
    store = services.config
    observe.logger().info(
        "listening",
        url=", ".join(url_of(listener, tls) for listener in listeners),
        config=str(store.path),
        version=__version__,
        default=str(store.snapshot.default.target),
        rules=[rule.name for rule in store.snapshot.rules],
        **_without_keys(store.snapshot),
    )
    settle_memory()
    serving.serve(build_app(services), listeners, services.door, tls)


COLLECT = 10_000, 50, 10
"""Objects that are new, and collections of the young and of the middle-aged, after which more is collected
(`gc.set_threshold`). What a request leaves is freed with it, so there is little to be found; looking for
it each time that 700 objects are new, as Python does, costs a tenth of the time of 500 streams."""


def settle_memory() -> None:
    """Keeps the collector from making answers wait. What is loaded now stays, so it need not be looked
    through: a full collection of all of it takes tens of milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    settle_heap()


HEAP: Mapping[int, int] = {
    -8: 1,  # M_ARENA_MAX
    -1: 64 * 1024 * 1024,  # M_TRIM_THRESHOLD
    -3: 32 * 1024 * 1024,  # M_MMAP_THRESHOLD
}
"""What glibc is told of the heap: https://man7.org/linux/man-pages/man3/mallopt.3.html."""


def settle_heap() -> None:
    """Has all threads take memory from one heap, which keeps what it needs for the next large request.

    glibc gives each thread a heap of its own, in which what a large request took there once stays, although
    the interpreter's lock lets hardly any two of them take at once. And it gives the end of a heap back
    after each large request, to get it again page by page with the next one, which costs more than to read
    that request. Other libraries of C do not know these wishes.
    """
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        for name, value in HEAP.items():
            libc.mallopt(name, value)


def _without_keys(snapshot: Snapshot) -> dict[str, object]:
    """What a person should know who starts without keys: their targets are answered by the mock."""
    used = {rule.target.provider for rule in (*snapshot.rules, snapshot.default)}
    missing = [
        e.missing_key for name, e in snapshot.endpoints.items() if name in used and e.missing_key
    ]
    if not missing:
        return {}
    answer = "mock answers" if snapshot.when_key_is_missing == "mock" else "requests are refused"
    return {"keys_not_set": missing, "without_key": answer}


UNTOLD = frozenset({"refused", "unreadable"})
"""Outcomes of which the log tells only why: warnings about a config that does not serve can wait."""


def report(outcome: str, findings: tuple[Finding, ...]) -> None:
    """Tells the log what became of a saved config."""
    log = observe.logger()
    say = {"error": log.error, "warning": log.warning, "note": log.info}
    for finding in findings:
        if finding.severity != "error" and outcome in UNTOLD:
            continue
        say[finding.severity](
            "config_finding",
            at=f"{finding.file}:{finding.line}:{finding.column}",
            code=finding.code,
            message=finding.message,
            help=finding.help,
        )
    if outcome in ("loaded", "unchanged"):
        log.info(f"config_{outcome}")
    else:
        tell = log.warning if outcome == "held" else log.error
        tell(f"config_{outcome}", serving="the config that was loaded before")


def _advice(config: Path | None) -> str:
    if config is not None:
        return ""
    return "Name one with --config, or copy config.example.yaml to config.yaml.\n"
