"""To which stage of a request a stack of calls belongs. No IO.

The innermost frame that a stage claims decides; helpers that serve everybody (JSON, data classes) are
claimed by nobody and so belong to whoever calls them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A row of the profile."""

    name: str
    claims: tuple[str, ...]
    """Beginnings of `package/file.py:function`."""
    under: tuple[str, ...] = ()
    """And one of these is among the frames around it."""


_ANSWERING = tuple(
    f"gateway/pipeline/attempt.py:{name}" for name in ("receive", "finish", "accept")
)

STAGES = (
    Stage(
        "log",
        ("gateway/observe.py", "gateway/server/accounts/account.py:log", "structlog/", "logging/"),
    ),
    Stage(
        "accounts",
        (
            "gateway/server/accounts/tally.py",
            "gateway/server/accounts/recorder.py",
            "gateway/server/accounts/account.py",
            "gateway/recording/",
            "gateway/routing/readings.py",
        ),
    ),
    Stage(
        "parse",
        (
            "gateway/messages/request.py",
            "gateway/messages/recognition.py",
            "gateway/messages/memory.py",
            "gateway/messages/shapes.py",
        ),
    ),
    Stage(
        "count tokens",
        ("gateway/tokens.py", "tiktoken/", "gateway/pipeline/sizing.py", "gateway/estimates/"),
    ),
    Stage("edit", ("gateway/transforms/", "gateway/pipeline/edits.py")),
    Stage("route", ("gateway/routing/", "gateway/pipeline/choosing.py")),
    Stage("watch the prompt cache", ("gateway/cache_guard.py",)),
    Stage("check tool calls", ("gateway/correction/", "gateway/pipeline/corrections.py")),
    Stage("emit", ("gateway/messages/",)),
    Stage("read the answer", ("gateway/dialects/", "gateway/sse.py"), _ANSWERING),
    Stage("translate", ("gateway/dialects/",)),
    Stage(
        "client in",
        (
            "gateway/upstream/incoming.py",
            "gateway/upstream/connections.py:data_received",
            "gateway/upstream/client.py:read",
            "gateway/upstream/client.py:feed",
        ),
    ),
    Stage("client out", ("gateway/upstream/", "httpx/")),
    Stage(
        "server out",
        (
            "uvicorn/protocols/http/httptools_impl.py:send",
            "uvicorn/protocols/http/flow_control.py",
            "gateway/server/connections/writing.py",
            "gateway/server/delivery.py",
            "gateway/server/conversation/waiting.py:commit",
        ),
    ),
    Stage(
        "server in",
        (
            "gateway/server/connections/heads.py",
            "gateway/server/connections/http.py",
            "gateway/server/connections/rest.py",
            "gateway/server/connections/serving.py",
            "uvicorn/",
            "httptools/",
            "gateway/server/app.py",
            "gateway/server/body.py",
            "gateway/server/conversation/arrival.py",
            "gateway/server/access/auth.py",
            "gateway/server/paths.py",
        ),
    ),
    Stage(
        "handle",
        ("gateway/server/", "gateway/pipeline/", "gateway/reload/", "gateway/reasoning.py"),
    ),
)
BASE = ("uvicorn/server.py", "uvicorn/_compat.py", "uvicorn/main.py")
"""Frames in which everything runs; with nothing else in it, it is the loop's own time."""
LOOP = "event loop"
OTHER = "other"

ORDER = (
    "server in",
    "parse",
    "route",
    "count tokens",
    "edit",
    "translate",
    "watch the prompt cache",
    "client out",
    "client in",
    "read the answer",
    "check tool calls",
    "emit",
    "server out",
    "handle",
    "log",
    "accounts",
    LOOP,
    OTHER,
)
"""As a request meets them."""


def short(frame: str) -> str:
    """`package/file.py:function` of a frame with a whole path."""
    for root in ("/site-packages/", "/gateway/", "/lib/python"):
        _, found, after = frame.rpartition(root)
        if found:
            return f"gateway/{after}" if root == "/gateway/" else after
    return frame


def stage_of(stack: Sequence[str]) -> tuple[str, str]:
    """The stage of a stack of short frames, the outermost first; and the frame that decided."""
    inside = [frame for frame in stack if not frame.startswith(BASE)]
    for frame in reversed(inside):
        for stage in STAGES:
            if frame.startswith(stage.claims) and (
                not stage.under or any(around.startswith(stage.under) for around in inside)
            ):
                return stage.name, frame
    is_bare = all(
        "gateway/cli" in one or "gateway/__main__" in one for one in inside if "gateway" in one
    )
    return (LOOP if is_bare else OTHER), (inside[-1] if inside else "")


@dataclass(frozen=True)
class Row:
    """A stage, its time, and the functions that take most of it."""

    stage: str
    spent: float
    mostly: tuple[tuple[str, float], ...]


def rows(stacks: Iterable[tuple[Sequence[str], float]]) -> list[Row]:
    """The profile of some stacks with their times; the sum of the rows is that of the times."""
    spent: dict[str, float] = defaultdict(float)
    inside: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for stack, time in stacks:
        stage, frame = stage_of(stack)
        spent[stage] += time
        inside[stage][frame.rpartition("/")[2]] += time
    return [Row(stage, spent[stage], _most(inside[stage])) for stage in ORDER if spent[stage]]


def _most(times: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(times.items(), key=lambda item: -item[1])[:3])


def stacks(text: str) -> list[tuple[list[str], float]]:
    """What the sampler wrote; times in nanoseconds."""
    found = []
    for line in text.splitlines():
        spent, _, frames = line.partition("\t")
        found.append(([short(frame) for frame in frames.split(";")], float(spent)))
    return found
