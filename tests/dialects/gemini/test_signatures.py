"""Laws of thought signatures: each comes back on its very part, and nobody else's is ever sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from dialects.gemini.gemini_answers import GEMINI, MARK, chunks_of, parts
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, check_order, destination, events_of, play, request, sse
from strategies import json_values

from gateway.dialects.gemini.signatures import SENTINEL, Signature, signature_of, signed
from gateway.messages import accumulate
from gateway.reasoning import Vault

ELSEWHERE = Vault(b"the tests' own secret").seal_for("provider:another model")


def answered(given: Sequence[JSON]) -> JSON:
    """The message that an answer of these parts comes to."""
    played = play(GEMINI, [sse(*chunks_of(given))])
    events = events_of(played.out)
    assert check_order(events) == "message_stop"
    return accumulate(events)


def history_of(message: JSON) -> list[JSON]:
    """The conversation in which the message is followed by the results of its calls."""
    ids = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
    results: list[JSON] = [
        {"type": "tool_result", "tool_use_id": id, "content": "done"} for id in ids
    ]
    return [
        {"role": "user", "content": "Go on."},
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": [*results, {"type": "text", "text": "And now?"}]},
    ]


def sent_back(message: JSON, model: str, seal: Any = SEAL) -> list[JSON]:
    """The parts that the model's turn has in the next request, ids left out."""
    asked = request(messages=history_of(message))
    outgoing = GEMINI.outgoing(asked, destination(model, seal=seal))
    contents = json.loads(outgoing.body)["contents"]
    turns = [content["parts"] for content in contents if content["role"] == "model"]
    return [
        {**part, "functionCall": {k: v for k, v in part["functionCall"].items() if k != "id"}}
        if "functionCall" in part
        else part
        for part in (turns[0] if turns else [])
    ]


def test_the_answer_is_the_last_block() -> None:
    """The signature that ends most answers is not told: clients take the last block for the answer."""
    message = answered([{"text": "Yes."}, {"text": "", "thoughtSignature": "s"}])
    assert message["content"] == [{"type": "text", "text": "Yes."}]


class Kept:
    """What has to come back of the parts of an answer, read once from the documentation.

    Neighbours without a signature are one text to the client. Thinking comes back if it is signed, or
    leads straight to a signed call: nobody wants the rest.
    """

    def __init__(self) -> None:
        self.parts: list[JSON] = []
        self._thinking = ""
        self._grows = False

    def add(self, part: JSON) -> None:
        """The next part."""
        is_signed = "thoughtSignature" in part
        if part.get("thought"):
            if is_signed:
                self._think()
                self.parts.append(part)
            else:
                self._thinking += part["text"]
            self._grows = False
            return
        if "functionCall" in part and is_signed:
            self._think()
        if self._thinking:
            self._thinking, self._grows = "", False
        if "text" in part and not is_signed:
            if self._grows:
                self.parts[-1]["text"] += part["text"]
            else:
                self.parts.append(dict(part))
            self._grows = True
        else:
            self.parts.append(dict(part))
            self._grows = False

    def _think(self) -> None:
        if self._thinking:
            self.parts.append({"text": self._thinking, "thought": True})
        self._thinking = ""


def kept(given: Sequence[JSON]) -> list[JSON]:
    """See `Kept`. A signature at the very end is lost, if no thought or call carries it."""
    parts = list(given)
    while parts and parts[-1].get("text") == "":
        parts.pop()
    if parts and "text" in parts[-1] and not parts[-1].get("thought"):
        parts[-1] = {"text": parts[-1]["text"]}
    reader = Kept()
    for part in parts:
        reader.add(part)
    return reader.parts


@given(parts)
def test_every_signature_comes_back_on_its_part(given_parts: list[JSON]) -> None:
    """Texts, thoughts and calls are the parts that they were, each with the signature it had."""
    assert sent_back(answered(given_parts), "gemini-2.5-flash") == kept(given_parts)


@given(parts)
def test_every_step_of_a_new_model_is_signed(given_parts: list[JSON]) -> None:
    """The first call has its own signature or the sentinel; no other part has the sentinel."""
    expected = kept(given_parts)
    first = next((part for part in expected if "functionCall" in part), {})
    if first:
        first.setdefault("thoughtSignature", SENTINEL)
    assert sent_back(answered(given_parts), "gemini-3-flash") == expected


@given(parts, st.sampled_from(["gemini-2.5-flash", "gemini-3-flash"]))
def test_no_signature_reaches_another_model(given_parts: list[JSON], model: str) -> None:
    """What another target sealed is not sent, nor is the thinking beside it."""
    back = sent_back(answered(given_parts), model, ELSEWHERE)
    assert {part.get("thoughtSignature") for part in back} <= {None, SENTINEL}
    assert not any(part.get("thought") for part in back)


@given(parts)
def test_no_signature_is_shown_to_the_client(given_parts: list[JSON]) -> None:
    """The client carries them sealed."""
    assert MARK not in json.dumps(answered(given_parts))


@given(st.one_of(json_values(), st.dictionaries(st.sampled_from(["signature", "on"]), st.text())))
def test_odd_state_is_no_signature(state: Any) -> None:
    """State of another shape, such as that of another version, is none."""
    assert signature_of(state) is None or state["on"] in ("thought", "text", "call")


@given(st.text(max_size=9), st.integers(0, 12), st.sampled_from(["thought", "text"]))
def test_a_signed_text_is_the_text(text: str, size: int, on: Any) -> None:
    """It is divided and not changed, and only its end is signed."""
    *before, last = signed(text, Signature("s", on, size))
    assert "".join(part["text"] for part in [*before, last]) == text
    assert last["thoughtSignature"] == "s"
    assert len(last["text"]) == min(size, len(text))
    assert all(part["text"] and part.keys() == {"text"} for part in before)


def test_state_survives_its_seal() -> None:
    """What is sealed is what is read."""
    signature = Signature("s", "text", 3)
    assert signature_of(SEAL.open(SEAL.close(signature.state))) == signature


@pytest.mark.parametrize(
    ("model", "signature"),
    [("gemini-3-pro", SENTINEL), ("models/gemini-2.5-pro", None), ("gemini-pro-latest", SENTINEL)],
)
def test_calls_of_another_model(model: str, signature: str | None) -> None:
    """In a step of two foreign calls the first one gets the sentinel, where the model wants it."""
    content = [{"type": "tool_use", "id": f"t{n}", "name": "f", "input": {}} for n in range(2)]
    first, second = sent_back({"content": content}, model)
    assert first.get("thoughtSignature") == signature
    assert "thoughtSignature" not in second
