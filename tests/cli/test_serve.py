"""`gateway serve` in a process of its own: what a start imports, and what comes when it is asked for."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers.process import Running, free_port, running, wait_until

CONFIG = """\
providers:
  lab: {dialect: openai-chat, base_url: "http://127.0.0.1:9/v1"}
rules:
  - {name: haiku, when: {model: "*haiku*"}, use: "lab:small"}
default: lab:large
transforms:
  tidy:
    - system: {remove: [pattern], append: Be brief.}
"""

PAGES = {"litestar", "prometheus_client", "gateway.server.pages.routes"}
"""What a request for a page brings."""

LATE = PAGES | {
    *("jinja2", "jsonschema", "referencing", "json5", "pydantic", "websockets"),
    *("pygments.util", "rich.console"),
    *("gateway.cases", "gateway.config.checks.mistakes", "gateway.config.schemas.reference"),
    *("gateway.conformance", "gateway.importers", "gateway.transforms.sandbox"),
}
"""What takes long to import, or much memory, and nobody has asked for."""

AFTERWARDS = {
    "gateway.correction.leaked.filter",
    "gateway.correction.reading",
    "gateway.correction.stages",
}
"""What the first answer can do without, and later ones may need."""


@dataclass(frozen=True, slots=True)
class Start:
    """A gateway that serves and tells what it imports."""

    url: str
    process: Running

    @property
    def imported(self) -> set[str]:
        """All that it has imported so far."""
        return imports(self.process.log_text())

    @property
    def imported_before_it_listened(self) -> set[str]:
        return imports(self.process.log_text().partition('"event": "listening"')[0])

    def get(self, path: str) -> int:
        with urllib.request.urlopen(self.url + path) as answer:  # noqa: S310 - loopback
            return int(answer.status)


def imports(log: str) -> set[str]:
    """The modules that a log of `-X importtime` names."""
    lines = log.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time")}


@contextmanager
def started(config: str, folder: Path) -> Iterator[Start]:
    (folder / "config.yaml").write_text(config)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-X", "importtime", "-m", "gateway", "serve", "--port", str(port)]
    command += ["--config", str(folder / "config.yaml")]
    with running(command, ready_url=f"{url}/health", folder=folder, name="gateway") as process:
        yield Start(url, process)


def test_a_start_imports_no_more_than_the_first_answer_needs(tmp_path: Path) -> None:
    """Import it where it is needed: everybody pays for it at every start otherwise."""
    with started(CONFIG, tmp_path) as start:
        assert "gateway.server.app" in start.imported_before_it_listened
        assert start.imported_before_it_listened & AFTERWARDS == set()
        assert start.imported & LATE == set()


def test_the_repairs_come_soon_after_the_start(tmp_path: Path) -> None:
    """So that no answer waits while they are imported."""
    with started(CONFIG, tmp_path) as start:
        wait_until(lambda: start.imported >= AFTERWARDS, seconds=20, what="the repairs")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/stats", "/metrics"])
def test_the_pages_come_with_the_first_request_for_one(tmp_path: Path, path: str) -> None:
    """And then they stay."""
    with started(CONFIG, tmp_path) as start:
        assert [start.get(path), start.get(path)] == [200, 200]
        assert start.imported >= PAGES


def test_templates_come_with_the_config_that_has_one(tmp_path: Path) -> None:
    """The start checks them."""
    with started(CONFIG.replace("Be brief.", '"Today is {{ today }}."'), tmp_path) as start:
        assert start.imported >= {"jinja2", "gateway.transforms.sandbox"}
