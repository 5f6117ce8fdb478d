"""Messages of the client as chat messages. No IO.

Each Anthropic message is translated by itself, whatever stands around it, so that the same history
always gives the same bytes. What needs its neighbours (a tool call without its result) is put right
afterwards by `paired`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway import json_text
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.openai_chat.tools import legal_name

ChatMessage = dict[str, Any]
Block = Mapping[str, Any]
Part = dict[str, Any]

BILLING = "x-anthropic-billing-header"
"""How the client's attribution block begins. It varies with the prompt and would break every cache."""
NO_OUTPUT = "(no output)"
NO_RESULT = "[no result: the call was interrupted]"
LONGEST_ID = 40


def system_to_chat(system: str | Sequence[Block], dropped: list[str]) -> list[ChatMessage]:
    """The system prompt as one leading message; none when it is empty."""
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    texts = [block.get("text") or "" for block in blocks]
    kept = [text for text in texts if text.strip() and not text.startswith(BILLING)]
    if any(text.startswith(BILLING) for text in texts):
        dropped.append("system attribution block")
    return [{"role": "system", "content": "\n\n".join(kept)}] if kept else []


def message_to_chat(message: Block, quirks: ChatQuirks, dropped: list[str]) -> list[ChatMessage]:
    """One message as the chat messages that say the same."""
    blocks = blocks_of(message)
    role = message.get("role")
    if role == "assistant":
        return _assistant(blocks, quirks, dropped)
    if role == "system":
        return _reminder(blocks)
    return _user(blocks, quirks, dropped)


def blocks_of(holder: Block) -> Sequence[Block]:
    """The `content` of a message or block: text counts as one text block."""
    content = holder.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def _reminder(blocks: Sequence[Block]) -> list[ChatMessage]:
    """A system message inside the conversation: chat servers take one at the front only.

    It stays where it is, so that the prefix of the prompt stays what it was.
    """
    text = "\n\n".join(block.get("text") or "" for block in blocks if block.get("type") == "text")
    if not text.strip():
        return []
    return [{"role": "user", "content": f"<system-reminder>\n{text}\n</system-reminder>"}]


# -- assistant ---------------------------------------------------------------------------------------


def _assistant(
    blocks: Sequence[Block], quirks: ChatQuirks, dropped: list[str]
) -> list[ChatMessage]:
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    thoughts: list[str] = []
    for block in blocks:
        match block.get("type"):
            case "text":
                texts.append(block.get("text") or "")
            case "tool_use":
                calls.append(_call(block))
            case "thinking":
                thoughts.append(block.get("thinking") or "")
            case _:
                texts.append(_history(block, dropped))
    message: ChatMessage = {"role": "assistant"}
    message["content"] = "\n\n".join(text for text in texts if text.strip()) or None
    if calls:
        message["tool_calls"] = calls
    thinking = "\n".join(thoughts)
    if calls and quirks.echo_reasoning:
        # Where it is wanted back it may not be empty: a space is the least that is accepted.
        message[quirks.echo_reasoning] = thinking or " "
    elif thinking:
        dropped.append("thinking of earlier turns")
    return [message] if calls or message["content"] is not None else []


def _call(block: Block) -> dict[str, Any]:
    arguments = json_text.encode_text(block.get("input") or {})
    function = {"name": legal_name(block.get("name") or ""), "arguments": arguments}
    return {"id": chat_id(block.get("id") or ""), "type": "function", "function": function}


def chat_id(id: str) -> str:
    """A tool call id that chat servers take: those that are too long become a digest of themselves."""
    if len(id) <= LONGEST_ID:
        return id
    return "call_" + hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _history(block: Block, dropped: list[str]) -> str:
    """Blocks of earlier turns that only their origin understands, as text that keeps their gist."""
    kind = block.get("type")
    if kind == "server_tool_use":
        return f"[{block.get('name')}: {json_text.encode_text(block.get('input') or {})}]"
    if isinstance(results := block.get("content"), list):
        lines = [
            f"- {r.get('title')}: {r.get('url')}"
            for r in results
            if isinstance(r, dict) and r.get("url")
        ]
        if lines:
            return "\n".join(lines)
    if kind == "compaction":
        return str(block.get("content") or "")
    dropped.append(f"block {kind}")
    return ""


# -- user --------------------------------------------------------------------------------------------


def _user(blocks: Sequence[Block], quirks: ChatQuirks, dropped: list[str]) -> list[ChatMessage]:
    results: list[ChatMessage] = []
    parts: list[Part] = []
    shown: list[Part] = []
    for block in blocks:
        if block.get("type") == "tool_result":
            result, images = _tool_result(block, quirks, dropped)
            results.append(result)
            shown += images
        else:
            parts += part_of(block, quirks, dropped)
    # Results first, because they must follow their calls; then what they show; then what was said.
    return results + _user_message(shown + parts)


