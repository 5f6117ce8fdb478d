"""What models put around arguments and around single values. Data only."""

from __future__ import annotations

from gateway.correction.known.words import named

WRAPPERS = frozenset(
    named(
        """
        actioninput args argument arguments body callargs content data function functionargs
        functionarguments functioncall input inputs inputschema json kwargs object parameter
        parameters params payload properties request toolargs toolarguments toolcall toolinput
        toolparameters toolparams tooluse value
        """
    )
)
"""Folded keys under which models put all the arguments once more."""

ARGUMENTS = frozenset(
    named("actioninput args argument arguments input inputs kwargs parameters params toolinput")
)
"""Those of the wrappers that can hold nothing but arguments, even where they hold a bare value."""

LISTS_OF_CALLS = frozenset(
    named("calls functioncalls invocations requests toolcalls tooluses parallelcalls")
)
"""Folded keys under which models put several calls."""

CALL_NAMES = frozenset(
    named("action function functionname name recipientname tool toolid toolname")
)
"""Folded keys beside a wrapper that may name the tool."""

CALL_NOISE = frozenset(
    named(
        """
        caller callid description explanation id index reason reasoning thought toolcallid
        tooluseid type
        """
    )
)
"""Folded keys beside a wrapper that say nothing about the arguments."""

VALUE_KEYS = frozenset({"value", "#text", "_text", "$t", "_value", "text"})
"""Keys under which models put one value, beside its type."""
VALUE_NOISE = frozenset({"type", "description", "title", "name", "format"})
"""Keys that may stand beside a `VALUE_KEYS` key."""

DOCUMENTS = frozenset(
    named(
        """
        body content contents data filecontent filetext newsource newstr newstring oldstring prompt
        source text
        """
    )
)
"""Folded parameters that hold a whole text: a list of strings there is its lines."""

JSON_DOCUMENTS = frozenset(named("body content contents data filecontent filetext text"))
"""Folded parameters whose text may be a JSON file: an object there is that file."""

COMMANDS = frozenset(named("cmd command script shellcommand"))
"""Folded parameters that hold a shell command: a list there may be its argument vector."""
