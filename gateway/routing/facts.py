"""What rules may ask of a request. No IO."""

from __future__ import annotations

from functools import cached_property

from gateway.messages import MessagesRequest
from gateway.tokens import TokenCounter, upper_bound


class Facts:
    """Each fact is worked out when it is first asked for, and then kept."""

    def __init__(
        self, request: MessagesRequest, counter: TokenCounter, *, path_prefix: str = ""
    ) -> None:
        self._request = request
        self._counter = counter
        self.path_prefix = path_prefix
        """The URL's path before the endpoint: `/fast` in `/fast/v1/messages`; empty if none."""

    @property
    def model(self) -> str:
        """The model that the client asked for."""
        return self._request.model

    @cached_property
    def tokens(self) -> int:
        """The tokens of the prompt: system, tools and messages."""
        return self._counter.request(self._request)

    def tokens_exceed(self, limit: int) -> bool:
        """More than `limit` tokens; answered without counting when the body is too short for it."""
        raw = self._request.raw
        if raw is not None and upper_bound(raw) <= limit:
            return False
        return self.tokens > limit

    @property
    def tokens_if_known(self) -> int | None:
        """The count, if some rule has asked for it."""
        return self.__dict__.get("tokens")

    @cached_property
    def thinking_type(self) -> str | None:
        """`enabled`, `adaptive`, …; None when the client says nothing of thinking."""
        kind = self._request.object_field("thinking").get("type")
        return kind if isinstance(kind, str) else None

    @property
    def thinks(self) -> bool:
        """The client asks for thinking in some form."""
        return self.thinking_type not in (None, "disabled")

    @cached_property
    def thinking_budget(self) -> int | None:
        """Tokens granted for thinking, where the client grants a number."""
        budget = self._request.object_field("thinking").get("budget_tokens")
        return budget if isinstance(budget, int) else None

    @cached_property
    def effort(self) -> str | None:
        """`output_config.effort`: low, medium, high, xhigh or max."""
        effort = self._request.object_field("output_config").get("effort")
        return effort if isinstance(effort, str) else None
