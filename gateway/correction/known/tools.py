"""Names that models give to tools. Data only."""

from __future__ import annotations

from gateway.correction.known.words import Words, named

TOOL_ALIASES: Words = {
    **named(
        """
        bashcommand cmd command exec execcommand execute executebash executebashcommand
        executecommand executeshell executeshellcommand execshell runbash
        runbashcommand runcmd runcommand runcommands runinterminal runshell runshellcommand
        runterminal runterminalcmd runterminalcommand sh shell shellcommand shellexec
        terminal terminalcommand
        """,
        "Bash",
        "Shell",
    ),
    **named(
        """
        cat catfile openfile readafile readfile readfiles readfilecontent readfilecontents
        readtextfile showfile view viewfile fileread getfilecontents
        """,
        "Read",
    ),
    **named(
        """
        createfile createnewfile filewrite savefile writefile writefilecontent writenewfile
        writetextfile writetofile
        """,
        "Write",
    ),
    **named(
        """
        applyedit editfile fileedit modifyfile replace replaceinfile replacestring
        replacestringinfile searchandreplace searchreplace strreplace stringreplace
        updatefile
        """,
        "Edit",
    ),
    **named("multieditfile multistrreplace editfilemulti", "MultiEdit"),
    **named(
        """
        codesearch contentsearch filecontentsearch grepfiles grepsearch greptool regexsearch
        rg ripgrep searchcode searchfilecontent searchfiles searchincode searchinfiles
        searchtext
        """,
        "Grep",
    ),
    "filesearch": ("Glob",),
    "search": ("Grep", "Glob", "WebSearch"),
    **named(
        """
        findfile findfiles globfiles globsearch matchfiles searchfilesbyname
        searchfilebyname
        """,
        "Glob",
    ),
    **named("listdir listdirectory listdirs listfiles readdir readdirectory", "LS"),
    **named(
        """
        bingsearch bravesearch duckduckgosearch googlesearch googlewebsearch internetsearch
        onlinesearch searchinternet searchonline searchtheweb searchweb tavilysearch
        """,
        "WebSearch",
    ),
    **named(
        """
        browse browseurl fetch fetchpage fetchurl fetchweb fetchwebpage geturl openurl
        readurl readwebpage urlfetch visiturl webpagefetch
        """,
        "WebFetch",
    ),
    **named(
        """
        createtodolist managetodolist todo todolist todos tododone updatetodo updatetodolist
        updatetodos writetodo writetodos todolistwrite
        """,
        "TodoWrite",
    ),
    **named(
        """
        callagent delegate delegatetask dispatchagent launchagent newtask runagent
        runsubagent spawnagent startagent subagent subtask
        """,
        "Agent",
        "Task",
    ),
    "task": ("Agent",),
    "agent": ("Task",),
    **named("editnotebook jupyteredit notebookeditcell", "NotebookEdit"),
    **named(
        """
        askfollowupquestion askquestion askuser askuserquestions userquestion
        """,
        "AskUserQuestion",
    ),
    **named("agentoutput bashoutput getoutput gettaskoutput readoutput", "TaskOutput"),
    **named("startplanmode planmode", "EnterPlanMode"),
    **named("leaveplanmode finishplanmode", "ExitPlanMode"),
}
"""Folded name of no tool -> the tools that may be meant; one that is offered decides."""

PARALLEL_TOOLS = frozenset({"multitoolusesparallel", "multitooluseparallel", "parallel"})
"""Folded names under which models send several calls as one."""

NEUTRAL_NAME_WORDS = frozenset(
    named(
        """
    action analysis api argument arguments assistant begin call calls channel commentary constrain
    default defaultapi end final fn function functioncall functions google id index invoke json
    message name namespace recipient sep start to tool toolcall toolcalls tools tooluse use
        """
    )
)
"""Folded words around a tool's name that say nothing about which tool it is."""
