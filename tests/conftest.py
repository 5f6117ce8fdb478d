"""What all tests share: a log that can be read, and how Hypothesis runs.

Hypothesis runs without a clock, because a busy machine is no failure, and with the same
examples each time, because a change must not fail by what it did not touch.

`pytest --hypothesis-profile=thorough` looks for new ones, and for longer than every change can wait.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings
from planted import Search
from servers import planting

from gateway import observe
from gateway.redaction import redactor

NO_CLOCK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gateway", NO_CLOCK, max_examples=60, derandomize=True)
settings.register_profile("thorough", NO_CLOCK, max_examples=1_000)
settings.load_profile("gateway")


def pytest_configure(config: pytest.Config) -> None:
    """With GATEWAY_PLANTED=1 what the tests leave behind is searched for the secrets they planted."""
    if planting.IS_ON:
        config.pluginmanager.register(Search())


@pytest.fixture(autouse=True)
def _forgotten_secrets() -> Iterator[None]:
    """What one test declares a secret is a word like any other for the next."""
    yield
    if redactor._known:
        redactor.__init__()  # type: ignore[misc]  # as it was at the start


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that the gateway logs from here on, as JSON lines."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    observe.setup("json")
    yield out
    structlog.reset_defaults()
    observe.logger.cache_clear()
    root.handlers[:] = handlers
    root.setLevel(level)
