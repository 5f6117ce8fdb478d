"""What rules may ask of a request. No IO."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.dialects.offers import function_of
from gateway.dialects.turns import blocks_of
from gateway.messages import MessagesRequest
from gateway.once import once
from gateway.routing import clients, tags
from gateway.routing.readings import NOTHING, Readings
from gateway.routing.said import said_in
from gateway.tokens import Size, TokenCounter, upper_bound

Edits = tuple[str, ...]
"""Names of transforms, in order."""


def _now() -> datetime:
    return datetime.now().astimezone()


def _as_it_is(request: MessagesRequest, _: Edits) -> MessagesRequest:
    return request


class Facts(Struct, dict=True, eq=False):
    """Each fact is worked out when it is first asked for, and then kept."""

    _request: MessagesRequest
    _counter: TokenCounter
    path_prefix: str = ""
    """The URL's path before the endpoint: `/fast` in `/fast/v1/messages`; empty if none."""
    headers: Mapping[str, str] = {}
    """The client's headers; names in lower case."""
    key: str | None = None
    """The name of the client key that was shown."""
    readings: Readings = NOTHING
    """What went before: cost, rates, cooldowns."""
    clock: Callable[[], datetime] = _now
    edited: Callable[[MessagesRequest, Edits], MessagesRequest] = _as_it_is
    """Applies transforms, for facts of the request as it would go out."""
    _outgoing: dict[Edits, Size] = {}

    __repr__ = object.__repr__
    """The client's key is among the headers."""

    def state(self, values: Mapping[str, Any]) -> None:
        """Has facts, by name, stand as they are said, whatever the request holds."""
        self.__dict__.update(values)

    # -- size -----------------------------------------------------------------------------------

    @once
    def tokens(self) -> int:
        """The tokens of the prompt: system, tools and messages."""
        return self.size.total

    @once
    def size(self) -> Size:
        """The same, tools apart from the rest."""
        return self._counter.size(self._request)

    def tokens_exceed(self, limit: float) -> bool:
        """More than `limit` tokens; answered without counting when the body is too short for it."""
        raw = self._request.raw
        if raw is not None and "tokens" not in self.__dict__ and upper_bound(raw) <= limit:
            return False
        return self.tokens > limit

    @property
    def tokens_if_known(self) -> int | None:
        """The count, if some rule has asked for it."""
        return self.__dict__.get("tokens")

    @property
    def size_if_known(self) -> Size | None:
        """The same, tools apart from the rest."""
        return self.__dict__.get("size")

    @property
    def outgoing_if_known(self) -> Mapping[Edits, int]:
        """The counts after transforms that somebody has asked for."""
        return {edits: size.total for edits, size in self._outgoing.items()}

    def outgoing_tokens(self, edits: Edits) -> int:
        """The tokens of the prompt after these transforms."""
        return self.outgoing_size(edits).total

    def outgoing_size(self, edits: Edits) -> Size:
        """The same, tools apart from the rest."""
        if edits not in self._outgoing:
            request = self.edited(self._request, edits)
            same = request is self._request
            self._outgoing[edits] = self._own_size if same else self._counter.size(request)
        return self._outgoing[edits]

    @property
    def _own_size(self) -> Size:
        """The size; of a total that was stated nobody knows the parts."""
        if "tokens" in self.__dict__ and "size" not in self.__dict__:
            return Size(self.tokens)
        return self.size

    def size_of(self, request: MessagesRequest) -> Size:
        """The size of the prompt that another request makes."""
        return self._counter.size(request)

    def tokens_of(self, request: MessagesRequest) -> int:
        """The tokens of the prompt that another request makes."""
        return self._counter.request(request)

    @once
    def max_tokens(self) -> int | None:
        """The longest answer that the client takes."""
        limit = self._request.get("max_tokens")
        return limit if isinstance(limit, int) and not isinstance(limit, bool) else None

    # -- what is asked --------------------------------------------------------------------------

    @once
    def model(self) -> str:
        """The model that the client asked for."""
        return self._request.model

    @once
    def stream(self) -> bool:
        """The client wants an event stream."""
        return self._request.stream

    @once
    def thinking_type(self) -> str | None:
        """`enabled`, `adaptive`, …; None when the client says nothing of thinking."""
        kind = self._request.object_field("thinking").get("type")
        return kind if isinstance(kind, str) else None

    @property
    def thinks(self) -> bool:
        """The client asks for thinking in some form."""
        return self.thinking_type not in (None, "disabled")

    @once
    def thinking_budget(self) -> int | None:
        """Tokens granted for thinking, where the client grants a number."""
        budget = self._request.object_field("thinking").get("budget_tokens")
        return budget if isinstance(budget, int) else None

    @once
    def effort(self) -> str | None:
        """`output_config.effort`: low, medium, high, xhigh or max."""
        effort = self._request.object_field("output_config").get("effort")
        return effort if isinstance(effort, str) else None

    # -- tools and content ----------------------------------------------------------------------

    @once
    def tools(self) -> frozenset[str]:
        """The names of the tools on offer."""
        return frozenset(str(t.get("name") or t.get("type") or "") for t in self._request.tools)

    @once
    def tool_count(self) -> int:
        """How many tools are on offer."""
        return len(self._request.tools)

    @once
    def tool_is_forced(self) -> bool:
        """The model has to call a tool."""
        return self._request.object_field("tool_choice").get("type") in ("any", "tool")

    @once
    def contents(self) -> frozenset[str]:
        """What the request holds: see `KINDS` in the conditions."""
        found: set[str] = set().union(*[said.kinds for said in said_in(self._request)])
        if self._request.tools:
            found.add("tools")
        for tool in self._request.tools:
            if function_of(tool) is None:
                found.add("server_tool")
                found.update(k for k in SERVER_KINDS if str(tool.get("type")).startswith(k))
        return frozenset(found)

    @once
    def repeated_calls(self) -> int:
        """How often the last tool call was made in a row with the same input; 0 without one."""
        calls = [call for said in said_in(self._request) for call in said.calls]
        count = 0
        for call in reversed(calls):
            if call != calls[-1]:
                break
            count += 1
        return count

    # -- texts ----------------------------------------------------------------------------------

    @once
    def system(self) -> str:
        """The system prompt as one text, with what clients add to it inside the conversation."""
        return "\n\n".join(clients.every_system_text(self._request))

    @once
    def last_user(self) -> str:
        """The last thing that the user said."""
        return "\n\n".join(clients.last_user_texts(self._request))

    @once
    def continues_turn(self) -> bool:
        """The model goes on with what it was doing: the last message only answers its tool calls."""
        messages = self._request.last_messages
        last = messages[-1] if messages else {}
        blocks = blocks_of(last)
        return bool(blocks) and all(block.get("type") == "tool_result" for block in blocks)

    @once
    def tag(self) -> str | None:
        """The name in a `<gateway-route>` tag of the prompt."""
        return tags.tag_of(self._request)

    # -- who asks -------------------------------------------------------------------------------

    @once
    def session(self) -> str | None:
        """The conversation, as its client names it."""
        return clients.session(self._request, self.headers)

    @once
    def agent(self) -> str | None:
        """The sub-agent that asks; None for the main one."""
        return clients.agent(self.headers)

    @once
    def agent_type(self) -> str | None:
        """The kind of the sub-agent."""
        return clients.agent_type(self._request, self.headers)

    @once
    def request_class(self) -> str:
        """`main`, `subagent`, `compaction` or `auxiliary`."""
        return clients.request_class(self._request, self.headers)

    # -- when, and by chance --------------------------------------------------------------------

    @once
    def now(self) -> datetime:
        """When the request came, with its time zone."""
        return self.clock()

    @once
    def lot(self) -> float:
        """A number from 0 to 1 that is the same over a session's turns; by the ends of the body without."""
        if self.session is not None:
            drawn = self.session.encode("utf-8", "surrogatepass")
        else:
            body = self._request.encode()
            drawn = b"%d" % len(body) + body[:ENDS] + body[-ENDS:]
        digest = hashlib.sha256(drawn).digest()
        return int.from_bytes(digest[:8]) / 2**64


ENDS = 16 * 1024
"""Bytes of a body at its beginning and at its end."""

SERVER_KINDS = ("web_search", "web_fetch", "code_execution")
