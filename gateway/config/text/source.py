"""YAML and environment files as text, to plain data. No IO.

The only user of PyYAML and of python-dotenv. PyYAML forgets where values stand, takes the last of two
equal keys without a word, and dies of deep nesting; so the values are built here, from its nodes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml
from dotenv import dotenv_values
from dotenv.parser import parse_stream

from gateway.config.findings import Finding
from gateway.config.redaction import blot, is_reference, is_secret_path
from gateway.config.text.positions import Path, Place, Positions, Span, split_lines

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_WIDTH = 1 << 30
"""Columns of a line that is never broken."""

MAX_DEPTH = 40
MAX_VALUES = 50_000
MAX_MERGES = 200
"""Aliases can make a short text stand for more values than memory holds."""

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_QUOTE_HELP: Mapping[str, str] = {
    "*": 'a text that begins with `*` has to be quoted, as in "*haiku*"',
    "&": "a text that begins with `&` has to be quoted",
    "!": "a text that begins with `!` has to be quoted",
    "%": "a text that begins with `%` has to be quoted",
    "@": "a text that begins with `@` has to be quoted",
    "`": "a text that begins with a backtick has to be quoted",
    "\t": "YAML does not allow tabs for indentation: use spaces",
}
"""Character at which YAML gave up -> what to do."""


class _TooMuch(Exception):
    """The document is deeper or larger than any config."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


def parse_yaml(text: str, file: str) -> tuple[Any, Positions, list[Finding]]:
    """The value of a document, the places of its parts, and what is wrong with its form.

    The value is None when the text cannot be read at all.
    """
    lines = split_lines(text)
    unread = Positions(file, lines, {})
    if (bad := _unreadable(text)) is not None:
        where = _span_at(text, bad)
        character = f"U+{ord(text[bad]):04X}"
        return None, unread, [unread.error("syntax", where, f"{character} cannot stand in YAML")]
    try:
        node = _compose(text)
        builder = _Builder()
        value = builder.build(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        return None, unread, [_syntax_error(error, unread)]
    except _TooMuch as error:
        return None, unread, [unread.error("too-large", error.span, str(error))]
    if value is None:
        nothing = "the config is empty: it needs at least `default: provider:model`"
        return None, unread, [unread.error("empty", Span(1, 1, 1, 1), nothing)]
    positions = Positions(file, lines, builder.places)
    return value, positions, [positions.error(*found) for found in builder.found]


def lines_to_show(text: str) -> list[str]:
    """The lines of a config without its secrets, each as long as it was."""
    try:
        node = _compose(text) if _unreadable(text) is None else None
    except (yaml.MarkedYAMLError, _TooMuch):
        node = None
    return blot(split_lines(text), _secrets(node) if node is not None else None)


def parse_env_file(text: str) -> dict[str, str]:
    """The variables of an environment file. Values are taken as they are written."""
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in values.items() if value is not None}


def env_lines(text: str) -> Iterator[tuple[int, str | None, str]]:
    """The lines of an environment file: number, name, value. The name is None where there is none."""
    for binding in parse_stream(io.StringIO(text)):
        blank = binding.original.string
        line = binding.original.line + blank[: len(blank) - len(blank.lstrip())].count("\n")
        if binding.error or binding.key is not None:
            yield line, binding.key, binding.value or ""


def scalar_text(value: str | float | bool | None) -> str:
    """A scalar as YAML writes it, in one line."""
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    written: str = yaml.safe_dump(
        value, default_style=style, allow_unicode=True, width=MAX_WIDTH, default_flow_style=True
    )
    return written.removesuffix("\n").removesuffix("\n...")


# -- from text to nodes ------------------------------------------------------------------------------


def _unreadable(text: str) -> int | None:
    """The index of the first character that YAML does not allow."""
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return match.start() if match else None


