"""Laws of Gemini requests: what the server takes is sent, what it does not is disclosed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialects.gemini.gemini_answers import GEMINI
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, destination, request, tool
from servers.gemini_check import faults
from strategies import request_bodies

from gateway.dialects import Outgoing
from gateway.dialects.gemini.request import TRANSLATED, path_of
from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest

models = st.sampled_from(["gemini-2.5-pro", "gemini-3-flash", "tunedModels/t", "gemma-3"])
SEARCH: JSON = {"type": "web_search_20250305", "name": "web_search"}
FORMAT = {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"const": 1}}}}


def sent(model: str = "gemini-2.5-flash", quirks: JSON | None = None, **fields: Any) -> Outgoing:
    """A request of these fields, as the server gets it."""
    return GEMINI.with_quirks(quirks or {}).outgoing(request(**fields), destination(model))


def body_of(outgoing: Outgoing) -> JSON:
    """What the server reads."""
    body: JSON = json.loads(outgoing.body)
    return body


def generation(model: str = "gemini-2.5-flash", quirks: JSON | None = None, **fields: Any) -> JSON:
    """The `generationConfig` of a request of these fields."""
    found: JSON = body_of(sent(model, quirks, **fields)).get("generationConfig", {})
    return found


class TestEveryRequest:
    """Requests with any field."""

    @given(request_bodies, models, st.sampled_from(["json", "openapi"]))
    def test_servers_find_no_fault(self, body: JSON, model: str, schema: str) -> None:
        """What any request becomes is a request that a strict server takes."""
        asked = MessagesRequest.parse(json.dumps(body).encode())
        found = body_of(GEMINI.with_quirks({"schema": schema}).outgoing(asked, destination(model)))
        known = ("missing a thought_signature", "no contents")
        assert [f for f in faults(found) if not any(words in f for words in known)] == []

    @given(request_bodies)
    def test_what_is_not_sent_is_disclosed(self, body: JSON) -> None:
        """Every field that nobody translates is named, and nothing of the user's account is sent."""
        outgoing = GEMINI.outgoing(MessagesRequest.parse(json.dumps(body).encode()), destination())
        assert body.keys() - TRANSLATED <= set(outgoing.dropped)
        assert len(set(outgoing.dropped)) == len(outgoing.dropped)

    @given(request_bodies)
    def test_the_same_request_gives_the_same_bytes(self, body: JSON) -> None:
        """Nothing in it depends on the moment."""
        first, second = (
            GEMINI.outgoing(MessagesRequest.parse(json.dumps(body).encode()), destination())
            for _ in range(2)
        )
        assert first == second

    def test_metadata_is_not_sent(self) -> None:
        """Whose request it is stays here."""
        outgoing = sent(metadata={"user_id": "secret-device"})
        assert b"secret" not in outgoing.body
        assert "metadata" in outgoing.dropped


class TestPath:
    """The address of a model."""

    @pytest.mark.parametrize(
        ("model", "path"),
        [
            ("gemini-2.5-pro", "/models/gemini-2.5-pro:generateContent"),
            ("models/gemini-2.5-pro", "/models/gemini-2.5-pro:generateContent"),
            ("tunedModels/my-1", "/tunedModels/my-1:generateContent"),
            ("a/../b?key=c#d", "/models/a%2F..%2Fb%3Fkey%3Dc%23d:generateContent"),
            ("models/../files", "/models/models%2F..%2Ffiles:generateContent"),
            ("ä:1", "/models/%C3%A4%3A1:generateContent"),
        ],
    )
    def test_paths(self, model: str, path: str) -> None:
        """A name with its collection keeps it; whatever else is in a name is only a name."""
        assert path_of(model, stream=False) == path

    def test_streams(self) -> None:
        """A stream is another method, and is asked for as events."""
        assert sent("m", stream=True).path == "/models/m:streamGenerateContent?alt=sse"
        assert "stream" not in body_of(sent("m", stream=True))

    @given(st.text())
    def test_any_name(self, model: str) -> None:
        """No name reaches another place."""
        path = path_of(model.encode("utf-8", "replace").decode(), stream=False)
        assert path.count("/") == 2
        assert not set("?#% \n").intersection(path.replace("%", "", path.count("%")))


