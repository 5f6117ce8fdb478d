"""Token counts, without a network and without doing the same work twice. No IO but the shipped ranks.

Counts are those of `o200k_base`. A text is counted in parts of `PART` characters: the encoder then
never holds the interpreter for long and cannot meet its own limit on runs of white space; the count
differs from that of the whole text by about 0.01 %. What was counted is remembered by digest, so that
the next turn of a conversation pays for its new blocks only.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from binascii import a2b_base64
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import tiktoken

from gateway import json_text, resources
from gateway.messages import MessagesRequest

PART = 65_536
"""Characters counted in one call of the encoder."""

REMEMBERED = 50_000
"""Texts whose count is kept, about 220 bytes each. What a conversation adds up to is kept with it."""

IMAGE = 1_600
"""Tokens of the largest image that the API accepts without scaling it down."""

FRAME = 3
"""Tokens that the frame of a message costs."""

CITING = 600
"""Tokens of the words by which the API tells a model to cite, once for the documents of a message."""

SEALED, ENVELOPE = 6, 300
"""Characters to a token of thinking that only its provider can read, and characters around it. Claude and
Gemini take 5.4 to a token of their own, with an envelope of 200."""

O200K_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"

# The split that defines the encoding, see https://github.com/openai/tiktoken: words with an optional
# leading mark and an English ending, numbers of up to three digits, punctuation, line ends, spaces.
_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K_SPLIT = "|".join(
    [
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_ENDING}",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_ENDING}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)


@dataclass(frozen=True, slots=True)
class Size:
    """A prompt in tokens."""

    content: int
    """System prompt and messages, with their frames."""
    tools: int = 0
    """The tools on offer, as JSON."""

    @property
    def total(self) -> int:
        """The whole prompt."""
        return self.content + self.tools


class Encoder(Protocol):
    """Counts the tokens of a text."""

    def count(self, text: str) -> int:
        """The number of tokens."""


class Tiktoken:
    """`o200k_base` from the shipped ranks, built on the first count (about 0.2 s) and then shared."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or resources.encoding_file("o200k_base")
        self._encoding: tiktoken.Encoding | None = None
        self._lock = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        """Nobody has to wait for it."""
        return self._encoding is not None

    def load(self) -> tiktoken.Encoding:
        """Builds the encoder now; raises `ValueError` when the shipped file is damaged."""
        with self._lock:
            if self._encoding is None:
                ranks = read_ranks(self._path.read_bytes(), O200K_SHA256)
                self._encoding = tiktoken.Encoding(
                    "o200k_base", pat_str=O200K_SPLIT, mergeable_ranks=ranks, special_tokens={}
                )
            return self._encoding

    def count(self, text: str) -> int:
        """Counts in parts; text that looks like a special token is text."""
        encode = (self._encoding or self.load()).encode_ordinary
        if len(text) <= PART:
            return len(encode(text))
        return sum(len(encode(text[at : at + PART])) for at in range(0, len(text), PART))


def read_ranks(packed: bytes, sha256: str) -> dict[bytes, int]:
    """The ranks in a gzipped tiktoken file; raises `ValueError` when its digest is another."""
    text = gzip.decompress(packed)
    if (found := hashlib.sha256(text).hexdigest()) != sha256:
        raise ValueError(f"token ranks are damaged: sha256 {found}, expected {sha256}")
    parts = text.split()
    return dict(zip(map(a2b_base64, parts[::2]), map(int, parts[1::2]), strict=True))


