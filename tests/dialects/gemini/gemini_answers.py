"""Answers of a Gemini server, drawn by the properties: parts, and the chunks that bring them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from language import JSON
from strategies import json_objects, plain, said

from gateway.dialects.gemini import Gemini

GEMINI = Gemini()

MARK = "a signature: "
"""Begins every signature, and is too long for any other text."""

signatures = st.text("abcXYZ+/=", max_size=4).map(lambda text: MARK + text)


def _signed(part: JSON, signature: str | None) -> JSON:
    return part if signature is None else {**part, "thoughtSignature": signature}


def _text(text: str, signature: str | None) -> JSON:
    return _signed({"text": text}, signature)


def _thought(text: str, signature: str | None) -> JSON:
    return _signed({"text": text, "thought": True}, signature)


def _call(name: str, arguments: JSON, signature: str | None) -> JSON:
    return _signed({"functionCall": {"name": name, "args": arguments}}, signature)


ends = signatures.map(lambda signature: {"text": "", "thoughtSignature": signature})
"""A signature that comes by itself, behind the text that it signs."""

names = st.text("abcdef_", min_size=1, max_size=6)
arguments = json_objects(plain)
maybe_signed = st.one_of(st.none(), signatures)
calls = st.builds(_call, names, arguments, maybe_signed)
parts = st.lists(
    st.one_of(
        st.builds(_text, said, maybe_signed), st.builds(_thought, said, maybe_signed), calls, ends
    ),
    max_size=6,
)
"""The parts of an answer, in any order, signed or not."""

USAGE: JSON = {
    "promptTokenCount": 11,
    "cachedContentTokenCount": 4,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 7,
    "toolUsePromptTokenCount": 2,
    "totalTokenCount": 25,
}


def chunk(*given: JSON, finish: Any = None, **fields: Any) -> JSON:
    """One chunk of a stream, or a whole answer."""
    candidate: JSON = {"content": {"role": "model", "parts": list(given)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "m", **fields}


def chunks_of(given: Sequence[JSON], *, finish: Any = "STOP") -> list[JSON]:
    """Each part in a chunk of its own, the last one with the reason to finish."""
    return [*(chunk(part) for part in given), chunk(finish=finish)]


def array_of(chunks: Sequence[JSON]) -> bytes:
    """Chunks as a server writes them that was not asked for events."""
    return ("[" + "\n,\n".join(json.dumps(item, indent=2) for item in chunks) + "]").encode()
