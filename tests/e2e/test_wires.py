"""The scripted wires are themselves sound: the official SDKs read what they write, whole or streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from google import genai
from google.genai import types
from openai.types.responses import Response
from servers.messages_wire import ONLY_BASE64
from servers.plays import FOUND, PLAYS, REASONS, SOURCES, Text, ToolCall
from servers.responses_wire import ENCRYPTED
from servers.scripted import Upstream

READ = ["text", "thinking", "words", "weather", "calls"]
WHOLE_OR_STREAM = pytest.mark.parametrize("stream", [False, True])


def spoken(play: str) -> str:
    """The text of a play's first step."""
    return "".join(part.text for part in PLAYS[play][0] if isinstance(part, Text))


def called(play: str) -> list[tuple[str, dict[str, Any]]]:
    """The calls of a play's first step."""
    return [(part.name, part.input) for part in PLAYS[play][0] if isinstance(part, ToolCall)]


# -- responses ---------------------------------------------------------------------------------------


@pytest.fixture
def responses(upstream: Upstream) -> Iterator[openai.OpenAI]:
    """The OpenAI SDK's client, straight at the upstream."""
    with openai.OpenAI(base_url=f"{upstream.url}/v1", api_key="x", max_retries=0) as client:
        yield client


def respond(
    client: openai.OpenAI, play: str, *, stream: bool, model: str = "stub", **more: Any
) -> Response:
    """Ask with thinking on, the way a client without stored state does."""
    request: dict[str, Any] = {
        "model": model,
        "input": f"PLAY={play}",
        "store": False,
        "include": [ENCRYPTED],
        "reasoning": {"effort": "high", "summary": "auto"},
        **more,
    }
    if not stream:
        response: Response = client.responses.create(**request)
        return response
    with client.responses.stream(**request) as events:
        return events.get_final_response()


def response_calls(response: Response) -> list[tuple[str, dict[str, Any]]]:
    """The function calls in the output."""
    return [
        (item.name, json.loads(item.arguments))
        for item in response.output
        if item.type == "function_call"
    ]


@WHOLE_OR_STREAM
@pytest.mark.parametrize("play", READ)
def test_the_openai_sdk_reads_a_response(
    responses: openai.OpenAI, upstream: Upstream, *, stream: bool, play: str
) -> None:
    """The text and the calls are the step's, and the judge has nothing to say against the request."""
    response = respond(responses, play, stream=stream)
    assert (response.output_text, response_calls(response)) == (spoken(play), called(play))
    assert response.status == "completed"
    assert response.usage is not None
    assert upstream.requests[-1].faults == []


@pytest.mark.parametrize("fault", ["interleave", "args-in-done", "args-in-item", "bytes=5"])
def test_the_openai_sdk_reads_sloppy_streams(responses: openai.OpenAI, fault: str) -> None:
    """What the SDK folds from an odd order of events is still the step."""
    response = respond(responses, "weather", stream=True, model=f"stub+{fault}")
    assert (response.output_text, response_calls(response)) == ("I ask twice.", called("weather"))


@WHOLE_OR_STREAM
def test_reasoning_is_handed_out_once(
    responses: openai.OpenAI, upstream: Upstream, *, stream: bool
) -> None:
    """A reasoning item carries a summary and encrypted content, which the server remembers."""
    response = respond(responses, "weather", stream=stream)
    (item,) = (item for item in response.output if item.type == "reasoning")
    assert [part.text for part in item.summary] == [REASONS]
    issued = upstream.issued.reasoning[item.id]
    calls = tuple(one.call_id for one in response.output if one.type == "function_call")
    assert (issued.encrypted, issued.call_ids) == (item.encrypted_content, calls)


@WHOLE_OR_STREAM
def test_a_response_cites_what_it_found(responses: openai.OpenAI, *, stream: bool) -> None:
    """With the tool in the request, a search comes first and the text cites every page."""
    response = respond(responses, "search", stream=stream, tools=[{"type": "web_search"}])
    assert [item.type for item in response.output] == ["web_search_call", "message"]
    message = response.output[1]
    assert message.type == "message"
    assert message.content[0].type == "output_text"
    cited = [
        (note.url, note.title)
        for note in message.content[0].annotations
        if note.type == "url_citation"
    ]
    assert cited == [(source.url, source.title) for source in SOURCES]
    assert respond(responses, "search", stream=stream).output_text == FOUND


def test_an_early_error_is_an_error_in_a_stream_that_began_well(responses: openai.OpenAI) -> None:
    """The status is 200, and the second event is the error."""
    with pytest.raises(openai.APIError):
        respond(responses, "text", stream=True, model="stub+early-error")


# -- Gemini ------------------------------------------------------------------------------------------


@pytest.fixture
def gemini(upstream: Upstream) -> Iterator[genai.Client]:
    """Google's client, straight at the upstream."""
    with genai.Client(api_key="x", http_options=types.HttpOptions(base_url=upstream.url)) as client:
        yield client


def generate(
    client: genai.Client, play: str, *, stream: bool, tool: types.Tool | None = None
) -> tuple[list[types.Part], types.Candidate]:
    """All parts of an answer with its thoughts, and its last candidate."""
    config = types.GenerateContentConfig(
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        tools=[tool] if tool is not None else None,
    )
    asked: dict[str, Any] = {"model": "stub", "contents": f"PLAY={play}", "config": config}
    answers = (
        client.models.generate_content_stream(**asked)
        if stream
        else [client.models.generate_content(**asked)]
    )
    candidates = [candidate for answer in answers for candidate in answer.candidates or []]
    parts = [
        part
        for candidate in candidates
        for part in (candidate.content.parts if candidate.content else None) or []
    ]
    return parts, candidates[-1]


