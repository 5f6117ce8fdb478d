"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway import observe
from gateway.redaction import BLOT, NO_SECRETS, redactor

keys = st.text(min_size=8, max_size=20).filter(
    lambda text: text.isprintable() and BLOT not in text and text.lower() not in NO_SECRETS
)


@given(keys)
def test_no_line_holds_a_secret(key: str) -> None:
    """Wherever it stands in a record, and however JSON writes it; other values stay."""
    redactor.know([key])
    event = {"a": {"b": [f"x{key}y"]}, "c": key, "d": 5, "e": Path(f"x {key}")}
    line = observe._line(None, "info", event)
    told = json.loads(line)
    assert key not in line.replace(BLOT, "")
    assert (told["c"], told["d"]) == (BLOT, 5)


@pytest.mark.parametrize("format", get_args(observe.Format))
def test_a_traceback_holds_no_secret(
    format: observe.Format, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the words of an error, and not in those of the error behind it; for people and machines."""
    monkeypatch.setattr(sys, "stderr", log)
    observe.setup(format)
    redactor.know(["the-key-of-the-provider"])
    try:
        try:
            raise ValueError("refused the-key-of-the-provider")
        except ValueError as error:
            raise LookupError("https://me:hunter2@host/?key=hunter2") from error
    except LookupError as error:
        observe.logger().error("bug", exc_info=error, object=error)
    told = log.getvalue()
    assert "LookupError" in told
    assert "ValueError" in told
    assert "hunter2" not in told
    assert "the-key" not in told


def test_nothing_is_printed_that_is_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """What prints does not have to know that it does: the streams themselves are guarded."""
    redactor.know(["the-key-of-the-provider"])
    with observe.guarded("stdout", "stderr"):
        sys.stderr.write("the key: the-key-of-the-provider\n")
        assert sys.stdout.write("sk-abcdef123456\n") == len("sk-abcdef123456\n")
    sys.stdout.write("the-key-of-the-provider\n")
    assert capsys.readouterr() == (f"{BLOT}\nthe-key-of-the-provider\n", f"the key: {BLOT}\n")


def test_records_of_libraries_look_like_ours_and_aborts_are_quiet(log: io.StringIO) -> None:
    """One form for everything on stderr; the server's complaint about a cut connection is not news."""
    logging.getLogger("uvicorn.error").error("Something broke with Bearer abcdef123456")
    logging.getLogger("uvicorn.error").error("ASGI callable returned without completing response.")
    observe.logger().info("request", model="m", key="sk-abcdefgh123456")
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("{") and BLOT in line for line in lines)
    assert "sk-abc" not in log.getvalue()


class Told(observe.Line, kw_only=True, omit_defaults=True):
    """A record with known fields."""

    text: str
    count: int | None = None


@given(st.text(), st.none() | st.integers(0, 9), st.sampled_from(["info", "warning"]))
def test_a_line_with_known_fields_is_what_the_logger_writes(
    text: str, count: int | None, level: Any
) -> None:
    """Field by field, without those that are None; only the clock is the caller's."""
    out, before = io.StringIO(), sys.stderr
    sys.stderr = out
    handlers = logging.getLogger().handlers[:]
    try:
        observe.setup("json")
        at = datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=UTC)
        observe.write(Told(event="told", level=level, timestamp=at, text=text, count=count))
        said = {} if count is None else {"count": count}
        getattr(observe.logger(), level)("told", text=text, **said)
    finally:
        sys.stderr = before
        structlog.reset_defaults()
        observe.logger.cache_clear()
        logging.getLogger().handlers[:] = handlers
    first, second = map(json.loads, out.getvalue().strip().split("\n"))
    assert first.pop("timestamp") == "2026-11-20T12:00:00.000005Z"
    assert second.pop("timestamp").endswith("Z")
    assert first == second


def test_a_line_goes_the_long_way_where_somebody_listens(log: io.StringIO) -> None:
    """And a secret goes neither way."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    line = Told(event="told", level="info", timestamp=at, text="Bearer abcdef123456")
    with capture_logs() as heard:
        observe.write(line)
    assert heard == [{"event": "told", "log_level": "info", "text": "Bearer abcdef123456"}]
    observe.write(line)
    assert json.loads(log.getvalue())["text"] == f"Bearer {BLOT}"
