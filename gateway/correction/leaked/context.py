"""Where in a Markdown text the end of it stands: in a fence, in code, in a quotation. No IO.

Errs on the side of quotation: what is quoted by mistake stays text, what is run by mistake is run.
"""

from __future__ import annotations

import re

LEAD = 400
"""Characters before a call that are looked at for what the call is said to be."""
_HEAD = 64
_FOLD_AT = 8192
"""Characters of one line that are held before they are counted."""

_TOKEN = re.compile(
    r"`+|[\"“”]|<!--|-->"
    r"|<(?P<close>/?)(?:[\w.-]{1,20}:)?"
    r"(?:(?P<result>tool_response|tool_results?|tool_outputs?|function_results?|function_response"
    r"|system-reminder)|(?P<quote>examples?|blockquote|pre|quote|code))\b"
)
_COMMENT = {"<!--": "comment", "-->": ""}
_FENCE = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])?\s*(`{3,}|~{3,})([^`]*)")
_QUOTE = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])?\s*[>|]")
_INDENT = re.compile(r" {4}| {0,3}\t")
_OBSERVED = re.compile(r"(?i)\s*(?:observation|tool result|tool output):")
_OPENING_MARKS = "\"'(‘“«„`"


class Context:
    """Told all text in order; says whether what comes next can be meant."""

    __slots__ = (
        "_code",
        "_element",
        "_fence",
        "_head",
        "_last",
        "_quotes",
        "_result",
        "_size",
        "_unread",
        "_unread_size",
        "_within_quote",
        "lead",
        "started",
    )

    def __init__(self) -> None:
        self.lead = ""
        """The end of the text so far, at most `LEAD` characters."""
        self.started = False
        """Something other than white space was said."""
        self._fence = ""
        self._code = 0
        self._element = ""
        self._result = False
        self._within_quote = False
        self._last = "\n"
        self._start_line()

    def _start_line(self) -> None:
        self._head = ""
        self._size = 0
        self._quotes = 0
        self._unread: list[str] = []
        self._unread_size = 0

    @property
    def at_line_start(self) -> bool:
        """The line is blank so far."""
        return self._size <= _HEAD and not self._head.strip()

    def feed(self, text: str) -> None:
        """Takes more text."""
        if not text:
            return
        self.lead = (self.lead + text[-LEAD:])[-LEAD:]
        self.started = self.started or not text.isspace()
        self._last = text[-1]
        start = 0
        while (end := text.find("\n", start)) >= 0:
            self._grow(text[start:end])
            self._end_line()
            start = end + 1
        self._grow(text[start:])

    def quoted(self) -> bool:
        """Whether what comes next is code, a quotation, an example or the result of a tool."""
        if self._fence:
            return True
        self._read()
        return bool(
            self._code
            or self._element
            or self._result
            or self._within_quote
            or self._quotes % 2
            or self._last in _OPENING_MARKS
            or _INDENT.match(self._head)
            or _QUOTE.match(self._head)
        )

    @property
    def fenced(self) -> bool:
        """Whether what comes next stands in a code fence."""
        return bool(self._fence)

    def _grow(self, text: str) -> None:
        if not text:
            return
        if len(self._head) < _HEAD:
            self._head += text[: _HEAD - len(self._head)]
        self._size += len(text)
        while self._unread_size + len(text) >= _FOLD_AT:
            room = _FOLD_AT - self._unread_size
            self._unread.append(text[:room])
            self._read()
            text = text[room:]
        self._unread.append(text)
        self._unread_size += len(text)

    def _read(self) -> None:
        """Counts the marks in what was not counted yet."""
        text = "".join(self._unread)
        self._unread.clear()
        self._unread_size = 0
        if self._fence:
            return
        for token in _TOKEN.finditer(text):
            mark = token[0]
            if mark[0] == "`":
                self._code = len(mark) if not self._code else self._code * (self._code != len(mark))
            elif self._code:
                continue
            elif mark in '"“”':
                self._quotes += 1
            elif mark in _COMMENT:
                self._element = _COMMENT[mark]
            elif token["result"]:
                self._result = True
            elif not token["close"]:
                self._element = self._element or token["quote"]
            elif token["quote"] == self._element:
                self._element = ""

    def _end_line(self) -> None:
        head = self._head
        if self._fence:
            if self._closes(head.strip()):
                self._fence = ""
        elif (opening := _FENCE.fullmatch(head)) is not None:
            self._fence = opening[1]
        else:
            self._read()
            self._result = self._result or _OBSERVED.match(head) is not None
            if blank := not head.strip():
                self._code = 0
                if self._element == "code":
                    self._element = ""
            self._within_quote = not blank and (
                self._within_quote or _QUOTE.match(head) is not None
            )
        self._start_line()

    def _closes(self, line: str) -> bool:
        return self._size <= _HEAD and line.startswith(self._fence) and line == line[0] * len(line)