def _compose(text: str) -> yaml.Node | None:
    """The document's node. Nesting is measured first: the composer recurses, and would take the
    process with it."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _TooMuch(f"nested more than {MAX_DEPTH} deep", _span(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    return node


def _syntax_error(error: yaml.MarkedYAMLError, positions: Positions) -> Finding:
    """YAML's own words, at the place where a person has to look."""
    problem = error.problem or "this is not YAML"
    if "another document" in problem:
        span = _point(error.problem_mark)
        return positions.error("syntax", span, "a config is one document, and `---` begins another")
    mark = error.problem_mark
    if (opened := error.context_mark) is not None and error.context:
        is_alias = error.context == "while scanning an alias"
        if (is_alias or _is_end(mark, positions)) and not _is_end(opened, positions):
            mark = opened
            problem += f", {error.context} that begins here"
        elif mark is not None and opened.line != mark.line:
            problem += f", {error.context} that begins in line {opened.line + 1}"
    span = _last(positions) if _is_end(mark, positions) else _point(mark)
    return positions.error("syntax", span, problem, _syntax_help(problem, span, positions))


def _syntax_help(problem: str, span: Span, positions: Positions) -> str:
    if "mapping values are not allowed" in problem:
        return "a text that holds `: ` has to be quoted; otherwise look at the indentation"
    line, at = positions.lines[span.line - 1], span.column - 1
    if line[:at].endswith("$") and line[at : at + 1] == "{":
        return 'inside braces a reference has to be quoted, as in "${NAME}"'
    return _QUOTE_HELP.get(line[at : at + 1], "")


def _is_end(mark: yaml.Mark | None, positions: Positions) -> bool:
    """Nothing but white space comes after the mark."""
    return mark is None or not "".join(positions.lines[mark.line :])[mark.column :].strip()


def _last(positions: Positions) -> Span:
    """The end of the last line that holds something."""
    count = len(positions.lines)
    line = next((at for at in range(count, 1, -1) if positions.lines[at - 1].strip()), 1)
    column = len(positions.lines[line - 1].rstrip()) + 1
    return Span(line, column, line, column + 1)


def _point(mark: yaml.Mark | None) -> Span:
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    return Span(line + 1, column + 1, line + 1, column + 2)


def _span(marked: Any) -> Span:
    """The marks of a node or event, counted from 1."""
    start, end = marked.start_mark, marked.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _span_at(text: str, index: int) -> Span:
    before = split_lines(text[:index])
    line, column = len(before), len(before[-1]) + 1
    return Span(line, column, line, column + 1)


# -- from nodes to values ----------------------------------------------------------------------------


