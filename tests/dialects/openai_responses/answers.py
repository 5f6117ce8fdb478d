"""Answers of the Responses format in both writings, the stream with whatever servers leave out of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from language import JSON, sse
from strategies import json_objects, pieces_of, said, torn, words

USAGE: JSON = {
    "input_tokens": 900,
    "input_tokens_details": {"cached_tokens": 256, "cache_write_tokens": 100},
    "output_tokens": 40,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 940,
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model says: its output items, complete."""

    items: tuple[JSON, ...]
    status: str = "completed"
    reason: str | None = None
    usage: JSON | None = None

    @property
    def response(self) -> JSON:
        """The `response` object."""
        details = {"reason": self.reason} if self.reason else None
        return {
            "id": "resp_1",
            "object": "response",
            "status": self.status,
            "incomplete_details": details,
            "error": None,
            "output": list(self.items),
            "usage": self.usage,
        }

    @property
    def whole(self) -> bytes:
        """The bytes of the whole answer."""
        return json.dumps(self.response).encode()

    @property
    def call_ids(self) -> set[str]:
        """The ids of its tool calls."""
        return {item["call_id"] for item in self.items if item["type"] == "function_call"}

    def joined(self, kind: str) -> str:
        """All that is said in items of a type."""
        return "".join(
            text for item in self.items if item["type"] == kind for text in said_in(item)
        )


def said_in(item: JSON) -> list[str]:
    """The texts of the parts of an item."""
    if item["type"] == "function_call":
        return [item["arguments"]]
    parts = item.get("summary") or item.get("content") or []
    return [str(part.get("text", part.get("refusal"))) for part in parts]


# -- items -------------------------------------------------------------------------------------------

nonempty = torn.filter(bool)


def _text(text: str) -> JSON:
    return {"type": "output_text", "text": text, "annotations": []}