@WHOLE_OR_STREAM
@pytest.mark.parametrize("play", READ)
def test_the_google_sdk_reads_an_answer(gemini: genai.Client, *, stream: bool, play: str) -> None:
    """The text, the calls and the thoughts are the step's; the first call or the text is signed."""
    parts, last = generate(gemini, play, stream=stream)
    text = "".join(part.text or "" for part in parts if not part.thought)
    calls = [part for part in parts if part.function_call]
    assert text == spoken(play)
    assert [
        (part.function_call.name, part.function_call.args) for part in calls if part.function_call
    ] == (called(play))
    signed = [part for part in parts if part.thought_signature]
    assert signed == (calls[:1] or parts[-1:])
    assert last.finish_reason == types.FinishReason.STOP


@WHOLE_OR_STREAM
def test_the_google_sdk_reads_thoughts(gemini: genai.Client, *, stream: bool) -> None:
    """Thoughts are text parts of their own kind."""
    parts, _ = generate(gemini, "thinking", stream=stream)
    assert "".join(part.text or "" for part in parts if part.thought) == REASONS


@WHOLE_OR_STREAM
def test_an_answer_is_grounded_in_what_was_found(gemini: genai.Client, *, stream: bool) -> None:
    """With the tool in the request, the answer names its queries and its pages."""
    tool = types.Tool(google_search=types.GoogleSearch())
    _, last = generate(gemini, "search", stream=stream, tool=tool)
    assert last.grounding_metadata is not None
    assert last.grounding_metadata.web_search_queries == ["tide tables"]
    chunks = last.grounding_metadata.grounding_chunks or []
    found = [(chunk.web.uri, chunk.web.title) for chunk in chunks if chunk.web]
    assert found == [(source.url, source.title) for source in SOURCES]


def test_google_sdk_requests_are_sound(gemini: genai.Client, upstream: Upstream, word: str) -> None:
    """The judge has nothing to say against a conversation with calls that Google's own SDK sends."""
    tool = types.Tool(
        function_declarations=[types.FunctionDeclaration(name="get_weather", description="x")]
    )
    config = types.GenerateContentConfig(tools=[tool], system_instruction="Be brief.")
    asked = types.Content(role="user", parts=[types.Part(text=f"PLAY=weather {word}")])
    answer = gemini.models.generate_content(model="stub", contents=[asked], config=config)
    assert answer.candidates is not None
    said = answer.candidates[0].content
    assert said is not None
    results = types.Content(
        role="user",
        parts=[
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"output": "sun"}
                )
            )
            for call in answer.function_calls or []
        ],
    )
    contents = [asked, said, results]
    answer = gemini.models.generate_content(model="stub", contents=contents, config=config)
    assert answer.text == "DONE weather"
    assert [received.faults for received in upstream.about(word)] == [[], []]


# -- Ollama ------------------------------------------------------------------------------------------


def chat(upstream: Upstream, play: str, *, stream: bool, model: str = "stub") -> dict[str, Any]:
    """The answer of `/api/chat`, its lines folded into one message."""
    body = {
        "model": model,
        "stream": stream,
        "messages": [{"role": "user", "content": f"PLAY={play}"}],
    }
    response = httpx.post(f"{upstream.url}/ollama/api/chat", json=body, trust_env=False)
    response.raise_for_status()
    folded: dict[str, Any] = {"content": "", "thinking": "", "tool_calls": []}
    for line in response.text.splitlines():
        told = json.loads(line)
        for key in folded:
            folded[key] += told["message"].get(key, type(folded[key])())
    assert told["done"] is True
    assert told["eval_count"] > 0
    return folded


@WHOLE_OR_STREAM
@pytest.mark.parametrize("play", READ)
def test_lines_of_json_fold_to_the_step(upstream: Upstream, *, stream: bool, play: str) -> None:
    """The text and the calls are the step's; arguments are objects."""
    message = chat(upstream, play, stream=stream)
    calls = [
        (call["function"]["name"], call["function"]["arguments"]) for call in message["tool_calls"]
    ]
    assert (message["content"], calls) == (spoken(play), called(play))
    assert message["thinking"] == (REASONS if play in ("thinking", "words", "weather") else "")


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1/nothing"])
def test_ollamas_messages_endpoint_cannot_count(upstream: Upstream, path: str) -> None:
    """Ollama has no route to count tokens."""
    url = f"{upstream.url}/ollama{path}"
    assert httpx.post(url, json={}, trust_env=False).status_code == 404


@WHOLE_OR_STREAM
def test_ollamas_messages_are_unsigned(upstream: Upstream, *, stream: bool) -> None:
    """Thinking comes without a signature, and a stream without a ping."""
    body = {
        "model": "stub",
        "stream": stream,
        "max_tokens": 100,
        "thinking": {"type": "enabled", "budget_tokens": 50},
        "messages": [{"role": "user", "content": "PLAY=thinking"}],
    }
    text = httpx.post(f"{upstream.url}/ollama/v1/messages", json=body, trust_env=False).text
    assert '"thinking"' in text
    assert "signature" not in text
    assert "ping" not in text


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (
            {"type": "image", "source": {"type": "url", "url": "https://pictures.example/a.png"}},
            ONLY_BASE64,
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "x"},
            },
            "document",
        ),
    ],
)
def test_ollamas_messages_endpoint_refuses(
    upstream: Upstream, block: dict[str, Any], words: str
) -> None:
    """Documents and images by address are refused."""
    body = {"model": "stub", "messages": [{"role": "user", "content": [block]}]}
    response = httpx.post(f"{upstream.url}/ollama/v1/messages", json=body, trust_env=False)
    assert response.status_code == 400
    assert words in response.json()["error"]["message"]
