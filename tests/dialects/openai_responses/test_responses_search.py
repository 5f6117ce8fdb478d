"""The server's own web searches: offered, and told in the blocks of Anthropic's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import ContentBlock
from dialects.openai_responses.answers import Answered, function_call, message
from language import JSON, SEAL, destination, play, request, sse, tool
from pydantic import TypeAdapter

from gateway.dialects.openai_responses import OpenAIResponses, ResponsesQuirks
from gateway.dialects.turns import turns_of
from gateway.errors import InvalidRequest

RESPONSES = OpenAIResponses()
WEB: JSON = {"type": "web_search_20250305", "name": "web_search"}
BLOCKS: TypeAdapter[Any] = TypeAdapter(list[ContentBlock])


def search(query: str = "q", *sources: str, **fields: Any) -> JSON:
    """A complete search."""
    action = {
        "type": "search",
        "query": query,
        "sources": [{"type": "url", "url": url} for url in sources],
    }
    return {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": action,
        **fields,
    }


def cited(text: str, **titles: str) -> JSON:
    """A message that cites these pages: name of the host -> title."""
    found = message(text)
    found["content"][0]["annotations"] = [
        {"type": "url_citation", "url": f"https://{host}.test", "title": title}
        for host, title in titles.items()
    ]
    return found


def told(*items: JSON) -> JSON:
    """The message of an answer with these items, which the official client takes."""
    played = play(RESPONSES, [Answered(items).whole], stream=False, upstream_streams=False)
    BLOCKS.validate_python(played.message["content"])
    return played.message


def results(found: JSON) -> list[list[tuple[str, str]]]:
    """What each search found: URL and title."""
    return [
        [(result["url"], result["title"]) for result in block["content"]]
        for block in found["content"]
        if block["type"] == "web_search_tool_result"
    ]


class TestAnswers:
    """Searches of an answer."""

    def test_a_search(self) -> None:
        """A search is a call and a result of its own, and is counted."""
        played = play(
            RESPONSES,
            [Answered((search("ruby"), cited("It is.", a="A")), usage={"input_tokens": 1}).whole],
            stream=False,
            upstream_streams=False,
        )
        call, text, result = played.message["content"]
        assert (call["name"], call["input"]) == ("web_search", {"query": "ruby"})
        assert call["id"].startswith("srvtoolu_")
        assert result["tool_use_id"] == call["id"]
        assert text["text"] == "It is."
        assert played.message["usage"]["server_tool_use"] == {"web_search_requests": 1}
        assert results(played.message) == [[("https://a.test", "A")]]

    def test_sources_go_to_their_own_search(self) -> None:
        """What no search lists as its source counts as found by the last one."""
        found = told(
            search("x", "https://a.test"), search("y", "https://b.test"), cited("t", a="A", c="C")
        )
        assert results(found) == [
            [("https://a.test", "A")],
            [("https://b.test", "https://b.test"), ("https://c.test", "C")],
        ]

    def test_results_stand_before_the_next_call(self) -> None:
        """A turn that goes on with the client's tools has told its results by then."""
        found = told(search(), cited("t", a="A"), function_call("f", "{}"))
        kinds = [block["type"] for block in found["content"]]
        assert kinds == ["server_tool_use", "text", "web_search_tool_result", "tool_use"]
        assert found["stop_reason"] == "tool_use"

    def test_what_is_told_once(self) -> None:
        """A page that belongs to an earlier search's results is not told with a later one's."""
        items = [
            search("x"),
            cited("t", a="A"),
            function_call("f", "{}"),
            search("y"),
            cited("u", b="B"),
        ]
        done = [
            {"type": "response.output_item.done", "output_index": at, "item": item}
            for at, item in enumerate(items)
        ]
        last = {"type": "response.completed", "response": Answered(tuple(items)).response}
        found = play(RESPONSES, [sse(*done, last)], stream=False).message
        assert results(found) == [[("https://a.test", "A")], [("https://b.test", "B")]]

    def test_a_search_that_failed(self) -> None:
        """Its result is an error."""
        *_, result = told(search(status="failed"))["content"]
        assert result["content"]["error_code"] == "unavailable"

    def test_pages_that_are_opened(self) -> None:
        """Looking at a page that was found is no search."""
        opened = search(action={"type": "open_page", "url": "https://a.test"})
        assert [block["type"] for block in told(opened, message("t"))["content"]] == ["text"]

    @pytest.mark.parametrize(
        ("fields", "query"),
        [
            ({"action": {"type": "search", "queries": ["a", "b"]}}, "a; b"),
            ({"action": None, "arguments": '{"query": "a"}'}, "a"),
            ({"action": None, "arguments": "x"}, ""),
        ],
    )
    def test_where_the_query_stands(self, fields: JSON, query: str) -> None:
        """Servers name what was searched for in several places."""
        assert told(search(**fields))["content"][0]["input"] == {"query": query}

    def test_streamed(self) -> None:
        """The stream comes to the same blocks, with what annotation events cite."""
        item, text = search(), message("t")
        annotation = {"type": "url_citation", "url": "https://a.test", "title": "A"}
        stream = sse(
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {**item, "action": {}},
            },
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.output_text.delta", "output_index": 1, "delta": "t"},
            {"type": "response.output_text.annotation.added", "annotation": annotation},
            {"type": "response.output_item.done", "output_index": 1, "item": text},
            {"type": "response.completed", "response": {"status": "completed"}},
        )
        found = play(RESPONSES, [stream], stream=False).message
        expected = told(item, cited("t", a="A"))
        assert results(found) == results(expected) == [[("https://a.test", "A")]]

    def test_the_next_turn(self) -> None:
        """Searches of earlier turns are told as text: nobody could read them otherwise."""
        content = told(search("ruby"), cited("It is.", a="A"))["content"]
        (turn,) = turns_of([{"role": "assistant", "content": content}], SEAL, [])
        assert "ruby" in turn.text
        assert "- A: https://a.test" in turn.text


