"""Laws of counting: bounded by the bytes, remembered by content, and never through a network."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language import JSON, Characters, request
from strategies import dialogues, json_values, mutated, request_bodies, texts, torn

from gateway import tokens
from gateway.messages import MessagesRequest
from gateway.resources import encoding_file
from gateway.tokens import CITING, FRAME, Size, Tiktoken, TokenCounter, read_ranks, upper_bound

TIKTOKEN = Tiktoken()


def counted(content: Any) -> int:
    """The characters that count in a `content` value."""
    return TokenCounter(Characters()).content(content)


class Slow(Characters):
    """Counts characters once it is let go on; the first so many counts fail."""

    def __init__(self, fails: int = 0) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self._fails = fails
        self._begun = threading.Semaphore(0)

    def wait_for(self, counts: int) -> None:
        """Until so many counts have begun."""
        for _ in range(counts):
            self._begun.acquire()

    def count(self, text: str) -> int:
        count = super().count(text)
        self._begun.release()
        self.go_on.wait()
        if self._fails:
            self._fails -= 1
            raise ArithmeticError(text)
        return count


class TestTiktoken:
    """The real encoder."""

    @given(torn)
    def test_no_token_is_shorter_than_a_byte(self, text: str) -> None:
        """Any text has tokens, and no more than bytes."""
        count = TIKTOKEN.count(text)
        assert bool(count) == bool(text)
        assert count <= len(text.encode("utf-8", "surrogatepass"))

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("", 0),
            ("hello world", 2),
            ("<|endoftext|>", 7),
            ("The quick brown fox", 4),
            ("12345678", 3),
        ],
    )
    def test_known_counts(self, text: str, count: int) -> None:
        """Counts of o200k_base; what looks like a special token is text."""
        assert TIKTOKEN.count(text) == count

    @settings(max_examples=10)
    @given(st.text(min_size=1, max_size=30), st.integers(70_000, 150_000))
    def test_long_texts_are_counted_in_parts(self, text: str, length: int) -> None:
        """Cutting a long text into parts changes its count by next to nothing."""
        long = (text * (length // len(text) + 1))[:length]
        whole = len(TIKTOKEN.load().encode_ordinary(long))
        assert abs(TIKTOKEN.count(long) - whole) <= 2 + whole * 0.002

    @pytest.mark.parametrize("text", [" ", "\n", "a", "\u4e2d", "\x00"], ids=ascii)
    def test_long_runs(self, text: str) -> None:
        """A million equal characters, white space above all, are counted like any text."""
        assert 0 < TIKTOKEN.count(text * 1_100_000) <= 1_100_000

    def test_no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The ranks come from the package: counting works on a machine without a network."""

        def refuse(*_: object, **__: object) -> NoReturn:
            raise AssertionError("a socket was opened")

        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        assert Tiktoken().count("hello world") == 2


class TestRanks:
    """The shipped file."""

    PACKED = encoding_file("o200k_base").read_bytes()

    def test_shipped(self) -> None:
        """The ranks are complete: every byte, dense numbers, the digest that was written down."""
        ranks = read_ranks(self.PACKED, tokens.O200K_SHA256)
        assert all(bytes([byte]) in ranks for byte in range(256))
        assert sorted(ranks.values()) == list(range(len(ranks)))

    def test_damaged(self) -> None:
        """One changed byte is found out."""
        text = bytearray(gzip.decompress(self.PACKED))
        text[1000] ^= 1
        with pytest.raises(ValueError, match="damaged"):
            read_ranks(gzip.compress(bytes(text), 1), tokens.O200K_SHA256)

    def test_small(self) -> None:
        """A file of ranks is a token in base 64 and its number, per line."""
        text = b"YQ== 0\nYg== 1\n"
        digest = hashlib.sha256(text).hexdigest()
        assert read_ranks(gzip.compress(text), digest) == {b"a": 0, b"b": 1}


