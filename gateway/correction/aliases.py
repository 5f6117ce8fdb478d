"""Parameter names that models use for other ones. Data only.

Keys are folded (`names.folded`): `filename` stands for `fileName`, `file_name` and `FILENAME`. The
values are the parameters that may be meant; a schema that has exactly one of them decides. A tool's
own entry goes before the general one.
"""

from __future__ import annotations

from collections.abc import Mapping

Aliases = Mapping[str, tuple[str, ...]]

GENERAL: Aliases = {
    "path": ("file_path", "notebook_path"),
    "file": ("file_path", "notebook_path"),
    "filename": ("file_path", "notebook_path"),
    "filepath": ("notebook_path",),
    "directory": ("path",),
    "dir": ("path",),
    "folder": ("path",),
    "cmd": ("command",),
    "oldstr": ("old_string",),
    "oldtext": ("old_string",),
    "newstr": ("new_string",),
    "newtext": ("new_string",),
    "query": ("pattern",),
    "regex": ("pattern",),
    "search": ("pattern",),
    "contents": ("content",),
    "uri": ("url",),
    "q": ("query",),
    "searchquery": ("query",),
}

_EDIT: Aliases = {
    "old": ("old_string",),
    "new": ("new_string",),
    "search": ("old_string",),
    "replace": ("new_string",),
}

BY_TOOL: Mapping[str, Aliases] = {
    "bash": {"commanddescription": ("description",), "timeoutms": ("timeout",)},
    "edit": _EDIT,
    "grep": {"include": ("glob",)},
    "multiedit": _EDIT,
    "write": {
        "body": ("content",),
        "filecontent": ("content",),
        "filetext": ("content",),
        "text": ("content",),
    },
}
"""By the folded name of the tool."""
