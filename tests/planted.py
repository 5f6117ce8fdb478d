"""The search after a run with GATEWAY_PLANTED=1.

No canary stands in what any test captured, nor in any file that a run leaves behind, but where the tests
themselves put it: in configs, and in what clients keep for themselves.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.planting import CANARIES

from gateway.redaction import forms_of

FORMS = tuple(form for canary in CANARIES for form in forms_of(canary))
RAW = tuple(form.encode("utf-8", "surrogateescape") for form in FORMS)
PLANTED_IN = frozenset({".yaml", ".yml"})
CLIENTS = frozenset({".claude", ".claude.json", ".npm", "claude"})
"""Folders and files in which a client keeps what it was given."""


class Search:
    """A plugin of pytest."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        self.texts = self.files = self.bytes = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What a test printed, logged and failed with."""
        for name, text in (*report.sections, ("failure", report.longreprtext)):
            self.texts += 1
            if any(form in text for form in FORMS):
                self.leaks.append(f"{report.nodeid}: {name}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What all tests left behind; the one who starts the workers looks."""
        if hasattr(session.config, "workerinput"):
            return
        factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
        for path in sorted(factory.getbasetemp().rglob("*")):
            if path.is_file() and not path.is_symlink() and _is_searched(path):
                raw = path.read_bytes()
                self.files, self.bytes = self.files + 1, self.bytes + len(raw)
                if any(form in raw for form in RAW):
                    self.leaks.append(str(path))
        if self.leaks or not self.files:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The result, last."""
        say = terminalreporter.write_line
        size = self.bytes / 1_000_000
        say(
            f"searched {self.texts} texts and {self.files} files ({size:.1f} MB) for {len(FORMS)} forms"
        )
        for leak in self.leaks:
            say(f"A SECRET IS SHOWN: {leak}")
        say(f"{len(self.leaks)} occurrences of planted secrets")


def _is_searched(path: Path) -> bool:
    return path.suffix not in PLANTED_IN and CLIENTS.isdisjoint(path.parts)
