"""What clients tell of themselves: session, agent, kind of request. No IO.

Claude Code says it in headers when `CLAUDE_CODE_GATEWAY_HINT_HEADERS=1` is set; otherwise marks in the
body show it. A client that says nothing has no session and no agent, and its requests are `main`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from gateway import json_text
from gateway.dialects.offers import function_of
from gateway.messages import BILLING, MessagesRequest
from gateway.routing.said import said_in

RequestClass = Literal["main", "subagent", "compaction", "auxiliary"]
CLASSES: tuple[RequestClass, ...] = ("main", "subagent", "compaction", "auxiliary")

SESSION_HEADER = "x-claude-code-session-id"
AGENT_HEADER = "x-claude-code-agent-id"
AGENT_TYPE_HEADER = "x-claude-code-agent-type"
CLASS_HEADER = "x-claude-code-request-class"

SUBAGENT_MARK = "cc_is_subagent=true"
COMPACTION_MARKS = ("CRITICAL: Respond with TEXT ONLY", "Your task is to create a detailed summary")
"""How the last text of a compaction request begins, and what stands in it."""

AGENT_PROMPTS: Mapping[str, str] = {
    "You are a file search specialist": "Explore",
    "You are an agent for Claude Code": "general-purpose",
}
"""How the system prompt of an agent begins -> its type."""


def session(request: MessagesRequest, headers: Mapping[str, str]) -> str | None:
    """The conversation, as its client names it."""
    if found := headers.get(SESSION_HEADER):
        return found
    metadata = request.get("metadata")
    if not isinstance(metadata, dict):  # of another kind: whoever it is sent to says so
        return None
    user = metadata.get("user_id")
    if not isinstance(user, str) or not user.startswith("{"):
        return None
    try:
        account = json_text.decode(user)
    except json_text.NotJSON:
        return None
    found = account.get("session_id") if isinstance(account, dict) else None
    return found if isinstance(found, str) and found else None


def agent(headers: Mapping[str, str]) -> str | None:
    """The sub-agent that asks; None for the main one."""
    return headers.get(AGENT_HEADER) or None


def agent_type(request: MessagesRequest, headers: Mapping[str, str]) -> str | None:
    """The kind of the sub-agent, such as `Explore`; None for the main one."""
    if found := headers.get(AGENT_TYPE_HEADER):
        return found
    texts = system_texts(request)
    known = (
        kind for start, kind in AGENT_PROMPTS.items() if any(t.startswith(start) for t in texts)
    )
    return next(known, None)


def request_class(request: MessagesRequest, headers: Mapping[str, str]) -> str:
    """`main`, `subagent`, `compaction`, `auxiliary`, or a word that the client's header says."""
    if found := headers.get(CLASS_HEADER):
        return found
    if _is_compaction(request):
        return "compaction"
    if AGENT_HEADER in headers or any(
        text.startswith(BILLING) and SUBAGENT_MARK in text for text in system_texts(request)
    ):
        return "subagent"
    return "auxiliary" if _is_auxiliary(request) else "main"


def _is_compaction(request: MessagesRequest) -> bool:
    start, inside = COMPACTION_MARKS
    if not request.mentions(start.encode()):
        return False  # nearly always, and then nothing has to be decoded
    return any(text.startswith(start) and inside in text for text in last_user_texts(request))


def _is_auxiliary(request: MessagesRequest) -> bool:
    """Title, probe and search: requests beside the conversation, without tools that the client runs."""
    if b'"input_schema"' in (request.raw_field("tools") or b""):
        return False  # nearly always, and then nothing has to be decoded
    if any(function_of(tool) is not None for tool in request.tools):
        return False
    is_probe = request.get("max_tokens") == 1
    return bool(request.tools) or is_probe or "format" in request.object_field("output_config")


def system_texts(request: MessagesRequest) -> list[str]:
    """The texts of the system prompt."""
    system = request.system
    if isinstance(system, str):
        return [system]
    return [str(block.get("text") or "") for block in system]


def every_system_text(request: MessagesRequest) -> list[str]:
    """The same, and the system messages: Claude Code describes the working directory in one."""
    later = (text for said in said_in(request) for text in said.system)
    return [*system_texts(request), *later]


def last_user_texts(request: MessagesRequest) -> list[str]:
    """The texts of the last message of the user: what was typed, and what the client added."""
    said = (one.user for one in reversed(said_in(request)))
    return list(next((texts for texts in said if texts is not None), ()))
