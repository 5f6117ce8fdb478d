"""How much to think, in the words of the Gemini models. No IO.

Models before the third generation take a budget in tokens, 0 for none and -1 for as much as they like;
later ones take a level and cannot do without.
Reference: https://ai.google.dev/gemini-api/docs/thinking
"""

from __future__ import annotations

from typing import Any

from gateway.dialects.gemini.quirks import GeminiQuirks, is_among
from gateway.dialects.thinking import Wish, nearest_effort

LEAST_BUDGET = 128
"""Tokens of thinking below which the models that always think do not go."""
AS_MUCH_AS_IT_LIKES = -1


def thinking_config(
    wish: Wish, model: str, quirks: GeminiQuirks, dropped: list[str]
) -> dict[str, Any]:
    """The `thinkingConfig`; empty where nothing is wished, so that the model's default holds."""
    if is_among(model, quirks.level_models):
        config = _level(wish, model, quirks)
    elif is_among(model, quirks.budget_models):
        config = _budget(wish, model, quirks)
    else:
        if wish.kind is not None and not wish.is_off:
            dropped.append("thinking")
        return {}
    if wish.kind is not None and not wish.is_off and wish.shown:
        config["includeThoughts"] = True
    return config


def _level(wish: Wish, model: str, quirks: GeminiQuirks) -> dict[str, Any]:
    minimal = ("minimal",) if is_among(model, quirks.minimal_models) else ()
    levels = tuple(dict.fromkeys((*minimal, *quirks.levels)))
    if wish.is_off:
        return {"thinkingLevel": levels[0].upper()}
    if wish.level is None:
        return {}
    return {"thinkingLevel": nearest_effort(wish.level, levels).upper()}


def _budget(wish: Wish, model: str, quirks: GeminiQuirks) -> dict[str, Any]:
    if wish.is_off:
        return {"thinkingBudget": LEAST_BUDGET if is_among(model, quirks.always_thinking) else 0}
    if wish.kind is None:
        return {}
    if wish.kind != "enabled" or wish.budget is None:
        return {"thinkingBudget": AS_MUCH_AS_IT_LIKES}
    return {"thinkingBudget": max(LEAST_BUDGET, min(wish.budget, quirks.max_budget))}
