"""The servers of the end-to-end tests; each starts once, when the first test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from servers import claude_code, process, tiny_llama
from servers import gateway as gateways
from servers.claude_code import ClaudeCode
from servers.gateway import Gateway
from servers.scripted import Upstream


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """The scripted upstream, shared: tests find their requests by a word of their own."""
    with Upstream() as server:
        yield server


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a real llama.cpp server."""
    with tiny_llama.serving(tmp_path_factory.mktemp("llama")) as url:
        yield url


@pytest.fixture(scope="session")
def claude() -> ClaudeCode:
    """The installed Claude Code client."""
    return claude_code.install()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Gateway]]:
    """Gives a running gateway for a config text; one for each text, kept to the end."""
    started: dict[str, Gateway] = {}
    with ExitStack() as stack:

        def start(config_text: str) -> Gateway:
            if config_text not in started:
                name = f"gateway-{len(started)}"
                folder = tmp_path_factory.mktemp(name)
                serving = gateways.serving(config_text, folder=folder, name=name)
                started[config_text] = stack.enter_context(serving)
            return started[config_text]

        yield start


@pytest.fixture
def base_url(gateway: Callable[[str], Gateway], upstream: Upstream) -> str:
    """A gateway that knows the scripted upstream as `chat` and as `native`."""
    return gateway(gateways.two_dialects(upstream.url)).url


@pytest.fixture
def word(tmp_path: Path) -> str:
    """A word that no other test has; put into a prompt, it finds the test's requests upstream."""
    return str(tmp_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the end of every server's log."""
    report = yield
    if report.failed:
        for started in process.RUNNING:
            tail = started.log_text()[-process.LOG_TAIL :]
            report.sections.append((f"log of {started.name}", tail))
    return report
