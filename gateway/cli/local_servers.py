"""The model servers that listen on this machine, asked for their models. Loopback only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

PORTS: Mapping[int, str] = {11434: "ollama", 1234: "lmstudio", 8080: "llamacpp", 8000: "vllm"}
"""Where servers listen unless they are told otherwise -> the provider."""

HOST = "127.0.0.1"
TIMEOUT = 0.5
"""Seconds for a server to say something."""

LONGEST = 1 << 18
"""Bytes of a list of models."""

_MODEL = re.compile(r"[A-Za-z0-9][\w./:@+-]{0,199}", re.ASCII)
"""Names that can stand in a target; others are left out."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answers."""

    provider: str
    port: int
    models: tuple[str, ...]


def find_servers(ports: Mapping[int, str] = PORTS) -> list[LocalServer]:
    """Those that tell their models."""
    asked = ((provider, port, _models(port)) for port, provider in ports.items())
    return [
        LocalServer(provider, port, models)
        for provider, port, models in asked
        if models is not None
    ]


def _models(port: int) -> tuple[str, ...] | None:
    """None where no model server listens."""
    connection = HTTPConnection(HOST, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/v1/models")
        answer = connection.getresponse()
        told: Any = json.loads(answer.read(LONGEST)) if answer.status == 200 else None
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()
    entries = told.get("data") if isinstance(told, dict) else None
    if not isinstance(entries, list):
        return None
    names = (entry.get("id") for entry in entries if isinstance(entry, dict))
    return tuple(name for name in names if isinstance(name, str) and _MODEL.fullmatch(name))
