"""What a case is, what answers it, and what comes of it. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.correction import Correction
from gateway.messages import Message, Usage
from gateway.routing import Target

Body = dict[str, Any]
"""A request of the Messages API; the runner adds the model."""

Outcome = Literal["ok", "degraded", "failed", "model did not", "not tried"]
"""`degraded`: something was left out, and said to be. `failed`: the target or the way to it is broken.
`model did not`: all went well, but the model did not do what it was told, twice."""

RED: frozenset[Outcome] = frozenset({"failed", "model did not"})


OURS = "gateway_error"
"""The type of an error that is nobody's but the gateway's."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The target under examination, as far as requests and remedies depend on it."""

    target: Target
    dialect: str
    quirks: Mapping[str, Any] = field(default_factory=dict)
    """The quirks that its dialect has, with their values for this provider."""
    context: int | None = None
    """Tokens that prompt and answer may have together, if the config says it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request, as a client of the gateway meets it."""

    asked: Body
    status: int = 200
    message: Message = field(default_factory=dict)
    """The whole message, also of a stream; empty when the request failed."""
    events: tuple[dict[str, Any], ...] = ()
    """The events of a stream."""
    pieces: int = 0
    """In how many pieces it came, as the network cut them."""
    error: str = ""
    error_type: str = ""
    reached: bool = True
    """The provider answered something."""
    retry_after: float | None = None
    """Seconds that the provider asks to wait."""
    dropped: tuple[str, ...] = ()
    """What the target was not sent."""
    corrections: tuple[Correction, ...] = ()
    usage: Usage | None = None
    """What the provider said it cost; None when it said nothing."""
    counted: int = 0
    """The tokens of the prompt as the gateway counts them."""

    @property
    def content(self) -> list[dict[str, Any]]:
        """The blocks of the answer."""
        content = self.message.get("content")
        blocks = content if isinstance(content, list) else []
        return [block for block in blocks if isinstance(block, dict)]

    @property
    def text(self) -> str:
        """All visible text."""
        return "".join(str(b.get("text") or "") for b in self.blocks("text"))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The tool calls."""
        return self.blocks("tool_use")

    @property
    def stop_reason(self) -> str:
        """Why the model stopped; empty when nothing says it."""
        return str(self.message.get("stop_reason") or "")

    def blocks(self, *kinds: str) -> list[dict[str, Any]]:
        """The blocks of these types."""
        return [block for block in self.content if block.get("type") in kinds]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says."""

    outcome: Outcome = "ok"
    detail: str = ""
    remedies: tuple[str, ...] = ()
    """Names in `REMEDIES`, the likeliest first."""


Turn = Callable[[Subject, Sequence[Answer]], "Body | None"]
"""A request, made from the answers before it; None when they leave nothing to ask."""
Check = Callable[[Sequence[Answer]], Verdict]
"""Judges answers that all came with success, or whatever came where `Case.expects_error`."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that clients rely on."""

    name: str
    group: str
    says: str
    """What holds when the case is ok, as the end of "It works that …"."""
    turns: tuple[Turn, ...]
    check: Check
    remedies: tuple[str, ...] = ()
    """What helps when neither the error's words nor the check say it better."""
    expects_error: bool = False
    may_drop: frozenset[str] = frozenset()
    """What is rightly not sent to a target that has no place for it."""
    origin_refuses: bool = False
    """Anthropic's own servers refuse it too, so a server of that format may; translation must cope."""
    large: bool = False
    """Costs many tokens, and is only run when asked for."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case."""

    case: Case
    outcome: Outcome
    detail: str = ""
    remedy: str = ""
    """What to change, in the config's own words where a key of it helps."""
    seconds: float = 0.0
    tokens: int = 0
    """Prompt and answer of all its requests, as far as the provider said."""
