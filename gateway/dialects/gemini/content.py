"""Turns as contents of the Gemini format. No IO.

A content is what one side says; sides take turns, and the user begins. Results stand in the content
right behind their calls, under the name of the function.
Reference: https://ai.google.dev/api/caching#Content
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gateway.dialects.gemini.quirks import GeminiQuirks, is_among
from gateway.dialects.gemini.signatures import SENTINEL, signature_of, signed
from gateway.dialects.offers import legal_name
from gateway.dialects.turns import (
    NO_OUTPUT,
    Call,
    Document,
    Image,
    Result,
    Text,
    Thought,
    Turn,
    reminder,
)

Content = dict[str, Any]
Part = dict[str, Any]

OPENING = "(the conversation so far)"
"""What the user says before a conversation that the model begins."""

_KNOWN_FILE = re.compile(
    r"gs://|https://(?:generativelanguage\.googleapis\.com|www\.youtube\.com|youtu\.be)/"
)
"""How the addresses begin that every server takes as files."""
_ENDING = re.compile(r"\.(\w+)(?:[?#]|\Z)")

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "mp4": "video/mp4",
}
"""Of files that are given by address only."""


def contents_of(
    turns: Sequence[Turn], model: str, quirks: GeminiQuirks, dropped: list[str]
) -> list[Content]:
    """A whole conversation: the user begins it."""
    contents = turns_to_contents(turns, model, quirks, dropped)
    if contents and contents[0]["role"] == "model":
        return [{"role": "user", "parts": [{"text": OPENING}]}, *contents]
    return contents


def turns_to_contents(
    turns: Sequence[Turn], model: str, quirks: GeminiQuirks, dropped: list[str]
) -> list[Content]:
    """Turns as contents, neighbours of one side put together."""
    writer = _Writer(model, quirks, dropped)
    contents: list[Content] = []
    for turn in turns:
        role, parts = writer.turn(turn)
        if not parts:
            continue
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
    return contents


class _Writer:
    """Writes one turn after the other; knows the names of the calls so far."""

    def __init__(self, model: str, quirks: GeminiQuirks, dropped: list[str]) -> None:
        self._quirks = quirks
        self._dropped = dropped
        self._needs_signature = not is_among(model, quirks.unsigned_models)
        self._media_in_results = is_among(model, quirks.result_media_models)
        self._names: dict[str, str] = {}

    def turn(self, turn: Turn) -> tuple[str, list[Part]]:
        """The role and the parts of a turn."""
        if turn.role == "assistant":
            return "model", self._model(turn)
        if turn.role == "system":
            return "user", [{"text": reminder(turn)}] if turn.text else []
        return "user", self._user(turn)

    # -- what the model said --------------------------------------------------------------------

    def _model(self, turn: Turn) -> list[Part]:
        parts: list[Part] = []
        signature: str | None = None
        called = False
        for part in turn.parts:
            if isinstance(part, Thought):
                signature = self._thought(part, parts)
                continue
            if isinstance(part, Call):
                if signature is None and not called and self._needs_signature:
                    signature = SENTINEL
                parts.append(self._call(part, signature))
                called = True
            elif isinstance(part, Text | Image | Document):
                parts.append(self._shown(part))
            signature = None
        return parts

    def _thought(self, thought: Thought, parts: list[Part]) -> str | None:
        """Puts a signature where it belongs, or gives it back if it belongs to the call that follows.

        Thinking without a signature of this very target is not sent: nobody wants it back.
        """
        signature = signature_of(thought.state)
        if signature is None:
            if thought.text:
                self._dropped.append("thinking of earlier turns")
            return None
        if signature.on == "thought":
            parts += [{**part, "thought": True} for part in signed(thought.text, signature)]
            return None
        if thought.text:
            parts.append({"text": thought.text, "thought": True})
        if signature.on == "call":
            return signature.value
        is_text = parts and parts[-1].keys() == {"text"}
        parts += signed(parts.pop()["text"] if is_text else "", signature)
        return None

    def _call(self, call: Call, signature: str | None) -> Part:
        name = legal_name(call.name, letter_first=True)
        self._names[call.id] = name
        part: Part = {"functionCall": {**self._id(call.id), "name": name, "args": call.input}}
        if signature is not None:
            part["thoughtSignature"] = signature
        return part

    def _id(self, id: str) -> dict[str, str]:
        return {"id": id} if self._quirks.call_ids and id else {}

    # -- what the user said ---------------------------------------------------------------------

    def _user(self, turn: Turn) -> list[Part]:
        results: list[Part] = []
        shown: list[Part] = []
        spoken: list[Part] = []
        for part in turn.parts:
            if isinstance(part, Result):
                response, beside = self._result(part)
                results.append(response)
                shown += beside
            elif isinstance(part, Text | Image | Document):
                spoken.append(self._shown(part))
        # Results first, because they must follow their calls; then what they show; then what was said.
        return results + shown + spoken

    def _result(self, result: Result) -> tuple[Part, list[Part]]:
        """A result, and what of it has to stand behind it, labelled with the call it answers."""
        parts = [self._shown(part) for part in result.parts]
        texts = [part["text"] for part in parts if "text" in part]
        media = [part for part in parts if "text" not in part]
        said = "\n".join(texts) or ("(shown below)" if media else NO_OUTPUT)
        response: Part = {
            **self._id(result.id),
            "name": self._names.get(result.id, "unknown"),
            "response": {"error" if result.is_error else "output": said},
        }
        if media and self._media_in_results:
            response["parts"] = media
            return {"functionResponse": response}, []
        label = [{"text": f"[result of tool call {result.id}]"}] if media else []
        return {"functionResponse": response}, label + media

    def _shown(self, part: Text | Image | Document) -> Part:
        if isinstance(part, Text):
            return {"text": part.text}
        kind = "an image" if isinstance(part, Image) else f"{part.title}: a document"
        if part.url:
            return self._file(part.url, kind)
        if isinstance(part, Image) and part.media_type not in self._quirks.image_types:
            self._dropped.append(f"image of type {part.media_type}")
            return {"text": f"[{kind} that this model cannot be shown]"}
        return {"inlineData": {"mimeType": part.media_type, "data": part.data}}

    def _file(self, url: str, kind: str) -> Part:
        """A file at an address, where the server looks at it."""
        if not _KNOWN_FILE.match(url) and not self._quirks.fetches_urls:
            self._dropped.append(f"{kind.rpartition(' ')[2]} of type url")
            return {"text": f"[{kind} at {url} that this model cannot be shown]"}
        default = "image/jpeg" if kind == "an image" else "application/pdf"
        ending = _ENDING.search(url)
        media_type = MEDIA_TYPES.get(ending[1].lower(), default) if ending else default
        return {"fileData": {"mimeType": media_type, "fileUri": url}}