class TestGeneration:
    """The `generationConfig`."""

    def test_sampling(self) -> None:
        """Each in the server's own words."""
        asked: JSON = {"temperature": 0.5, "top_p": 0.9, "top_k": 3, "max_tokens": 50}
        assert generation(**asked) == {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 3,
            "maxOutputTokens": 50,
        }

    def test_the_output_cap(self) -> None:
        """No more than the model can give."""
        outgoing = GEMINI.outgoing(request(max_tokens=99), destination(max_output=10))
        assert body_of(outgoing)["generationConfig"] == {"maxOutputTokens": 10}

    def test_stop_sequences(self) -> None:
        """As many as are taken; the gateway keeps the rest."""
        outgoing = sent(stop_sequences=list("abcdefg"))
        assert body_of(outgoing)["generationConfig"] == {"stopSequences": list("abcde")}
        assert outgoing.stops == ("f", "g")

    @pytest.mark.parametrize(
        ("model", "fields", "thinking"),
        [
            ("gemini-2.5-flash", {"thinking": {"type": "disabled"}}, {"thinkingBudget": 0}),
            ("gemini-2.5-pro", {"thinking": {"type": "disabled"}}, {"thinkingBudget": 128}),
            (
                "gemini-2.5-pro",
                {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
                {"thinkingBudget": -1, "includeThoughts": True},
            ),
            (
                "gemini-2.5-flash",
                {"thinking": {"type": "enabled", "budget_tokens": 4000}},
                {"thinkingBudget": 4000, "includeThoughts": True},
            ),
            (
                "gemini-2.5-flash",
                {"thinking": {"type": "enabled", "budget_tokens": 99999, "display": "omitted"}},
                {"thinkingBudget": 24576},
            ),
            ("gemini-3.1-pro", {"thinking": {"type": "disabled"}}, {"thinkingLevel": "LOW"}),
            ("gemini-3-flash", {"thinking": {"type": "disabled"}}, {"thinkingLevel": "MINIMAL"}),
            (
                "models/gemini-3-pro",
                {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
                {"thinkingLevel": "HIGH", "includeThoughts": True},
            ),
            (
                "gemini-flash-latest",
                {"thinking": {"type": "enabled", "budget_tokens": 3000}},
                {"thinkingLevel": "MEDIUM", "includeThoughts": True},
            ),
            ("gemini-3-pro", {"thinking": {"type": "adaptive"}}, {"includeThoughts": True}),
            ("gemini-2.5-pro", {}, None),
            ("gemma-3", {"thinking": {"type": "disabled"}}, None),
        ],
    )
    def test_thinking(self, model: str, fields: JSON, thinking: JSON | None) -> None:
        """Budgets for one family, levels for the next; nothing where nothing is wished."""
        outgoing = sent(model, **fields)
        assert body_of(outgoing).get("generationConfig", {}).get("thinkingConfig") == thinking
        assert "thinking" not in outgoing.dropped

    def test_a_model_that_does_not_think(self) -> None:
        """A wish that cannot be told is disclosed."""
        outgoing = sent("gemma-3", thinking={"type": "adaptive"})
        assert "generationConfig" not in body_of(outgoing)
        assert outgoing.dropped == ("thinking",)

    def test_the_format_of_the_answer(self) -> None:
        """JSON of the client's schema, in the words that the server knows."""
        asked: JSON = {"output_config": {"format": FORMAT}}
        assert generation(**asked) == {
            "responseMimeType": "application/json",
            "responseJsonSchema": FORMAT["schema"],
        }
        properties = {"a": {"type": "NUMBER", "description": "(one of: [1])"}}
        assert generation(quirks={"schema": "openapi"}, **asked) == {
            "responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "properties": properties},
        }

    def test_a_format_beside_functions(self) -> None:
        """Only later models can do both; for others the functions are what counts."""
        asked: JSON = {"output_config": {"format": FORMAT}, "tools": [tool("f")]}
        outgoing = sent("gemini-2.5-flash", **asked)
        assert "generationConfig" not in body_of(outgoing)
        assert outgoing.dropped == ("output_config.format",)
        assert "responseJsonSchema" in generation("gemini-3-pro", **asked)


class TestTools:
    """Functions and search."""

    def test_functions(self) -> None:
        """With their schema as it is, or in OpenAPI's words."""
        (entry,) = body_of(sent(tools=[tool("f")]))["tools"]
        schema = tool("f")["input_schema"]
        declared = {"name": "f", "description": "Does f."}
        assert entry == {"functionDeclarations": [{**declared, "parametersJsonSchema": schema}]}
        (entry,) = body_of(sent(quirks={"schema": "openapi"}, tools=[tool("f")]))["tools"]
        known = {"type": "OBJECT", "properties": {"x": {"type": "STRING"}}}
        assert entry == {"functionDeclarations": [{**declared, "parameters": known}]}

    def test_a_function_without_parameters(self) -> None:
        """It has none in OpenAPI's words, and an object of nothing otherwise."""
        bare = {"name": "f", "input_schema": {"$schema": "x"}}
        (entry,) = body_of(sent(tools=[bare]))["tools"]
        assert entry["functionDeclarations"] == [
            {"name": "f", "parametersJsonSchema": {"type": "object"}}
        ]
        (entry,) = body_of(sent(quirks={"schema": "openapi"}, tools=[bare]))["tools"]
        assert entry["functionDeclarations"] == [{"name": "f"}]

    def test_names(self) -> None:
        """A name begins with a letter and is not long; the client's own comes back."""
        outgoing = sent(tools=[tool("2nd"), tool("x" * 70), tool("plain")])
        (entry,) = body_of(outgoing)["tools"]
        second, long, plain = (declared["name"] for declared in entry["functionDeclarations"])
        assert (second[0], len(long), plain) == ("_", 64, "plain")
        assert outgoing.tool_names == {second: "2nd", long: "x" * 70}

    @pytest.mark.parametrize(
        ("choice", "config"),
        [
            ({"type": "auto"}, {"mode": "AUTO"}),
            ({"type": "any"}, {"mode": "ANY"}),
            ({"type": "none"}, {"mode": "NONE"}),
            ({"type": "tool", "name": "2nd"}, {"mode": "ANY", "allowedFunctionNames": ["_2nd_"]}),
        ],
        ids=str,
    )
    def test_choices(self, choice: JSON, config: JSON) -> None:
        """Each choice has its mode; one function is a list of one."""
        body = body_of(sent(tools=[tool("2nd")], tool_choice=choice))
        found = body["toolConfig"]["functionCallingConfig"]
        assert found["mode"] == config["mode"]
        for name in config.get("allowedFunctionNames", []):
            assert found["allowedFunctionNames"][0].startswith(name)

    def test_choices_that_say_nothing(self) -> None:
        """A tool that is not offered cannot be called for; calls cannot be kept to one."""
        choice = {"type": "tool", "name": "g", "disable_parallel_tool_use": True}
        outgoing = sent(tools=[tool("f")], tool_choice=choice)
        assert "toolConfig" not in body_of(outgoing)
        assert outgoing.dropped == ("tool_choice.disable_parallel_tool_use", "tool_choice")
        assert "toolConfig" not in body_of(sent(tool_choice={"type": "any"}))

    def test_search(self) -> None:
        """The server searches by itself; what it cannot be told is disclosed."""
        outgoing = sent(tools=[{**SEARCH, "max_uses": 8}], tool_choice={"type": "auto"})
        assert body_of(outgoing)["tools"] == [{"googleSearch": {}}]
        assert "toolConfig" not in body_of(outgoing)
        assert outgoing.dropped == ("web_search.max_uses",)

    def test_search_beside_functions(self) -> None:
        """Where one request cannot have both, the functions stay."""
        both = [tool("f"), SEARCH]
        outgoing = sent(tools=both)
        assert [set(entry) for entry in body_of(outgoing)["tools"]] == [{"functionDeclarations"}]
        assert outgoing.dropped == ("tool web_search",)
        entries = body_of(sent(quirks={"search_with_functions": True}, tools=both))["tools"]
        assert [set(entry) for entry in entries] == [{"functionDeclarations"}, {"googleSearch"}]
        with pytest.raises(InvalidRequest, match="web_search"):
            GEMINI.outgoing(request(tools=both), destination(server_tools="refuse"))

    def test_the_system_prompt(self) -> None:
        """Its texts stand beside the conversation, without the client's attribution."""
        billing = {"type": "text", "text": "x-anthropic-billing-header: a"}
        outgoing = sent(system=[billing, {"type": "text", "text": "Be brief."}])
        assert body_of(outgoing)["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
        assert outgoing.dropped == ("system attribution block",)
