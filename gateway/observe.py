"""What this process shows: its log, structured and on stderr, and what commands print. No secret passes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, Literal, TextIO

import msgspec

from gateway.imports import without
from gateway.redaction import redactor

Format = Literal["console", "json"]
Level = Literal["debug", "info", "warning", "error", "critical"]


def redacted(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor that keeps secrets out of every text of a record, before it is painted."""
    for name, value in event.items():
        event[name] = redactor.redact_value(value)
    return event


class _NoAborts(logging.Filter):
    """The server is told to cut a connection by ending an answer early; it need not complain. What is no
    HTTP is counted, and fills no log."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        return not (
            "without completing response" in said or said == "Invalid HTTP request received."
        )


class Guarded:
    """A stream that takes secrets out of each text; in all else it is the stream behind it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Gives the length of what it was given, as streams do."""
        self.stream.write(redactor.redact(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def guarded(*names: str) -> Iterator[None]:
    """The streams of `sys` with these names let no secret pass, inside."""
    streams: dict[str, TextIO] = {name: getattr(sys, name) for name in names}
    for name, stream in streams.items():
        setattr(sys, name, Guarded(stream))
    try:
        yield
    finally:
        for name, stream in streams.items():
            setattr(sys, name, stream)


def setup(format: Format | None = None, *, level: Level = "info") -> None:
    """Sends structured records, and those of libraries, to stderr: for people on a terminal, JSON else.

    Libraries say what goes wrong; with `debug` they say all they can.
    """
    structlog = _structlog()
    stream = (
        sys.stderr.stream if isinstance(sys.stderr, Guarded) else sys.stderr
    )  # one look is enough
    chosen = format or ("console" if stream.isatty() else "json")
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if chosen == "console":
        shared.append(redacted)
    render: Any = _painted(structlog.dev.ConsoleRenderer()) if chosen == "console" else _line
    chain = [*shared, render]
    _straight.chain = chain if chosen == "json" and level in ("debug", "info") else None
    _straight.write = structlog.WriteLogger(stream).msg
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logger.cache_clear()
    handler = logging.StreamHandler(stream)
    handler.addFilter(_NoAborts())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=render, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A record of which the fields are known beforehand: a class adds them, with None as their default
    where they may be left out."""

    event: str
    level: Literal["info", "warning"]
    timestamp: datetime


class _Straight:
    """The short way of a line to stderr, past structlog's chain, as long as nobody has changed that."""

    def __init__(self) -> None:
        self.chain: list[Any] | None = None
        """The processors that need not be asked: those of `setup`, where they make JSON of a record."""
        self.write: Callable[[str], object] = sys.stderr.write


_straight = _Straight()


def write(line: Line) -> None:
    """Writes what `logger` would write: each request does, and the chain takes five times as long."""
    chain: list[Any] = _structlog().get_config()["processors"]
    if chain is _straight.chain and chain[-1] is _line:
        try:
            data = msgspec.json.encode(line)
        except UnicodeEncodeError:
            pass  # half a surrogate: the chain knows how to write it
        else:
            _straight.write(redactor.redact_bytes(data).decode())
            return
    fields = msgspec.structs.asdict(line)
    own = Line.__struct_fields__
    said = {name: v for name, v in fields.items() if v is not None and name not in own}
    getattr(logger(), line.level)(line.event, **said)


@cache
def logger() -> Any:
    """The logger: `logger().info("event", name=value)`."""
    return _structlog().get_logger().bind()


def _painted(render: Any) -> Any:
    """The renderer, and no secret in what it makes of values that were no texts."""
    return lambda logger, method, event: redactor.redact(render(logger, method, event))


def _line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """A record as one line of JSON without secrets, wherever in it they stand."""
    return redactor.redact(_as_json(logger, method, event))


def _as_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """A record as one line. What structlog renders is rendered three times as fast, where it can be."""
    try:
        return msgspec.json.encode(event).decode()
    except (TypeError, UnicodeEncodeError):
        rendered: str = _structlog().processors.JSONRenderer()(logger, method, event)
        return rendered


@cache
def _structlog() -> Any:
    """Not for commands that only keep secrets out of what they print; and without `rich`, which takes
    longer to import than structlog, for tracebacks that show local variables: they hold secrets."""
    with without("rich"):
        import structlog
    return structlog
