"""A client's request: its fields stay the bytes they came in until somebody asks for one. No IO."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from msgspec import Struct

from gateway import json_text
from gateway.errors import InvalidRequest, OverBound
from gateway.json_text import NotJSON, Raw
from gateway.messages.frames import DECODED, Frame
from gateway.messages.memory import Memory, Passage, small
from gateway.messages.recognition import recognised
from gateway.messages.shapes import check_content, check_messages, check_object, check_tools

T = TypeVar("T")

REMEMBERED = frozenset({"system", "tools"})
"""Fields that are the same turn by turn, so that their values are kept."""
COLD = 256 * 1024
"""Bytes that are new in a body above which its conversation is decoded as a whole."""
LONGEST_MODEL = 512
"""Characters of a model's name; it comes back in headers and logs."""

Messages = list[dict[str, Any]]

NO_NAMES: Mapping[str, str] = MappingProxyType({})
UNKNOWN = (None, None)


class MessagesRequest(Struct, eq=False):
    """An immutable request body.

    `get` decodes one field and remembers the value; callers treat it as read-only and make a new
    request with `replace`. Fields that nobody looked at are never decoded, and are sent on as they
    came. Unknown fields are kept: the protocol grows faster than any list of it.
    """

    raw: bytes | None
    """The body as it came; None once something was replaced."""
    _order: tuple[str, ...]
    _fields: Mapping[str, Raw]
    _values: dict[str, Any]
    model: str
    """The model that the client asked for."""
    stream: bool
    """The client wants an event stream."""
    tool_names: Mapping[str, str] = NO_NAMES
    """Names of tools as they stand here -> as the client knows them, where the two differ."""
    fresh: int = 0
    """Bytes of the body that had to be read."""
    _memory: Memory | None = None
    _passages: Sequence[Passage] | None = None
    _frame: Frame | None = None
    """What stands around the conversation, if both are known."""
    _known: dict[str, tuple[Raw, Passage]] = {}
    """Fields of which something is remembered, each as it was then; kept with the frame."""
    _starts: list[int] = []
    """The number of the first message of each passage, and of all messages."""
    _messages: Messages | None = None
    _tools: list[dict[str, Any]] | None = None
    """As `messages` and `tools` give them, once somebody has looked at their shape."""

    __repr__ = object.__repr__
    """What stands in it is nobody's business."""

    @classmethod
    def made(
        cls,
        raw: bytes | None,
        order: tuple[str, ...],
        fields: Mapping[str, Raw],
        values: dict[str, Any],
        tool_names: Mapping[str, str] = NO_NAMES,
    ) -> MessagesRequest:
        """A request of fields, of which model and stream are among those that are decoded."""
        model: Any = values.get("model")
        stream = bool(values.get("stream"))
        return cls(raw, order, fields, values, model, stream, tool_names, len(raw or b""))

    @classmethod
    def parse(cls, raw: bytes, memory: Memory | None = None) -> MessagesRequest:
        """Reads a body. Lenient: what it does not need to understand it does not check.

        With a memory, what is known of the conversation is not read again.
        """
        try:
            known = recognised(raw, memory) if memory is not None else None
            fields = known.fields if known is not None else json_text.decode_fields(raw)
        except NotJSON as error:
            raise InvalidRequest(f"The request body is not a JSON object: {error}") from None
        if known is None:
            values = _needed(fields)
            model, stream = values["model"], values.get("stream", False)
            return cls(raw, tuple(fields), fields, values, model, stream, fresh=len(raw))
        frame = known.frame
        if not frame.values:
            frame.values.update(_needed(fields))
        values = frame.values.copy()
        model, stream = values["model"], values.get("stream", False)
        request = cls(raw, tuple(fields), fields, values, model, stream, fresh=known.fresh)
        request._memory, request._passages = memory, known.path
        request._frame, request._known = frame, frame.passages
        return request

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation. Raises `InvalidRequest` when its shape is not that of messages."""
        if (messages := self._messages) is None:
            messages = self.list_field("messages")
            check_messages(messages)
            self._messages = messages
        return messages

    @property
    def passages(self) -> int:
        """In how many passages the conversation is known; 0 when it is one whole."""
        return len(self._passages) if self._passages is not None else 0

    def each(
        self,
        what: Hashable,
        make: Callable[[Messages], T],
        size: Callable[[T], int] = small,
    ) -> list[T]:
        """What is made of each passage, or of the whole conversation where no passages are known.

        It is remembered under `what`, which names all that it depends on besides the messages;
        `size` tells its bytes. Raises `InvalidRequest` as `messages` does.
        """
        if self._memory is None or self._passages is None:
            return [make(self.messages)]

        def made(at: int) -> T:
            if self.fresh > COLD:
                _ = self.messages  # nearly all is new: decoded once, for everybody who asks
            return make(self.messages_from(at, at + 1))

        return self._memory.recall(self._passages, what, made, size)

    def mentions(self, *words: bytes) -> bool:
        """One of the words stands in the messages, as they came in JSON."""
        if self._memory is None or (passages := self._passages) is None:
            raw = self.raw_field("messages") or b""
            return any(word in raw for word in words)
        found = self._memory.recall(
            passages, words, lambda at: any(word in passages[at].raw for word in words)
        )
        return any(found)

    @property
    def passage_texts(self) -> list[bytes]:
        """The messages of each passage as they came, or of the whole conversation: JSON, no brackets."""
        if self._passages is not None:
            return list(map(_raw, self._passages))
        return [(self.raw_field("messages") or b"[]")[1:-1]]

    def each_text(
        self, what: Hashable, make: Callable[[bytes], T], size: Callable[[T], int] = small
    ) -> list[T]:
        """As `each`, of the messages as JSON: an array of those of a passage, as they came."""
        if self._memory is None or (passages := self._passages) is None:
            return [make(self.raw_field("messages") or b"[]")]
        return self._memory.recall(
            passages, what, lambda at: make(b"[%b]" % passages[at].raw), size
        )

    @property
    def last_messages(self) -> Messages:
        """The last messages: more than what the client added, mostly less than all."""
        return self.messages_from(max(self.passages - 1, 0))

    def messages_from(self, first: int, behind: int | None = None) -> Messages:
        """The messages from one passage on, up to another one."""
        if self._passages is None:
            return self.messages
        passages = self._passages[first:behind]
        if not self._starts:
            self._starts = [0, *accumulate(map(_count, self._passages))]
        start = self._starts[first]
        if "messages" in self._values:
            return self.messages[start : self._starts[first + len(passages)]]
        messages: Messages = []
        for passage in passages:
            try:
                messages += passage.messages()
            except NotJSON as error:
                raise InvalidRequest(f"messages: not JSON: {error}") from None
        check_messages(messages, start)
        return messages

    @property
    def system(self) -> str | list[dict[str, Any]]:
        """The system prompt: text or text blocks; empty when there is none."""
        system = self.get("system")
        if system is not None and not isinstance(system, str):
            check_content(system, "system")
        return system or ""

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools on offer; none when the field is missing."""
        if (tools := self._tools) is None:
            tools = self.list_field("tools")
            if tools:
                check_tools(tools)
            self._tools = tools
        return tools

    def object_field(self, name: str) -> dict[str, Any]:
        """The value of a field that is an object; empty when it is missing or null."""
        if name not in self._order:  # as most are that are asked for
            return {}
        value = self.get(name)
        if value is None:
            return {}
        check_object(value, name)
        return dict(value)

    def list_field(self, name: str) -> list[Any]:
        """The value of a field that is an array; empty when it is missing or null."""
        if name not in self._order:
            return []
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise InvalidRequest(f"{name}: expected an array, got {json_text.kind_of(value)}")
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._order

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field."""
        if name not in self._order:  # as most are that are asked for
            return default
        if name in self._values:
            return self._values[name]
        raw = self._fields[name]
        if name in REMEMBERED:
            value = self.of(
                name, "value", lambda: _decoded(name, raw), lambda _: DECODED * len(raw)
            )
        else:
            value = _decoded(name, raw)
        self._values[name] = value
        if (frame := self._frame) is not None and frame.fields.get(name) is raw:
            frame.values[name] = value
        return value

    def of(
        self,
        name: str,
        what: Hashable,
        make: Callable[[], T],
        size: Callable[[T], int] = small,
    ) -> T:
        """What is made of a field: remembered under `what` with its bytes, if it is as it came.

        `what` names all that it depends on besides the field.
        """
        memory = self._memory
        if memory is None or name not in self._fields:
            return make()
        raw = self._fields[name]
        came, field = self._known.get(name, UNKNOWN)
        if field is None or came is not raw or field.parent is None:  # changed, or forgotten
            field = memory.field(bytes(raw))
            self._known[name] = raw, field
        return memory.recall_one(field, what, make, size)

    def raw_field(self, name: str) -> bytes | None:
        """A field as JSON text, without decoding one that was not replaced."""
        if (raw := self._fields.get(name)) is not None:
            return bytes(raw)
        return json_text.encode(self._values[name]) if name in self._values else None

    def replace(self, **changes: Any) -> MessagesRequest:
        """A request with other values in these fields; all other fields keep their bytes."""
        fields, order = dict(self._fields), self._order
        for name in changes:
            if name not in order:
                order = (*order, name)
            fields.pop(name, None)
        values = {**self._values, **changes}
        return self._changed(MessagesRequest.made(None, order, fields, values, self.tool_names))

    def with_field(self, name: str, value: Any, raw: Raw) -> MessagesRequest:
        """As `replace`, for a field that there is and whose JSON is known: what is made of it can be
        remembered then."""
        fields, values = {**self._fields, name: raw}, {**self._values, name: value}
        return self._changed(
            MessagesRequest.made(None, self._order, fields, values, self.tool_names)
        )

    def without(self, *names: str) -> MessagesRequest:
        """A request that lacks these fields."""
        order = tuple(name for name in self._order if name not in names)
        fields = {name: raw for name, raw in self._fields.items() if name not in names}
        values = {name: value for name, value in self._values.items() if name not in names}
        return self._changed(MessagesRequest.made(None, order, fields, values, self.tool_names))

    def _changed(self, request: MessagesRequest) -> MessagesRequest:
        """The request that this one became; its conversation is known if it is still the same."""
        request._memory, request._frame = self._memory, self._frame
        request._known = self._known.copy()
        if "messages" in request._fields:
            request._passages = self._passages
        return request

    def renaming(self, names: Mapping[str, str]) -> MessagesRequest:
        """The same request, of which tools have new names: new -> old. What is written is not touched."""
        known = {new: self.tool_names.get(old, old) for new, old in names.items()}
        tool_names = {**self.tool_names, **known}
        request = MessagesRequest.made(
            self.raw, self._order, self._fields, self._values, tool_names
        )
        return self._changed(request)

    def encode(self) -> bytes:
        """The body to send: the very bytes that came, if nothing was replaced."""
        return self.raw if self.raw is not None else self._encoded()

    def encode_without_messages(self) -> bytes:
        """The body with a conversation in which nothing is said."""
        empty = {"messages": Raw(b"[]")} if "messages" in self else {}
        return self.replace(**empty)._encoded()

    def _encoded(self) -> bytes:
        pieces: list[Any] = []
        for name in self._order:
            raw = self._fields.get(name)
            value = raw if raw is not None else json_text.encode(self._values[name])
            pieces += (b",", json_text.encode(name), b":", value)
        return b"".join((b"{", *pieces[1:], b"}"))


_count, _raw = attrgetter("count"), attrgetter("raw")


def _needed(fields: Mapping[str, Raw]) -> dict[str, Any]:
    """The values without which there is no request. Raises `InvalidRequest` where they are not right."""
    found = fields.get("model")
    model = _decoded("model", found) if found is not None else None
    if not isinstance(model, str) or not model:
        raise InvalidRequest("model: Field required (a string, such as claude-sonnet-5-5)")
    if len(model) > LONGEST_MODEL:
        raise OverBound(
            f"model: at most {LONGEST_MODEL} characters, got {len(model)}", bound="model"
        )
    values: dict[str, Any] = {"model": model}
    if (found := fields.get("stream")) is not None:
        values["stream"] = stream = _decoded("stream", found)
        if not isinstance(stream, bool):
            raise InvalidRequest("stream: Input should be true or false")
    if "messages" not in fields:
        raise InvalidRequest("messages: Field required")
    return values


def _decoded(name: str, raw: Raw) -> Any:
    try:
        return json_text.decode(bytes(raw))
    except NotJSON as error:
        raise InvalidRequest(f"{name}: not JSON: {error}") from None
