"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import observe
from gateway.redaction import BLOT, redactor

keys = st.text(min_size=8, max_size=20).filter(lambda text: text.isprintable() and BLOT not in text)


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