class TestOffers:
    """The search tool of a request."""

    def body(self, *tools: JSON, quirks: ResponsesQuirks | None = None, **fields: Any) -> JSON:
        """What is sent."""
        dialect = OpenAIResponses(quirks or ResponsesQuirks())
        sent = dialect.outgoing(request(tools=list(tools), **fields), destination())
        found: JSON = {**json.loads(sent.body), "dropped": sent.dropped}
        return found

    def test_options(self) -> None:
        """Domains, place and bound are those that the client asked for."""
        place = {"type": "approximate", "city": "Berlin", "country": "DE", "x": 1}
        body = self.body(
            {**WEB, "allowed_domains": ["a.test"], "user_location": place, "max_uses": 8}
        )
        assert body["tools"] == [
            {
                "type": "web_search",
                "filters": {"allowed_domains": ["a.test"]},
                "user_location": {"type": "approximate", "city": "Berlin", "country": "DE"},
            }
        ]
        assert body["max_tool_calls"] == 8

    def test_options_without_words(self) -> None:
        """What the server cannot be told is named as dropped."""
        quirks = ResponsesQuirks(max_tool_calls=False)
        body = self.body({**WEB, "blocked_domains": ["a"], "max_uses": 1}, quirks=quirks)
        assert body["tools"] == [{"type": "web_search"}]
        assert {"web_search.blocked_domains", "web_search.max_uses"} <= set(body["dropped"])

    def test_choice(self) -> None:
        """Search can be asked for by name."""
        choice = {"type": "tool", "name": "web_search"}
        assert self.body(WEB, tool_choice=choice)["tool_choice"] == {"type": "web_search"}

    def test_a_server_without_search(self) -> None:
        """It is dropped beside other tools, and refused alone."""
        quirks = ResponsesQuirks(web_search="")
        assert OpenAIResponses(quirks).server_tools == frozenset()
        assert len(self.body(WEB, tool("f"), quirks=quirks)["tools"]) == 1
        with pytest.raises(InvalidRequest):
            self.body(WEB, quirks=quirks)
