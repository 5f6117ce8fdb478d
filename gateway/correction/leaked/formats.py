"""The formats in which models write calls: how each begins, and who reads it. No IO.

To add one: a reader, and one entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.correction.leaked import elements, tokens
from gateway.correction.leaked.cursor import FOLD, Cursor, NoCall
from gateway.correction.leaked.whole import whole
from gateway.correction.leaked.written import Written

Reader = Callable[[Cursor], list[Written]]
"""Passes over the markup and gives its calls; raises `NoCall` or `More`."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write calls."""

    name: str
    opener: str
    """What every text of this format begins with; look-alike characters are as good."""
    read: Reader


ANYWHERE: tuple[Format, ...] = (
    Format("sections", "<|tool_call", tokens.sections),
    Format("harmony", "<|start|>", tokens.channelled),
    Format("harmony", "<|channel|>", tokens.channelled),
    Format("llama", "<|python_tag|>", tokens.enclosed("<|python_tag|>")),
    Format("gemma", "<|tool_call>", tokens.gemma("<|tool_call>", "<tool_call|>")),
    Format(
        "gemma",
        "<start_function_call>",
        tokens.gemma("<start_function_call>", "<end_function_call>"),
    ),
    Format(
        "lfm",
        "<|tool_call_start|>",
        tokens.enclosed("<|tool_call_start|>", "<|tool_call_end|>"),
    ),
    Format("granite", "<|tool_call|>", tokens.enclosed("<|tool_call|>", "<|/tool_call|>")),
    Format(
        "internlm",
        "<|action_start|>",
        tokens.enclosed("<|action_start|><|plugin|>", "<|action_end|>"),
    ),
    Format("cohere", "<|START_ACTION|>", tokens.enclosed("<|START_ACTION|>", "<|END_ACTION|>")),
    Format("mistral", "[TOOL_CALLS]", tokens.bracketed),
    Format("element", "<", elements.element),
)
"""Special tokens and elements."""

LINE: tuple[Format, ...] = (
    Format("harmony", "commentary", tokens.channelled),
    Format("harmony", "assistant", tokens.channelled),
    Format("harmony", "to=functions.", tokens.channelled),
    Format("announced", "[", tokens.announced),
    Format("steps", "Action:", tokens.steps),
    Format("fence", "```tool_", tokens.fenced),
)
"""What a line begins with."""

MESSAGE: tuple[Format, ...] = (Format("whole", "", whole),)
"""What nothing but white space stands before, or after."""

_AFTER = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|call|>",
    "<|endoftext|>",
    "<|end_of_sentence|>",
    "<end_of_turn>",
    "</s>",
    "</tool_call>",
    "</tool_calls>",
    "</function_calls>",
    "</function>",
)
"""What belongs to a call that ended before: the end of a turn, the end of a wrapper."""


def begins(format: Format, text: str) -> bool:
    """Whether the format's opener may begin with the text, or the text with it."""
    text = text.translate(FOLD)
    return format.opener.startswith(text) or text.startswith(format.opener)


def read(format: Format, cursor: Cursor) -> list[Written]:
    """The calls that begin here in this format, which the cursor passes over."""
    start = cursor.pos
    if format.opener:
        cursor.literal(format.opener)
        cursor.pos = start
    found = format.read(cursor)
    if not found:
        raise NoCall
    while cursor.trailing(*_AFTER):
        pass
    return found