class TestCounter:
    """What is counted of a request, and how often."""

    @given(st.lists(texts, max_size=6))
    def test_each_text_is_counted_once(self, said: list[str]) -> None:
        """The same text gives the same count and costs the encoder one call."""
        encoder = Characters()
        counter = TokenCounter(encoder)
        assert [counter.text(text) for text in said * 2] == [len(text) for text in said * 2]
        assert sorted(encoder.counted) == sorted({text for text in said if text})

    @given(st.lists(st.sampled_from("abcd"), max_size=12), st.integers(1, 3))
    def test_memory_is_bounded(self, said: list[str], remembered: int) -> None:
        """Only so many counts are kept, the latest used; forgetting one changes no result."""
        encoder = Characters()
        counter = TokenCounter(encoder, remembered=remembered)
        for at, text in enumerate(said):
            latest = list(dict.fromkeys(reversed(said[:at])))[:remembered]
            before = len(encoder.counted)
            assert counter.text(text) == 1
            assert len(encoder.counted) - before == (text not in latest)

    def test_threads_do_not_count_the_same_text_twice(self) -> None:
        """Whoever comes while a text is being counted waits for that count."""
        encoder = Slow()
        counter = TokenCounter(encoder)
        with ThreadPoolExecutor(28) as pool:
            counts = [pool.submit(counter.text, "the same") for _ in range(27)]
            counts += [pool.submit(counter.text, "another")]
            encoder.wait_for(2)
            encoder.go_on.set()
            assert [count.result() for count in counts] == [8] * 27 + [7]
        assert sorted(encoder.counted) == ["another", "the same"]

    def test_who_waits_for_a_count_that_fails_is_told(self) -> None:
        """Nobody waits for ever, and the next one tries again."""
        encoder = Slow(fails=1)
        counter = TokenCounter(encoder)
        with ThreadPoolExecutor(3) as pool:
            counts = [pool.submit(counter.text, "text") for _ in range(3)]
            encoder.wait_for(1)
            encoder.go_on.set()
            failed = [count.exception() for count in counts]
        assert {type(error) for error in failed} in (
            {ArithmeticError},
            {ArithmeticError, type(None)},
        )
        assert counter.text("text") == 4

    @given(request_bodies)
    def test_the_size_of_a_request_is_that_of_its_parts(self, body: JSON) -> None:
        """Tools apart from the rest, and both together are its tokens."""
        counter, whole = (
            TokenCounter(Characters()),
            MessagesRequest.parse(json.dumps(body).encode()),
        )
        size = counter.size(whole)
        assert size.total == size.content + size.tools == counter.request(whole)
        assert counter.size(whole.without("tools")) == Size(size.content)

    @given(dialogues())
    def test_a_turn_costs_what_is_new_in_it(self, turns: list[list[JSON]]) -> None:
        """The next turn of a conversation asks the encoder for nothing that was counted."""
        encoder = Characters()
        counter = TokenCounter(encoder)
        for end in range(1, len(turns) + 1):
            messages = [message for turn in turns[:end] for message in turn]
            counter.request(request(messages=messages))
        assert len(encoder.counted) == len(set(encoder.counted))

    @given(request_bodies, st.booleans())
    def test_bounded_by_the_bytes(self, body: JSON, is_ascii: bool) -> None:
        """A request never has more tokens than bytes, so a short one need not be counted."""
        raw = json.dumps(_whole(body), ensure_ascii=is_ascii, separators=(",", ":")).encode()
        assert TokenCounter(TIKTOKEN).request(MessagesRequest.parse(raw)) <= upper_bound(raw)

    @given(mutated(request_bodies))
    def test_requests_of_odd_shape(self, body: Any) -> None:
        """Blocks of any shape have a size, or the request is invalid."""
        counter = TokenCounter(Characters())
        content = body.get("messages") if isinstance(body, dict) else body
        for message in content if isinstance(content, list) else [content]:
            assert (
                counter.content(message.get("content") if isinstance(message, dict) else message)
                >= 0
            )

    @given(json_values())
    def test_content_of_odd_shape(self, content: Any) -> None:
        """Whatever stands where content is expected has a size."""
        assert counted(content) >= 0
        assert counted([content]) >= 0

    @pytest.mark.parametrize(
        ("block", "expected"),
        [
            ({"type": "text", "text": "abcd"}, 4),
            ({"type": "thinking", "thinking": "a" * 20, "signature": "long" * 99}, 20),
            ({"type": "thinking", "thinking": "", "signature": "x" * 3_300}, 500),
            ({"type": "thinking", "thinking": "a" * 800, "signature": "x" * 3_300}, 800),
            ({"type": "thinking", "thinking": "", "signature": ""}, 0),
            ({"type": "redacted_thinking", "data": "x" * 3_300}, 500),
            ({"type": "redacted_thinking", "data": "abcd"}, 0),
            ({"type": "tool_use", "id": "t", "name": "ab", "input": {"a": 1}}, 2 + 7),
            ({"type": "tool_use", "id": "t", "name": "ab", "input": {}}, 2 + 2),
            ({"type": "tool_result", "tool_use_id": "t", "content": "abcd"}, 4),
            ({"type": "tool_result", "content": [{"type": "text", "text": "ab"}]}, 2),
            ({"type": "image", "source": {"type": "base64", "data": "x" * 9_000}}, 1_600),
            ({"type": "image", "source": {"type": "base64", "data": "x" * 90}}, 90),
            ({"type": "image", "source": {"type": "url", "url": "https://example.com"}}, 0),
            ({"type": "document", "title": "ab", "source": {"type": "text", "data": "cd"}}, 4),
            ({"type": "document", "source": {"type": "base64", "data": "x" * 90_000}}, 4_500),
            ({"type": "document", "source": {"type": "content", "content": "abc"}}, 3),
            ({"type": "search_result", "source": "ab", "title": "c", "content": []}, 3),
            ({"type": "hologram", "a": 1}, len('{"type":"hologram","a":1}')),
        ],
        ids=lambda value: value["type"] if isinstance(value, dict) else "",
    )
    def test_blocks(self, block: JSON, expected: int) -> None:
        """Each type counts by what the model reads of it; an unknown one counts as JSON."""
        assert counted([block]) == expected

    def test_citing_is_told_once_for_a_message(self) -> None:
        """The API puts its own words in front of documents to be cited, however many there are."""
        document = {
            "type": "document",
            "title": "ab",
            "source": {"type": "text", "data": "cd"},
            "citations": {"enabled": True},
        }
        result = {"type": "tool_result", "tool_use_id": "t", "content": [document, document]}

        def counted_in_a_message(*blocks: JSON) -> int:
            said = request(messages=[{"role": "user", "content": list(blocks)}])
            return TokenCounter(Characters()).request(said) - FRAME

        assert counted_in_a_message(document, document) == CITING + 8
        assert counted_in_a_message(result, document) == CITING + 12
        assert counted_in_a_message({**document, "citations": {"enabled": False}}) == 4
        assert counted_in_a_message({**document, "citations": None}) == 4

    def test_a_request(self) -> None:
        """System, tools and messages are the prompt, and a message has a frame."""
        found = request(
            system="abc",
            tools=[{"name": "f"}],
            messages=[{"role": "user", "content": "ab"}, {"role": "assistant", "content": []}],
            metadata={"user_id": "not counted"},
        )
        assert TokenCounter(Characters()).request(found) == 3 + len('[{"name": "f"}]') + 2 + 2 * 3


def _whole(value: Any) -> Any:
    """The value with whole numbers only: those with exponents count as they are written out."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) else value
