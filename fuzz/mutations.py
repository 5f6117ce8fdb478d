"""Changes of JSON inside bytes: what random bits would break at once is changed where it means something."""

from __future__ import annotations

import json
from random import Random
from typing import Any

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 2**63, 2**70, "", " ", "x", "\ud83d", "\x00", "\u2028"),
    *("é", "text", "tool_use", "message_stop", "[DONE]", "END", "a" * 300, [], {}, [[]], [None]),
    *(
        [1, "2"],
        {"type": 5},
        {"type": "text"},
        {"text": None},
        {"": ""},
        [{"type": "text", "text": "x"}],
    ),
)


def json_changed(data: bytes, random: Random) -> bytes | None:
    """The bytes with a change in one of the JSON objects, of which each has a line; None without any."""
    lines = data.split(b"\n")
    held = [at for at, line in enumerate(lines) if b"{" in line]
    if not held:
        return None
    at = random.choice(held)
    start, end = lines[at].index(b"{"), lines[at].rfind(b"}") + 1
    try:
        value = json.loads(lines[at][start:end])
    except (ValueError, RecursionError):
        return None
    for _ in range(random.randint(1, 3)):
        value = changed(value, random)
    text = json.dumps(value, ensure_ascii=random.random() < 0.8).encode("utf-8", "replace")
    lines[at] = lines[at][:start] + text + lines[at][end:]
    if len(held) > 1 and random.random() < 0.2:
        other = random.choice(held)
        lines[at], lines[other] = lines[other], lines[at]
    return b"\n".join(lines)


def changed(value: Any, random: Random) -> Any:
    """The value with another one somewhere inside."""
    if not isinstance(value, dict | list) or not value or random.random() < 0.15:
        return other(value, random)
    if isinstance(value, list):
        at = random.randrange(len(value))
        kind = random.random()
        if kind < 0.1:
            return [*value[:at], *value[at + 1 :]]
        if kind < 0.2:
            return [*value[: at + 1], *value[at:]]
        return [*value[:at], changed(value[at], random), *value[at + 1 :]]
    key = random.choice(list(value))
    kind = random.random()
    if kind < 0.1:
        return {name: item for name, item in value.items() if name != key}
    if kind < 0.15:
        return {**value, random.choice(list(value)): value[key]}
    return {**value, key: changed(value[key], random)}


def other(value: Any, random: Random) -> Any:
    """Something in the place of a value."""
    kind = random.random()
    if kind < 0.05:
        for _ in range(random.choice((1, 3, 60, 300))):
            value = [value] if kind < 0.025 else {"content": value, "type": "tool_result"}
        return value
    if kind < 0.2 and isinstance(value, str):
        at = random.randint(0, len(value))
        return value[:at] + str(random.choice(JUNK)) + value[at:]
    if kind < 0.3 and isinstance(value, int | float):
        return random.choice((-value, value + 1, str(value), 1.0 * (value % 2**53)))
    return random.choice(JUNK)