def message(*texts: str, id: str = "msg_0") -> JSON:
    """A message of these texts."""
    content = [_text(text) for text in texts]
    return {
        "type": "message",
        "id": id,
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def reasoning(*summary: str, encrypted: str | None = "gAAA", id: str = "rs_0") -> JSON:
    """Reasoning with this summary."""
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return {"type": "reasoning", "id": id, "summary": parts, "encrypted_content": encrypted}


def function_call(name: str, arguments: str, call_id: str = "call_0", id: str = "fc_0") -> JSON:
    """A call of a function."""
    return {
        "type": "function_call",
        "id": id,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
        "status": "completed",
    }


@st.composite
def _item(draw: st.DrawFn, kind: str, number: int) -> JSON:
    if kind == "function_call":
        arguments = json.dumps(draw(json_objects(torn)), ensure_ascii=draw(st.booleans()))
        return function_call(draw(words), arguments, f"call_{number}", f"fc_{number}")
    if kind == "message":
        texts = draw(st.lists(st.one_of(said, torn.filter(str.strip)), min_size=1, max_size=2))
        found = message(*texts, id=f"msg_{number}")
        if draw(st.integers(0, 4)) == 0:
            found["content"].append({"type": "refusal", "refusal": "I will not."})
        return found
    texts = draw(st.lists(nonempty, max_size=2))
    encrypted = f"gAAA{number}" if draw(st.booleans()) else None
    if draw(st.booleans()):
        return reasoning(*texts, encrypted=encrypted, id=f"rs_{number}")
    content = [{"type": "reasoning_text", "text": text} for text in texts]
    return {**reasoning(encrypted=encrypted, id=f"rs_{number}"), "content": content}


@st.composite
def answers(draw: st.DrawFn, *, kinds: Sequence[str] | None = None) -> Answered:
    """What a model may say; `kinds` are the types of its items, in order."""
    if kinds is None:
        any_kind = st.sampled_from(["reasoning", "message", "function_call"])
        kinds = draw(st.lists(any_kind, max_size=4))
    status, reason = draw(
        st.sampled_from(
            [
                ("completed", None),
                ("completed", None),
                ("incomplete", "max_output_tokens"),
                ("incomplete", "content_filter"),
                ("incomplete", "steered"),
            ]
        )
    )
    items = [draw(_item(kind, number)) for number, kind in enumerate(kinds)]
    return Answered(tuple(items), status, reason, draw(st.sampled_from([None, USAGE])))


any_answers = answers()


# -- streams -----------------------------------------------------------------------------------------

NAMES = {
    "output_text": ("output_text", "text", "content_index"),
    "refusal": ("refusal", "refusal", "content_index"),
    "summary_text": ("reasoning_summary_text", "text", "summary_index"),
    "reasoning_text": ("reasoning_text", "text", "content_index"),
}
"""Part types -> how events name them, the field with the text, the field with the number."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a server writes its streams."""

    accounts: frozenset[str]
    """What it sends of each item: `added`, `delta`, `part`, `item`, and `final` in the last event."""
    ids: str
    """`stable`, `rotating` (another one in each event), or `none`."""
    indexed: bool
    """Events name their place in the output."""
    numbers: str
    """`sequence_number`: `counted`, `gaps`, `zero` or `none`."""
    doubled: bool
    """Some events come twice, where their numbers tell."""
    named: bool
    """Events have an `event:` line."""
    newline: bytes


@st.composite
def manners(draw: st.DrawFn) -> Manner:
    """Every omission leaves one account that is complete."""
    sent = draw(st.sets(st.sampled_from(["added", "delta", "part", "item", "final"])))
    if not sent & {"item", "final"}:
        sent.add(draw(st.sampled_from(["item", "final"])))
    indexed = draw(st.booleans())
    ids = draw(st.sampled_from(["stable", "rotating", "none"] if indexed else ["stable"]))
    numbers = draw(st.sampled_from(["counted", "gaps", "zero", "none"]))
    return Manner(
        accounts=frozenset(sent),
        ids=ids,
        indexed=indexed,
        numbers=numbers,
        doubled=numbers in ("counted", "gaps") and draw(st.booleans()),
        named=draw(st.booleans()),
        newline=draw(st.sampled_from([b"\n", b"\r\n", b"\r"])),
    )


@dataclass(frozen=True, slots=True)
class Streamed:
    """The bytes of a stream, and where its last event stands."""

    answer: Answered
    manner: Manner
    before_end: bytes
    end: bytes

    @property
    def bytes(self) -> bytes:
        """The whole stream."""
        return self.before_end + self.end


def _stub(item: JSON) -> JSON:
    """An item as it is announced: without what it will hold, and with state that is not final."""
    empty: JSON = {**item, "status": "in_progress"}
    for name, nothing in (("content", []), ("summary", []), ("arguments", "")):
        if name in item:
            empty[name] = nothing
    if item.get("encrypted_content"):
        empty["encrypted_content"] = "unfinished"
    return empty


@st.composite
def _grown(draw: st.DrawFn, name: str, text: str, place: JSON, field: str) -> list[JSON]:
    pieces = draw(pieces_of(text))
    return [
        *({"type": f"response.{name}.delta", **place, "delta": piece} for piece in pieces),
        {"type": f"response.{name}.done", **place, field: text},
    ]


@st.composite
def _told(draw: st.DrawFn, item: JSON, accounts: frozenset[str]) -> list[JSON]:
    """The events of one item, without their places."""
    events: list[JSON] = [{"type": "response.output_item.added", "item": _stub(item)}]
    if item["type"] == "function_call":
        grown = draw(_grown("function_call_arguments", item["arguments"], {}, "arguments"))
        events += _kept(grown, accounts)
    for number, part in enumerate(item.get("summary") or item.get("content") or []):
        name, field, index = NAMES[part["type"]]
        place = {index: number}
        events += _kept(draw(_grown(name, part[field], place, field)), accounts)
        kind = "reasoning_summary_part" if part["type"] == "summary_text" else "content_part"
        if "part" in accounts and draw(st.booleans()):
            events.append({"type": f"response.{kind}.done", **place, "part": part})
    events.append({"type": "response.output_item.done", "item": item})
    if "added" not in accounts:
        events.pop(0)
    if "item" not in accounts:
        events.pop()
    return events


def _kept(events: list[JSON], accounts: frozenset[str]) -> list[JSON]:
    deltas = events[:-1] if "delta" in accounts else []
    return deltas + (events[-1:] if "part" in accounts else [])


def _placed(event: JSON, number: int, item: JSON, manner: Manner, serial: int) -> JSON:
    """The event with its place in the answer."""
    placed = {**event, "output_index": number} if manner.indexed else dict(event)
    id = {"stable": item["id"], "rotating": f"id_{serial}", "none": None}[manner.ids]
    if "item" in placed:
        placed["item"] = {name: value for name, value in placed["item"].items() if name != "id"}
        if id is not None:
            placed["item"]["id"] = id
    elif id is not None:
        placed["item_id"] = id
    return placed


@st.composite
def _order(draw: st.DrawFn, rows: list[list[JSON]], *, mixed: bool) -> list[tuple[int, JSON]]:
    """The events of all items; mixed, each item still begins after the one before it."""
    if not mixed:
        return [(number, event) for number, row in enumerate(rows) for event in row]
    order = draw(st.permutations([n for n, row in enumerate(rows) for _ in row[1:]]))
    waiting = [list(row) for row in rows]
    out = [(number, row.pop(0)) for number, row in enumerate(waiting) if row]
    return out + [(number, waiting[number].pop(0)) for number in order]


@st.composite
def streams(
    draw: st.DrawFn,
    answered: st.SearchStrategy[Answered] = any_answers,
    *,
    mixed: bool = False,
) -> Streamed:
    """An answer, written as a stream; `mixed` interleaves its items."""
    answer, manner = draw(answered), draw(manners())
    rows = [draw(_told(item, manner.accounts)) for item in answer.items]
    events: list[JSON] = [{"type": "response.created", "response": {"status": "in_progress"}}]
    for serial, (number, event) in enumerate(draw(_order(rows, mixed=mixed))):
        events.append(_placed(event, number, answer.items[number], manner, serial))
        if draw(st.integers(0, 9)) == 0:
            events.append({"type": "response.some_new_thing", "output_index": number, "x": 1})
    final = answer.response if "final" in manner.accounts else {**answer.response, "output": []}
    events.append({"type": f"response.{answer.status}", "response": final})
    lines = [_line(event, manner) for event in _numbered(draw, events, manner)]
    after = draw(st.sampled_from([b"", b"data: [DONE]\n\n", b'data: {"type":"error"}\n\n']))
    return Streamed(answer, manner, b"".join(lines[:-1]), lines[-1] + after)


def _numbered(draw: st.DrawFn, events: list[JSON], manner: Manner) -> list[JSON]:
    step = {"counted": 1, "gaps": 3, "zero": 0, "none": 0}[manner.numbers]
    if manner.numbers != "none":
        events = [{**event, "sequence_number": at * step} for at, event in enumerate(events)]
    if not manner.doubled:
        return events
    twice = [event for event in events[:-1] for _ in range(1 + draw(st.integers(0, 1)))]
    return [*twice, events[-1]]


def _line(event: JSON, manner: Manner) -> bytes:
    return sse(event, newline=manner.newline, named=manner.named)
