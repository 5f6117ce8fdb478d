"""A gateway that runs for the fuzzers, without anybody behind it, and what its log tells of bugs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.gateway import Gateway, serving

CONFIG = """\
version: 1
server: {{host: 127.0.0.1{auth}}}
rules:
  - {{name: long, when: {{tokens: {{above: 500}}}}, use: "mock:large", transforms: [short]}}
  - {{name: fast, when: {{path_prefix: /fast}}, use: "mock:fast"}}
  - {{name: refused, when: {{model: "*forbidden*"}}, refuse: "Not here."}}
default: mock:standard
transforms:
  short:
    - system: {{append: "Be brief."}}
"""
KEY = "fuzz-key"
CACHE = Path(".cache/fuzz")


@contextmanager
def gateway(name: str, *, keys: bool = False) -> Iterator[Gateway]:
    """The gateway, answered for by the built-in mock; its log stays in `CACHE / name`."""
    folder = CACHE.resolve() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    auth = f", auth: {{keys: [{{name: fuzz, key: {KEY}}}]}}" if keys else ""
    with serving(CONFIG.format(auth=auth), folder=folder) as started:
        yield started


def bugs(gateway: Gateway) -> list[str]:
    """What the log holds that a request must never lead to: errors that nobody foresaw."""
    found = []
    for line in filter(None, gateway.process.log_text().split("\n")):  # no other end is its own
        try:
            told = json.loads(line)
        except ValueError:
            found.append(line)
            continue
        if told.get("level") in ("error", "critical") or told.get("exception"):
            found.append(line)
    return found
