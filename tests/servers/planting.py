"""Canaries for the whole suite: with GATEWAY_PLANTED=1 the keys of all tests that start a gateway are ones
that can be found again, gateways say all they can, and the scripted upstream repeats what it is shown."""

from __future__ import annotations

import os
from collections.abc import Mapping

IS_ON = os.environ.get("GATEWAY_PLANTED") == "1"
PLAIN = "sk-dummy"
KEY = "sk-planted-in-configs-Zq4711XwLm29" if IS_ON else PLAIN
"""What the gateways of the tests show to their providers."""

CLIENT_KEY = "sk-ant-api03-planted-in-clients-Zq4712XwLm30" if IS_ON else PLAIN
"""What clients show to the gateways, none of which asks for it."""

ENVIRONMENT = {"AWS_SECRET_ACCESS_KEY": "planted/in+environments/Zq4713XwLm31"} if IS_ON else {}
OPTIONS = ("--log-level", "debug") if IS_ON else ()

CANARIES = (KEY, CLIENT_KEY, *ENVIRONMENT.values())
SHOWN = ("x-api-key", "authorization", "x-goog-api-key", "api-key", "cookie")


def planted(config: str) -> str:
    """The config, with the key that is looked for afterwards."""
    return config.replace(PLAIN, KEY)


def repeated(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of an answer that repeat what was shown, where clients get to see them."""
    if not IS_ON:
        return {}
    return {f"anthropic-echo-{name}": headers[name] for name in SHOWN if name in headers}
