"""How models and servers of the Gemini format differ, as data. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway import patterns


@dataclass(frozen=True, slots=True)
class GeminiQuirks:
    """Each field is a key that a provider's declaration sets and `quirks:` in the config overrides.

    Globs are held against the model's name without the path before it.
    """

    count: Literal["request", "fields", "none"] = "request"
    """How the size of a prompt is asked for: with the whole request in one field, with the fields of the
    prompt beside each other, or not at all."""
    schema: Literal["json", "openapi"] = "json"
    """How schemas are written: as JSON Schema, or in the few words of OpenAPI that every server knows."""
    budget_models: tuple[str, ...] = ("gemini-2.5*",)
    """Globs of the models whose thinking is measured in tokens."""
    max_budget: int = 24576
    """The largest thinking budget that they take."""
    level_models: tuple[str, ...] = ("gemini-3*", "gemini-4*", "gemini-*-latest")
    """Globs of the models whose thinking has levels."""
    levels: tuple[str, ...] = ("low", "medium", "high")
    """The levels known here, least first; others become the nearest one."""
    minimal_models: tuple[str, ...] = ("gemini-*flash*",)
    """Globs of the models that know the level `minimal` too."""
    always_thinking: tuple[str, ...] = ("gemini-2.5-pro*",)
    """Globs of the models that refuse a budget of 0."""
    unsigned_models: tuple[str, ...] = ("gemini-1*", "gemini-2*", "gemma*")
    """Globs of the models that take calls without a thought signature, whoever made them."""
    call_ids: bool = True
    """Calls and results may carry an `id`."""
    result_media_models: tuple[str, ...] = ("gemini-3*", "gemini-4*", "gemini-*-latest")
    """Globs of the models that take images inside a function's response; others get them behind it."""
    image_types: tuple[str, ...] = (
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/heic",
        "image/heif",
    )
    """Media types of the images that are understood."""
    fetches_urls: bool = False
    """Images and documents may be given as web addresses, which the server fetches."""
    search_with_functions: bool = False
    """Google Search is taken beside functions in one request."""
    format_with_functions: tuple[str, ...] = ("gemini-3*", "gemini-4*", "gemini-*-latest")
    """Globs of the models that take a schema for the answer beside functions."""
    stop_limit: int = 5
    """How many stop sequences are taken."""


def is_among(model: str, globs: tuple[str, ...]) -> bool:
    """The name of the model, without the path before it, matches one of the globs."""
    name = model.rpartition("/")[2]
    return patterns.matches_any(globs, name)
