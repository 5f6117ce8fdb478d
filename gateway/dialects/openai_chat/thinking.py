"""How a chat server is asked to think, or not to. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import patterns
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.thinking import Wish, effort_for
from gateway.dialects.turns import Text

Body = dict[str, Any]


def takes_reasoning(model: str, quirks: ChatQuirks) -> bool:
    """The model takes the provider's reasoning parameters."""
    return quirks.reasoning != "none" and patterns.matches_any(quirks.reasoning_models, model)


def ask_to_think(body: Body, wish: Wish, quirks: ChatQuirks) -> None:
    """Adds the fields that ask for as much thinking as the client wishes."""
    if (way := _WAYS.get(quirks.reasoning)) is not None:
        way(body, wish, quirks)


def thinking_words(wish: Wish, quirks: ChatQuirks) -> list[Text]:
    """What the head of the system prompt says of thinking, for models that are told so."""
    is_on = _is_on(wish)
    if quirks.reasoning != "prompt" or is_on is None:
        return []
    on, off = quirks.thinking_words
    return [Text(on if is_on else off)]


def _is_on(wish: Wish) -> bool | None:
    """The client wants thinking; None when it says nothing of it."""
    if wish.is_off:
        return False
    return True if wish.kind or wish.effort else None


def _effort(wish: Wish, quirks: ChatQuirks) -> str | None:
    if not quirks.efforts:
        return "none" if wish.is_off and quirks.can_disable_reasoning else None
    return effort_for(wish, quirks.efforts, can_disable=quirks.can_disable_reasoning)


def _as_effort(body: Body, wish: Wish, quirks: ChatQuirks) -> None:
    if (effort := _effort(wish, quirks)) is not None:
        body["reasoning_effort"] = effort


def _as_object(body: Body, wish: Wish, quirks: ChatQuirks) -> None:
    if quirks.reasoning_budget and wish.kind == "enabled" and wish.budget and not wish.effort:
        body["reasoning"] = {"max_tokens": wish.budget}
    elif (effort := _effort(wish, quirks)) is not None:
        body["reasoning"] = {"effort": effort}


def _as_switch(body: Body, wish: Wish, quirks: ChatQuirks) -> None:
    effort = _effort(wish, quirks)
    body["thinking"] = {"type": "disabled" if effort == "none" else "enabled"}
    if effort is not None and effort != "none":
        body["reasoning_effort"] = effort


def _as_template(body: Body, wish: Wish, quirks: ChatQuirks) -> None:
    if (is_on := _is_on(wish)) is not None:
        body["chat_template_kwargs"] = dict.fromkeys(quirks.template_switches, is_on)


def _as_enable_thinking(body: Body, wish: Wish, quirks: ChatQuirks) -> None:
    if (is_on := _is_on(wish)) is None:
        return
    body["enable_thinking"] = is_on
    if is_on and quirks.reasoning_budget and wish.budget:
        body["thinking_budget"] = wish.budget


_WAYS: Mapping[str, Callable[[Body, Wish, ChatQuirks], None]] = {
    "effort": _as_effort,
    "object": _as_object,
    "switch": _as_switch,
    "template": _as_template,
    "enable_thinking": _as_enable_thinking,
}
