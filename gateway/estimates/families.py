"""Families of models: those that share a tokenizer, and what is known of it beforehand. No IO.

`content` is how many of the family's tokens there are to one of `o200k_base`, in English prose, code and
tool output, with the spread between them. Where nobody has published a tokenizer or measured it, the
number is that of a vocabulary of like size, and the spread is wide: an estimate errs on the high side
until answers have said more. To add a family: one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from gateway import patterns
from gateway.estimates.calibration import Prior

UNKNOWN = Prior(content=(1.15, 0.15), tools=(1.15, 0.3), with_tools=(60.0, 120.0))
"""A vocabulary of 32,000 tokens needs a third more than one of 200,000, one of 150,000 a tenth."""

FAMILIES: Mapping[str, tuple[tuple[str, ...], Prior]] = {
    # OpenAI's own encoding since GPT-4o. Tools are rewritten in a terser form than JSON.
    "openai": (
        (
            "gpt-4o*",
            "gpt-4.*",
            "gpt-4-1*",
            "gpt-5*",
            "gpt-6*",
            "chatgpt-*",
            "codex*",
            "o1*",
            "o3*",
            "o4*",
        ),
        Prior((1.0, 0.02), (0.75, 0.2), base=(8.0, 5.0), with_tools=(15.0, 30.0)),
    ),
    # The same encoding, in a frame that states role, date and effort.
    "gpt-oss": (
        ("gpt-oss*",),
        Prior((1.0, 0.03), (1.0, 0.25), base=(70.0, 20.0), with_tools=(40.0, 40.0)),
    ),
    # cl100k_base: as many tokens in English and code, 1.4 times as many in Chinese.
    "gpt-4": (("gpt-4*", "gpt-3.5*"), Prior((1.02, 0.06), (0.75, 0.2), with_tools=(15.0, 30.0))),
    # Claude's older tokenizer: 1.06 in compact JSON, 1.14 in prose, 1.21 in code. With tools come words of
    # the provider's own, several hundred tokens.
    "claude": (
        (
            *("*claude-2*", "*claude-3*", "*claude-4*", "*claude-instant*"),
            *("*claude-opus-4", "*claude-opus-4@*", "*claude-sonnet-4*", "*claude-haiku-4*"),
            *(f"*claude-opus-4?{minor}*" for minor in range(7)),
        ),
        Prior((1.16, 0.05), (1.15, 0.15), base=(10.0, 10.0), with_tools=(400.0, 100.0)),
    ),
    # The newer one, since Opus 4.7: 1.48 in code and JSON, 1.65 in prose, 1.3 in logs.
    "claude-new": (
        ("*claude*",),
        Prior((1.52, 0.06), (1.5, 0.15), base=(10.0, 10.0), with_tools=(450.0, 100.0)),
    ),
    # 256,000 pieces; tools are rewritten in a terser form.
    "gemini": (("gemini*", "gemma*"), Prior((1.1, 0.1), (0.8, 0.25), base=(0.0, 5.0))),
    "deepseek": (("deepseek*",), Prior((1.06, 0.08), (1.1, 0.3), with_tools=(200.0, 100.0))),
    # Digits are tokens of their own, which shows in logs and data.
    "qwen": (
        ("qwen*", "qwq*", "qvq*"),
        Prior((1.1, 0.1), (1.1, 0.2), base=(10.0, 10.0), with_tools=(130.0, 60.0)),
    ),
    "glm": (("glm*",), Prior((1.06, 0.08), (1.1, 0.2), with_tools=(120.0, 60.0))),
    "kimi": (("kimi*", "moonshot*"), Prior((1.06, 0.08), (1.1, 0.2), with_tools=(40.0, 60.0))),
    "llama": (
        ("llama*", "meta-llama*"),
        Prior((1.06, 0.08), (1.2, 0.3), base=(35.0, 20.0), with_tools=(200.0, 150.0)),
    ),
    # Vocabularies of 32,000 and 131,000 tokens under like names.
    "mistral": (
        ("mistral*", "ministral*", "codestral*", "devstral*", "magistral*", "mixtral*", "pixtral*"),
        Prior((1.16, 0.1), (1.2, 0.15), base=(10.0, 10.0), with_tools=(10.0, 30.0)),
    ),
    # Some prompts have words of the provider's own in front of them.
    "grok": (
        ("grok*",),
        Prior((1.1, 0.1), (1.0, 0.2), base=(100.0, 80.0), with_tools=(150.0, 60.0)),
    ),
    "minimax": (("minimax*",), Prior((1.08, 0.1), (1.1, 0.2), base=(30.0, 20.0))),
}
"""Name -> globs for the model without the path before it, and what is known. The first that fits."""


@lru_cache(maxsize=4096)
def family_of(provider: str, model: str) -> tuple[str, Prior]:
    """The family of a target, and what is known of it.

    Families of two providers are learned apart, because each puts other words around the prompt. A model
    of no known family is its own.
    """
    name = model.rpartition("/")[2]
    for family, (globs, prior) in FAMILIES.items():
        if patterns.matches_any(globs, name):
            return f"{provider}:{family}", prior
    return f"{provider}:{model}", UNKNOWN