class TokenCounter:
    """Counts requests block by block and remembers each block by digest. Safe between threads."""

    def __init__(self, encoder: Encoder, *, remembered: int = REMEMBERED) -> None:
        self._encoder = encoder
        self._remembered = remembered
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._under_way: dict[bytes, Future[int]] = {}
        """Texts that some thread is counting."""
        self._lock = threading.Lock()

    def text(self, text: str) -> int:
        """The tokens of one text."""
        if not text:
            return 0
        data = text.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(data, digest_size=16).digest()
        with self._lock:
            if (known := self._counts.get(digest)) is not None:
                self._counts.move_to_end(digest)
                return known
            under_way = self._under_way.get(digest)
            if under_way is None:
                ours = self._under_way[digest] = Future[int]()
        # The same text in two requests at once is counted by one thread; the other waits for it.
        return under_way.result() if under_way is not None else self._counted(text, digest, ours)

    def _counted(self, text: str, digest: bytes, told: Future[int]) -> int:
        """Counts, remembers, and tells those who wait; what the encoder raises they get too."""
        try:
            count = self._encoder.count(text)
        except BaseException as error:
            told.set_exception(error)
            raise
        else:
            told.set_result(count)
            return count
        finally:
            with self._lock:
                del self._under_way[digest]
                if told.exception() is None:
                    self._counts[digest] = told.result()
                    if len(self._counts) > self._remembered:
                        self._counts.popitem(last=False)

    def request(self, request: MessagesRequest) -> int:
        """The tokens of the prompt that a request makes: system, tools and messages."""
        return self.size(request).total

    def size(self, request: MessagesRequest) -> Size:
        """The same, tools apart from the rest."""
        content = request.of("system", ("tokens", self), lambda: self.content(request.system))
        content += sum(request.each(("tokens", self), self._messages))
        return Size(content, request.of("tools", ("tokens", self), lambda: self._tools(request)))

    def _tools(self, request: MessagesRequest) -> int:
        tools = request.raw_field("tools")
        return self.text(tools.decode("utf-8", "replace")) if tools else 0

    def _messages(self, messages: Iterable[Mapping[str, Any]]) -> int:
        return sum(self._message(message.get("content")) for message in messages)

    def _message(self, content: Any) -> int:
        return FRAME + self.content(content) + (CITING if _cites(content) else 0)

    def content(self, content: Any) -> int:
        """The tokens of a `content` or `system` value: text, or a list of blocks."""
        if isinstance(content, str):
            return self.text(content)
        if isinstance(content, list):
            return sum(self._block(block) for block in content)
        return 0

    def _block(self, block: Any) -> int:
        if not isinstance(block, dict):
            return self.content(block)
        texts, nested = _COUNTED.get(str(block.get("type")), (None, ()))
        if texts is None:
            return self.text(json_text.encode_text(block))
        total = sum(self.text(text) for text in _strings(block, texts))
        total += sum(self.content(block.get(name)) for name in nested)
        if "input" in block:
            total += self.text(json_text.encode_text(block["input"]))
        if isinstance(source := block.get("source"), dict):
            total += self._source(source, is_image=block["type"] == "image")
        return max(total, _sealed(block))

    def _source(self, source: Mapping[str, Any], *, is_image: bool) -> int:
        data = source.get("data")
        if not isinstance(data, str):
            return self.content(source.get("content"))
        if source.get("type") == "text":
            return self.text(data)
        # A picture has a greatest size; a PDF page of 30 KB holds about as many tokens as a picture.
        return min(len(data), IMAGE if is_image else max(IMAGE, len(data) // 20))


_COUNTED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "text": (("text",), ()),
    "thinking": (("thinking",), ()),
    "redacted_thinking": ((), ()),
    "image": ((), ()),
    "document": (("title", "context"), ()),
    "search_result": (("title", "source"), ("content",)),
    "tool_use": (("name",), ()),
    "server_tool_use": (("name",), ()),
    "tool_result": ((), ("content",)),
}
"""Block type -> the fields that hold text, and the fields that hold content. Others count as JSON."""


_SEALS: Mapping[str, str] = {"thinking": "signature", "redacted_thinking": "data"}
"""Block type -> the field in which the thinking of a model goes to and fro unread."""


def _sealed(block: Mapping[str, Any]) -> int:
    """What is thought is counted by the provider where the client got a summary of it, or nothing."""
    seal = block.get(_SEALS.get(block["type"], ""))
    return max(0, len(seal) - ENVELOPE) // SEALED if isinstance(seal, str) else 0


def _cites(content: Any) -> bool:
    """Whether a document in this content, or in a tool's result, is to be cited."""
    if not isinstance(content, list):
        return False
    for block in content:
        if isinstance(block, dict):
            citations = block.get("citations")
            if isinstance(citations, dict) and citations.get("enabled") is True:
                return True
            if block.get("type") == "tool_result" and _cites(block.get("content")):
                return True
    return False


def _strings(block: Mapping[str, Any], names: Iterable[str]) -> Iterable[str]:
    return (value for name in names if isinstance(value := block.get(name), str))


def upper_bound(raw: bytes) -> int:
    """A number of tokens that a request body cannot exceed: no token is shorter than a byte.

    Numbers written with an exponent are counted as they are written out, so a body made of nothing
    else can exceed it; no prompt is.
    """
    return len(raw)