def _user_message(parts: list[Part]) -> list[ChatMessage]:
    if not parts:
        return []
    if all(part["type"] == "text" for part in parts):
        # Plain text where text is all there is: many servers know nothing else.
        return [{"role": "user", "content": "\n\n".join(part["text"] for part in parts)}]
    return [{"role": "user", "content": parts}]


def _tool_result(
    block: Block, quirks: ChatQuirks, dropped: list[str]
) -> tuple[ChatMessage, list[Part]]:
    """A result, and the parts that a tool message cannot hold, labelled with the call they answer."""
    texts: list[str] = []
    shown: list[Part] = []
    for item in blocks_of(block):
        for part in part_of(item, quirks, dropped):
            if part["type"] == "text":
                texts.append(part["text"])
            else:
                shown.append(part)
    id = chat_id(block.get("tool_use_id") or "")
    text = "\n".join(texts) or ("(shown below)" if shown else NO_OUTPUT)
    if block.get("is_error") and "error" not in text[:40].lower():
        text = f"Error: {text}"
    if shown:
        shown.insert(0, {"type": "text", "text": f"[result of tool call {id}]"})
    return {"role": "tool", "tool_call_id": id, "content": text}, shown


def part_of(block: Block, quirks: ChatQuirks, dropped: list[str]) -> list[Part]:
    """A block as the parts of a user message; nothing for what has no content."""
    if (build := _PARTS.get(block.get("type") or "")) is not None:
        return build(block, quirks, dropped)
    return _text(_history(block, dropped))


def _text(text: str) -> list[Part]:
    return [{"type": "text", "text": text}] if text.strip() else []


def _image(block: Block, quirks: ChatQuirks, dropped: list[str]) -> list[Part]:
    source = block.get("source") or {}
    match source.get("type"):
        case "base64":
            url = f"data:{source.get('media_type')};base64,{source.get('data')}"
        case "url":
            url = source.get("url") or ""
        case kind:
            dropped.append(f"image of type {kind}")
            return _text("[an image that this model cannot be shown]")
    return [{"type": "image_url", "image_url": {"url": url}}]


def _document(block: Block, quirks: ChatQuirks, dropped: list[str]) -> list[Part]:
    source = block.get("source") or {}
    title = block.get("title") or "document"
    match source.get("type"):
        case "text":
            return _text(f"[{title}]\n{source.get('data') or ''}")
        case "content":
            parts = [p for item in blocks_of(source) for p in part_of(item, quirks, dropped)]
            return _text(f"[{title}]") + parts
        case "base64" if quirks.documents:
            url = f"data:{source.get('media_type')};base64,{source.get('data')}"
            return [{"type": "file", "file": {"filename": f"{title}.pdf", "file_data": url}}]
        case kind:
            dropped.append(f"document of type {kind}")
            return _text(f"[{title}: a document that this model cannot be shown]")


def _search_result(block: Block, quirks: ChatQuirks, dropped: list[str]) -> list[Part]:
    inner = [part for item in blocks_of(block) for part in part_of(item, quirks, dropped)]
    lines = [f"Source: {block.get('source')}", f"Title: {block.get('title')}"]
    return _text("\n".join([*lines, *(part.get("text", "") for part in inner)]))


_PARTS: Mapping[str, Callable[[Block, ChatQuirks, list[str]], list[Part]]] = {
    "text": lambda block, _quirks, _dropped: _text(block.get("text") or ""),
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "tool_reference": lambda block, _quirks, _dropped: _text(
        f"Tool loaded: {block.get('tool_name')}"
    ),
}


# -- the conversation as a whole ----------------------------------------------------------------------


def paired(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The same conversation, with every tool call answered right behind it.

    Servers refuse a conversation otherwise, and clients do send such: after an interrupted turn a
    result is missing, after compaction a result has lost its call. A missing result is said to be
    missing; a result without a call becomes something that the user says.
    """
    out: list[ChatMessage] = []
    at = 0
    while at < len(messages):
        message = messages[at]
        at += 1
        if message["role"] == "tool":
            out.append(_orphan(message))
            continue
        out.append(message)
        if calls := message.get("tool_calls"):
            turn: list[ChatMessage] = []
            while at < len(messages) and messages[at]["role"] != "assistant":
                turn.append(messages[at])
                at += 1
            out += _answered([call["id"] for call in calls], turn)
    return out


def _answered(ids: Sequence[str], turn: Sequence[ChatMessage]) -> list[ChatMessage]:
    results: dict[str, ChatMessage] = {}
    rest: list[ChatMessage] = []
    for message in turn:
        if message["role"] != "tool":
            rest.append(message)
        elif message["tool_call_id"] in ids and message["tool_call_id"] not in results:
            results[message["tool_call_id"]] = message
        else:
            rest.append(_orphan(message))
    missing = {"role": "tool", "content": NO_RESULT}
    return [results.get(id) or {**missing, "tool_call_id": id} for id in dict.fromkeys(ids)] + rest


def _orphan(message: ChatMessage) -> ChatMessage:
    text = f"[result of tool call {message['tool_call_id']}]\n{message['content']}"
    return {"role": "user", "content": text}