class _Builder:
    """Builds plain data and notes where each value stands."""

    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self.found: list[tuple[str, Span, str, str]] = []
        """Arguments of `Positions.error`."""

    def build(self, node: yaml.Node, path: Path, key: Span | None = None) -> Any:
        """The value of a node. Raises `_TooMuch`."""
        span = _span(node)
        if len(path) > MAX_DEPTH:
            raise _TooMuch("an alias stands inside what it stands for", span)
        if len(self.places) >= MAX_VALUES:
            raise _TooMuch(f"more than {MAX_VALUES} values", span)
        if isinstance(node, yaml.ScalarNode):
            self.places[path] = Place(span, key, node.value, node.style or "")
            return self._scalar(node, span)
        self.places[path] = Place(span, key)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, "seq", span)
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        self._check_tag(node, "map", span)
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        value: dict[str, Any] = {}
        keys: dict[str, Span] = {}
        for key, item in node.value:
            if key.tag == _MERGE:
                continue
            span = _span(key)
            if not isinstance(key, yaml.ScalarNode):
                self.found.append(("bad-key", span, "a key has to be text", ""))
                continue
            name = key.value
            if name in keys:
                first = keys[name].line
                message = f"`{name}` stands here again; it was first defined in line {first}"
                self.found.append(("duplicate-key", span, message, ""))
                continue
            self._check_key(key, span)
            keys[name] = span
            value[name] = self.build(item, (*path, name), span)
        for key, item in self._merged(node):
            if isinstance(key, yaml.ScalarNode) and key.value not in value:
                value[key.value] = self.build(item, (*path, key.value), _span(key))
        return value

    def _merged(self, node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """What `<<:` brings in, the nearest first."""
        waiting = [item for key, item in node.value if key.tag == _MERGE]
        for _ in range(MAX_MERGES):
            if not waiting:
                return
            source = waiting.pop(0)
            if isinstance(source, yaml.SequenceNode):
                waiting[:0] = source.value
            elif isinstance(source, yaml.MappingNode):
                yield from ((key, item) for key, item in source.value if key.tag != _MERGE)
                waiting[:0] = [item for key, item in source.value if key.tag == _MERGE]
            else:
                self.found.append(("bad-merge", _span(source), "`<<` takes a mapping", ""))
        raise _TooMuch(f"more than {MAX_MERGES} merges into one mapping", _span(node))

    def _scalar(self, node: yaml.ScalarNode, span: Span) -> Any:
        read = _SCALARS.get(node.tag.removeprefix(_TAG))
        if read is None:
            self._check_tag(node, "str", span)
            return node.value
        return read(node)

    def _check_tag(self, node: yaml.Node, expected: str, span: Span) -> None:
        if node.tag != _TAG + expected:
            tag = node.tag.replace(_TAG, "!!")
            self.found.append(("unknown-tag", span, f"the tag `{tag}` means nothing here", ""))

    def _check_key(self, key: yaml.ScalarNode, span: Span) -> None:
        kind = _KINDS.get(key.tag.removeprefix(_TAG))
        if kind is not None:
            message = f"a key has to be text; YAML reads `{key.value}` as {kind}"
            self.found.append(("bad-key", span, message, f'quote it: "{key.value}"'))


_constructor: Any = yaml.constructor.SafeConstructor()


def _read_text(node: yaml.ScalarNode) -> str:
    text: str = node.value
    return text


def _read_bool(node: yaml.ScalarNode) -> bool | str:
    text = _read_text(node)
    boolean: bool | None = _constructor.bool_values.get(text.lower())
    return text if boolean is None else boolean


def _read_number(node: yaml.ScalarNode) -> float | str:
    """A whole number as int, so that 1.0e+5 is a count; what is no number is left as text."""
    is_int = node.tag == _TAG + "int"
    read = _constructor.construct_yaml_int if is_int else _constructor.construct_yaml_float
    try:
        number: float = read(node)
        whole = int(number)
    except (ValueError, IndexError, OverflowError):
        return _read_text(node)
    return whole if whole == number else number


_SCALARS: Mapping[str, Callable[[yaml.ScalarNode], Any]] = {
    "str": _read_text,
    "null": lambda node: None,
    "bool": _read_bool,
    "int": _read_number,
    "float": _read_number,
    "timestamp": _read_text,
    "value": _read_text,
    "merge": _read_text,
}
"""Kind of scalar -> how it is read. No setting is a date, so one is the text that was typed."""

_KINDS: Mapping[str, str] = {
    "null": "nothing",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "timestamp": "a date",
}


# -- secrets -----------------------------------------------------------------------------------------


def _secrets(root: yaml.Node) -> list[Span]:
    """Where secrets are written: the values of secret names, and of headers."""
    spans: list[Span] = []
    seen: set[tuple[int, str]] = set()
    waiting: list[tuple[yaml.Node, str]] = [(root, "")]
    while waiting:
        node, above = waiting.pop()
        if (id(node), above) in seen:
            continue
        seen.add((id(node), above))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(item, above) for item in node.value]
        elif isinstance(node, yaml.MappingNode):
            for key, item in node.value:
                name = key.value if isinstance(key, yaml.ScalarNode) else ""
                waiting.append((item, above if above == "headers" else name))
        elif is_secret_path([above]) and not is_reference(node.value):
            spans.append(_span(node))
    return spans
