"""Names that models give to parameters. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.correction.known.words import Words, named

ByTool = Mapping[str, Words]

_FILE = ("file_path", "notebook_path", "path", "filename", "file")
_OLD, _NEW = ("old_string", "old_str", "old_text"), ("new_string", "new_str", "new_text")
_COMMAND = ("command", "cmd", "script")
_PATTERN = ("pattern", "query", "regex", "sql", "q", "search", "queries")
_QUERY = ("query", "pattern", "q", "sql", "search", "queries", "question")

_EDIT: Words = {
    "old": _OLD,
    "new": _NEW,
    "search": _OLD,
    "replace": _NEW,
    "find": _OLD,
    "searchstring": _OLD,
    "replacestring": _NEW,
    "replacement": _NEW,
    "replacewith": _NEW,
    "target": _OLD,
    "original": _OLD,
    "updated": _NEW,
    "before": _OLD,
    "after": _NEW,
    "all": ("replace_all",),
    "global": ("replace_all",),
    "multiple": ("replace_all",),
    "allowmultiple": ("replace_all",),
}
_CONTENT: Words = named(
    """
    body code data filecontent filecontents filetext newtext newcontent source text codecontent
    filedata newstring newstr value
    """,
    "content",
)
_SPAWN: Words = {
    "taskdescription": ("description",),
    "title": ("description",),
    "name": ("description",),
    "summary": ("description",),
    "task": ("prompt",),
    "instructions": ("prompt",),
    "instruction": ("prompt",),
    "message": ("prompt",),
    "query": ("prompt",),
    "agent": ("subagent_type",),
    "agenttype": ("subagent_type",),
    "agentname": ("subagent_type",),
    "type": ("subagent_type",),
    "subagent": ("subagent_type",),
}

PARAMETER_ALIASES: ByTool = {
    "*": {
        **named(
            """
            path file filename filepath absolutepath absolutefilepath targetfile
            targetpath targetfilepath pathtofile fullpath filelocation fileuri
            relativepath relativeworkspacepath pathname
            """,
            *_FILE,
        ),
        "notebook": ("notebook_path",),
        "notebookfile": ("notebook_path",),
        **named(
            """
            directory dir folder searchpath basepath rootpath directorypath dirpath
            folderpath targetdirectory searchdirectory root location
            """,
            "path",
            "directory",
            "dir",
        ),
        **named(
            """
            cmd commandline shellcommand bashcommand script cmdline terminalcommand
            cmdstring commandstring bash shell
            """,
            *_COMMAND,
        ),
        **named(
            """
            oldstr oldtext oldcontent oldvalue oldcode originaltext searchtext findtext
            oldstr1
            """,
            *_OLD,
        ),
        **named(
            """
            newstr newtext newcontent newvalue newcode replacementtext replacetext
            replacewith newstr1
            """,
            *_NEW,
        ),
        "replaceall": ("replace_all",),
        **named(
            """
            regex regexp search searchpattern regexpattern patternstring searchterm
            searchstring globpattern expression
            """,
            *_PATTERN,
        ),
        "query": ("pattern", "sql", "q", "prompt", "search", "queries"),
        **named("q searchquery querystring keywords keyword question", *_QUERY),
        **named("statement sqlquery sqlstatement querytext", "sql", "query"),
        "contents": ("content",),
        "filecontent": ("content",),
        "filecontents": ("content",),
        "filetext": ("content",),
        "text": ("content", "body", "message"),
        "body": ("content", "description"),
        "description": ("body",),
        **named("uri link href address website pageurl targeturl site webpage", "url"),
        "instruction": ("prompt",),
        "instructions": ("prompt",),
        **named("timeoutms timeoutmillis timeoutmilliseconds", "timeout", "timeout_ms"),
        **named(
            """
            background isbackground inbackground runbackground runinbg async
            """,
            "run_in_background",
        ),
        **named("tasks todolist todoitems items todo list", "todos"),
        **named("activity activeformtext inprogressform", "activeForm"),
        **named("domains domain includedomains alloweddomain", "allowed_domains"),
        **named("excludedomains blockeddomain excludeddomains", "blocked_domains"),
        **named("repository reponame repositoryname", "repo"),
        **named("organization org repoowner repositoryowner", "owner"),
        **named("pagesize resultsperpage", "perPage", "per_page", "limit"),
        "maxresults": ("limit", "max_results", "head_limit"),
        "css": ("selector",),
        "cssselector": ("selector",),
        "taskid": ("task_id", "id"),
    },
    "bash": {
        "commanddescription": ("description",),
        "cmddescription": ("description",),
        "explanation": ("description",),
        "summary": ("description",),
        "code": ("command",),
        "input": ("command",),
    },
    "edit": _EDIT,
    "multiedit": {
        **_EDIT,
        "changes": ("edits",),
        "replacements": ("edits",),
        "operations": ("edits",),
    },
    "read": {
        **named("length lines numlines maxlines linecount count nlines numberoflines", "limit"),
        **named("start startline linestart fromline line lineoffset startlinenumber", "offset"),
        "page": ("pages",),
        "pagerange": ("pages",),
    },
    "write": _CONTENT,
    "grep": {
        **named("include filepattern includepattern fileglob files globpattern includes", "glob"),
        **named("term text searchtext string needle keyword q", "pattern"),
        **named("filepath file dir directory folder", "path"),
        **named("ignorecase caseinsensitive insensitive", "-i"),
        **named("linenumbers linenumber showlinenumbers", "-n"),
        **named("context contextlines", "-C"),
        **named("after aftercontext linesafter", "-A"),
        **named("before beforecontext linesbefore", "-B"),
        **named("limit maxcount maxresults maxmatches", "head_limit"),
        **named("mode output outputtype outputformat", "output_mode"),
        **named("filetype language lang", "type"),
    },
    "glob": named(
        """
        glob globpattern filepattern filename query regex include files name
        """,
        "pattern",
    ),
    "webfetch": named("question query task instruction request goal", "prompt"),
    "websearch": named("search term keyword keywords prompt text", "query"),
    "todowrite": {
        "title": ("content",),
        "task": ("content",),
        "text": ("content",),
        "description": ("content",),
        "name": ("content",),
        "state": ("status",),
        "active": ("activeForm",),
        "form": ("activeForm",),
    },
    "taskcreate": {"title": ("subject",), "name": ("subject",), "content": ("description",)},
    "taskupdate": {"id": ("taskId", "task_id"), "state": ("status",)},
    "taskoutput": {
        **named("id bashid shellid agentid taskid", "task_id"),
        "wait": ("block",),
        "blocking": ("block",),
    },
    "notebookedit": {
        **named("source content code newcontent cellsource newcode text", "new_source"),
        "type": ("cell_type",),
        "mode": ("edit_mode",),
        "cell": ("cell_id",),
        "id": ("cell_id",),
    },
    "agent": _SPAWN,
    "task": _SPAWN,
}
"""Tool -> folded key -> the parameters that may be meant; one that the schema has decides."""

NEUTRAL_KEY_WORDS = frozenset(
    named(
        """
    absolute actual bash exact file full given input main my of original param parameter search shell
    sql string target task terminal text the this tool user value web your
        """
    )
)
"""Words before a parameter's name that do not change which parameter it is: `bash_command`."""

FLAGS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "grep": {
        "-l": ("output_mode", "files_with_matches"),
        "--files-with-matches": ("output_mode", "files_with_matches"),
        "files_only": ("output_mode", "files_with_matches"),
        "-c": ("output_mode", "count"),
        "--count": ("output_mode", "count"),
    }
}
"""Tool -> key that is true, as it is written -> the parameter and the value that it stands for."""
