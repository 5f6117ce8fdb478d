"""Whether the words around a call say that it is none: an example, a quotation, a refusal. No IO."""

from __future__ import annotations

import re

TAIL = 160
"""Characters after a call that are looked at."""

_RUN = r"(?:run|execut\w*|call|use|invok\w*|do|send|emit|issue|make|copy|type|perform|try)"
_NEGATED = (
    r"\b(?:do(?:es)? not|don['’]?t|never|must not|mustn['’]t|should not|shouldn['’]?t"
    r"|will not|won['’]?t|would not|wouldn['’]?t|(?:am|is|are|was|be|i['’]m) not (?:going to )?"
    rf"|not going to|refuse to|instead of|rather than|without) ?(?:\w+ ){{0,2}}?{_RUN}(?:ning|ing)?\b"
)
_SAID = (
    r"\b(?:for (?:example|instance)|an example|example:|e\.g\.|such as|hypothetical\w*"
    r"|for illustration|illustrat(?:es|ion|ive)"
    r"|zum beispiel|z\. ?b\.|par exemple|por ejemplo|ad esempio|per esempio|например)"
    r"|例如|比如|例えば"
)
_MENTIONED = (
    r"\b(?:examples?|samples?|formats?|syntax|looks? like|could be"
    rf"|would (?:\w+ )?(?:be|have|look|{_RUN})\b"
    r"|(?:says?|said|reads|shows?|contains?|has|wrote|returned|states?|printed|pasted|sent):?\s*\Z"
    r"|(?:output|observation|results?|response|transcript|logs?|stdout)\s*:"
    r"|called|named|tags?|markup|template|placeholder|quot(?:e|ed|es|ing)|verbatim"
    r"|(?:docs?|documentation|readme|manual|spec|page|file|logs?|output|results?|response|tool|user"
    r"|prompt|message|issue|transcript|snippet|it|he|she|they|you)\b[^.:]{0,40}"
    r"\b(?:says?|said|reads|shows?|contains?|wrote|returned|states?|printed|pasted|sent|was|is|were)"
    r"[^.:]{0,20}:)"
)
_DELIBERATED = r"\b(?:could|might|maybe|perhaps|would|what if|should i|not sure|or should|if i)\b"

_STRONG = re.compile(f"{_NEGATED}|{_SAID}", re.IGNORECASE)
_WEAK = re.compile(_MENTIONED, re.IGNORECASE)
_DOUBT = re.compile(_DELIBERATED, re.IGNORECASE)
_AFTERWARDS = re.compile(
    rf"{_NEGATED}|{_SAID}|\b(?:only|just) (?:an? )?(?:example|illustration|sketch)"
    r"|\b(?:is|was|above|shows) (?:an?|the) (?:example|format|syntax|sample|shape|quot)"
    r"|\b(?:dangerous|destructive|not (?:executed|run|meant))\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n\s*\n|(?<=[。！？])")
_MENTION = re.compile(r"[ \t]*(?:[a-z.,;:!?)\]}'\"`”’»。，、]|\n[ \t]*[a-z][\w'’]* +\w)")
_BREAK = re.compile(r"\S[^\n]*\n\s*\n")


def introduced(lead: str, *, reasoning: bool) -> bool:
    """Whether the text before a call says that it is not meant."""
    sentences = [part for part in _SENTENCE.split(lead) if part.strip()]
    if not sentences:
        return False
    if _STRONG.search(" ".join(sentences[-2:])) or _WEAK.search(sentences[-1]):
        return True
    return reasoning and _DOUBT.search(sentences[-1]) is not None


def judged_at(tail: str, *, reasoning: bool) -> int | None:
    """Where the text after a call is long enough to be judged; None when more of it is needed.

    Reasoning that goes on after a call is about it, whatever it says.
    """
    if reasoning:
        return len(tail) if tail.strip() or len(tail) >= TAIL else None
    if (found := _BREAK.search(tail, 0, TAIL)) is not None:
        return found.end()
    return TAIL if len(tail) >= TAIL else None


def disclaimed(tail: str, *, reasoning: bool) -> bool:
    """Whether the text after a call says that it is not meant."""
    if reasoning:
        return bool(tail.strip()) or len(tail) >= TAIL
    return _MENTION.match(tail) is not None or _AFTERWARDS.search(tail) is not None
