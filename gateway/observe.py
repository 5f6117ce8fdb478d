"""Logs: structured, on stderr, with every known secret blotted out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from functools import cache
from typing import Any, Literal

import msgspec

from gateway.imports import without

Format = Literal["console", "json"]

BLOT = "[secret]"
SHORTEST_SECRET = 6
"""Shorter texts are not blotted out by value: they would take half of the log with them."""

# Keys as providers write them, for those that the gateway was never told.
_KEY_LIKE = re.compile(
    r"(?i)\b(sk-[a-z0-9_-]{8,}|bearer\s+[a-z0-9._~+/-]{8,}|AIza[a-z0-9_-]{20,}|nvapi-[a-z0-9_-]{8,})"
)


class Redactor:
    """A processor that keeps secrets out of every value of a log record."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()

    def know(self, secrets: Iterable[str]) -> None:
        """Adds secrets. What was once secret stays so: old values may still be in flight."""
        fresh = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        fresh |= {_in_json(secret) for secret in fresh}
        self._known = tuple(sorted({*self._known, *fresh}, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._known:
            text = text.replace(secret, BLOT)
        return _KEY_LIKE.sub(BLOT, text)

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for name, value in event.items():
            if isinstance(value, str):
                event[name] = self.redact(value)
            elif isinstance(value, list | tuple):
                event[name] = [self.redact(v) if isinstance(v, str) else v for v in value]
        return event


def _in_json(text: str) -> str:
    """The text as it stands between quotes."""
    try:
        return msgspec.json.encode(text).decode()[1:-1]
    except UnicodeEncodeError:
        return text


redactor = Redactor()
"""The one of this process."""


class _NoAborts(logging.Filter):
    """The server is told to cut a connection by ending an answer early; it need not complain. What is no
    HTTP is counted, and fills no log."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        return not (
            "without completing response" in said or said == "Invalid HTTP request received."
        )


def setup(format: Format | None = None, *, level: str = "info") -> None:
    """Sends structured records, and those of libraries, to stderr: for people on a terminal, JSON else."""
    structlog = _structlog()
    chosen = format or ("console" if sys.stderr.isatty() else "json")
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if chosen == "console":
        shared.append(redactor)
    render: Any = structlog.dev.ConsoleRenderer() if chosen == "console" else _line
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logger.cache_clear()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_NoAborts())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=render, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


@cache
def logger() -> Any:
    """The logger: `logger().info("event", name=value)`."""
    return _structlog().get_logger().bind()


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
