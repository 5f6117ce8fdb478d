"""How Hypothesis runs: without a clock, because a busy machine is no failure, and with the same
examples each time, because a change must not fail by what it did not touch.

`pytest --hypothesis-profile=thorough` looks for new ones, and for longer than every change can wait.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

NO_CLOCK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gateway", NO_CLOCK, max_examples=60, derandomize=True)
settings.register_profile("thorough", NO_CLOCK, max_examples=1_000)
settings.load_profile("gateway")
