"""What the benchmark stands on: its config, its upstream, and the clocks that it reads."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

from hypothesis import given
from hypothesis import strategies as st

from bench import answers, machine, systems
from bench.answers import Answer
from bench.cases import CASES, Script
from bench.load import payload
from bench.upstream import Provider, at_once
from gateway.config import load


def test_the_config_of_the_benchmark_is_sound() -> None:
    """With and without a rule that counts tokens; nothing in it is without effect."""
    for counts in (systems.COUNTS, ""):
        text = systems.CONFIG.format(port=4000, upstream="http://127.0.0.1:1", token_rule=counts)
        assert load(text, file="bench.yaml", environment={"BENCH_KEY": "k"}).findings == ()


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keeps it."""
        self.written += data


ANSWERS = st.builds(Answer, st.integers(1, 9), st.just(0), st.integers(0, 2))


@given(st.lists(ANSWERS, min_size=1, max_size=3), st.integers(1, 300), st.booleans())
def test_the_upstream_answers_what_the_model_names(
    asked: list[Answer], step: int, streams: bool
) -> None:
    """One request after the other, in whatever pieces they arrive."""

    async def converse() -> bytes:
        wire, provider = Wire(), Provider()
        provider.connection_made(wire)
        sent = b"".join(payload(1, answers.compact(body(answer))) for answer in asked)
        for at in range(0, len(sent), step):
            provider.data_received(sent[at : at + step])
        return wire.written

    def body(answer: Answer) -> dict[str, object]:
        return {"model": answer.model, "stream": streams}

    expected = [at_once(answer, native=True, streams=streams) for answer in asked]
    assert asyncio.run(converse()) == b"".join(expected)


def test_every_request_of_every_case_names_its_answer() -> None:
    """For every system, whatever stands before the model's name."""
    for case in CASES:
        for system in (systems.GATEWAY, systems.EDITED, systems.PASSED):
            (request,) = Script(case, system).next(1)
            assert answers.asked_for(request.body) == request.answer == case.answer
            assert request.body.startswith(b'{"model":"%b' % system.prefix.encode())


def test_the_clock_of_a_process_is_its_cpu_time() -> None:
    """Read from outside it says what the process says of itself."""
    before = time.process_time_ns()
    read = machine.cpu_ns(os.getpid())
    assert before <= read <= time.process_time_ns()


def test_a_process_and_its_children_are_found_and_a_gone_one_costs_nothing() -> None:
    """Children of children too."""
    program = (
        "import subprocess, sys; "
        "subprocess.Popen([sys.executable, '-c', 'input()']); print(1, flush=True); input()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = machine.tree(os.getpid())
        assert child.pid in found
        assert len(machine.tree(child.pid)) == 2
        assert machine.rss_bytes(child.pid) > 0
    assert machine.cpu_ns(child.pid) == machine.rss_bytes(child.pid) == 0
