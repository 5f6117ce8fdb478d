"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import observe
from gateway.observe import BLOT, Redactor

secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)


@given(secrets, st.text(max_size=30), st.text(max_size=30))
def test_a_known_secret_never_passes(secret: str, before: str, after: str) -> None:
    """Wherever it stands in a record: as a value, inside one, or in a list."""
    redactor = Redactor()
    redactor.know([secret])
    record = redactor(None, "info", {"a": before + secret + after, "b": [secret], "c": 5})
    assert secret not in str(record["a"]).replace(BLOT, "")
    assert record["b"] == [BLOT]
    assert record["c"] == 5


@pytest.mark.parametrize(
    "text",
    ["sk-proj-abcdef123456", "Bearer abcdef.123456", "nvapi-1234567890ab", "AIza" + "x" * 35],
)
def test_what_looks_like_a_key_is_blotted_out_unknown(text: str) -> None:
    """Keys of clients, which the gateway was never told."""
    assert text not in Redactor().redact(f"refused: {text}.")


@given(st.text(min_size=8, max_size=20).filter(lambda text: text.isprintable()))
def test_no_line_holds_a_secret(secret: str) -> None:
    """Not inside of what a record holds either, however JSON writes it."""
    redactor = Redactor()
    redactor.know([secret])
    event = {"a": {"b": [f"x{secret}y"]}, "c": f"{secret}"}
    line = redactor.redact(observe._as_json(None, "info", event))
    assert secret not in str(json.loads(line)).replace(BLOT, "")
    assert json.loads(line)["c"] == BLOT


def test_old_secrets_stay_secret() -> None:
    """After a reload the old key may still be in flight."""
    redactor = Redactor()
    redactor.know(["the-old-key"])
    redactor.know(["the-new-key"])
    assert redactor.redact("the-old-key the-new-key") == f"{BLOT} {BLOT}"


def test_records_of_libraries_look_like_ours_and_aborts_are_quiet(log: io.StringIO) -> None:
    """One form for everything on stderr; the server's complaint about a cut connection is not news."""
    logging.getLogger("uvicorn.error").error("Something broke with Bearer abcdef123456")
    logging.getLogger("uvicorn.error").error("ASGI callable returned without completing response.")
    observe.logger().info("request", model="m", key="sk-abcdefgh123456")
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("{") and BLOT in line for line in lines)
    assert "sk-abc" not in log.getvalue()
