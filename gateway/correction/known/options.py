"""Words that models write for the options of an enum. Data only."""

from __future__ import annotations

from gateway.correction.known.words import Words, named

SYNONYMS: Words = {
    **named(
        """
        done complete finished finish closed resolved success completedone
        """,
        "completed",
        "done",
        "complete",
    ),
    "completed": ("done", "complete"),
    **named(
        """
        todo notstarted open new waiting queued planned tobedone notdone unstarted
        """,
        "pending",
        "todo",
    ),
    "pending": ("todo",),
    **named(
        """
        active doing started ongoing working wip inwork running current progress progressing
        underway inprogress
        """,
        "in_progress",
    ),
    "opened": ("open",),
    "close": ("closed",),
    "any": ("all",),
    "both": ("all",),
    "every": ("all",),
    "everything": ("all",),
    **named(
        """
        files filenames fileswithmatch filesonly fileslist filelist filepaths filename paths
        matchingfiles list
        """,
        "files_with_matches",
    ),
    **named("counts counting matchcount countmatches", "count"),
    **named("contents matchinglines contentwithmatches", "content"),
    **named("md text markdowncell", "markdown"),
    **named("python py codecell", "code"),
    **named("update edit overwrite", "replace"),
    **named("add append create", "insert"),
    **named("remove", "delete"),
    **named("networkidle0 networkidle2", "networkidle"),
    **named("domready dom domloaded domcontent", "domcontentloaded"),
    **named("loaded onload", "load"),
    **named("leftclick leftbutton primary", "left"),
    **named("rightclick rightbutton secondary", "right"),
    **named("middleclick middlebutton center", "middle"),
    **named("ctrl", "Control"),
    **named("control", "Ctrl"),
    **named("cmd command super win windows", "Meta"),
    **named("option opt", "Alt"),
    "med": ("medium",),
    "information": ("info",),
    "warn": ("warning",),
    "warning": ("warn",),
    "err": ("error",),
    "ascending": ("asc",),
    "descending": ("desc",),
    "asc": ("ascending",),
    "desc": ("descending",),
}
"""Folded word -> options of an enum that it may mean; one that the schema lists decides."""

NEUTRAL_VALUE_WORDS = frozenset({"anthropic", "claude", "latest", "model", "preview", "v", "ai"})
"""Words around an option that do not choose another one: `claude-3-5-haiku-latest` for `haiku`."""
