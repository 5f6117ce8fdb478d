"""Parameters that models add to keep their own books. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.correction.known.words import named

ANY: tuple[object, ...] = ()
"""Noise whatever its value is."""

Noise = Mapping[str, tuple[object, ...]]

_TALK = (
    "actiondescription comment confidence description explanation goal intent justification note "
    "notes purpose reason summary taskprogress title"
)
_TRUE, _UTF8 = (True, "true"), ("utf-8", "utf8", "UTF-8")
_BUILT_IN: Noise = named(_TALK)
_FILES: Noise = {**_BUILT_IN, "encoding": _UTF8}
_SEARCH: Noise = {
    **_BUILT_IN,
    **named("r recursive recurse", *_TRUE),
}

NOISE: Mapping[str, Noise] = {
    "*": {
        **named(
            """
            analysis callid chainofthought dummy explanation justification meta noargs
            onesentencesummary placeholder randomstring rationale reasoning taskprogress
            thinking thinkingprocess thought thoughtprocess thoughts toolaction
            toolcallid toolsummary tooluseid unused waitforprevioustools
            """
        ),
    },
    "read": _FILES,
    "write": {
        **_FILES,
        "command": ("create", "write"),
        "mode": ("w", "write", "overwrite", "create"),
    },
    "edit": {**_FILES, "command": ("str_replace", "edit", "replace")},
    "multiedit": _FILES,
    "notebookedit": _BUILT_IN,
    "bash": named("explanation reason purpose note notes comment goal intent title"),
    "glob": _SEARCH,
    "grep": {**_SEARCH, "e": _TRUE, "extendedregexp": _TRUE, "regexp": _TRUE, "isregexp": _TRUE},
    "ls": _BUILT_IN,
    "webfetch": {
        **_BUILT_IN,
        **named(
            """
            textcontenttokenlimit maxcontenttokens webfetchpdfextracttext webfetchratelimitkey
            citations ishtml htmlextractionmethod format
            """
        ),
    },
    "websearch": _BUILT_IN,
    "todowrite": {
        **{word: ANY for word in _TALK.split() if word not in ("title", "description")},
        **named("id priority createdat updatedat dependencies merge"),
    },
    "taskcreate": named("id priority status owner blockedby blocks explanation"),
    "taskoutput": _BUILT_IN,
    "askuserquestion": named("id explanation reason"),
    "enterplanmode": _BUILT_IN,
    "exitplanmode": _BUILT_IN,
}
"""Tool -> folded key that a schema forbids and that only keeps the model's books -> the values with
which it does; no values stand for any. What may change the meaning of a call (`dry_run`, `cwd`,
`force`) is never listed: it stays, and the call is refused."""
