"""Whatever is shown passes the one place that takes secrets out: the code has no other way to show anything.

Each test reads the code and holds it to a table: who may write what, and that it asks `gateway.redaction`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from recording_language import snapshot

from gateway.pipeline.inbound import Inbound, UpstreamRequest

PACKAGE = Path(__file__).parents[2] / "gateway"
TREES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
COMMANDS = {file for file in TREES if file.startswith("cli/")}

OWNERS = {
    "print": COMMANDS,
    "sys.stdout": COMMANDS,
    "sys.stderr": {*COMMANDS, "observe.py"},
    "sys.__stdout__": set[str](),
    "sys.__stderr__": set[str](),
    "sys.stdout.buffer": set[str](),
    "traceback": {"cli/__init__.py"},
    "logging": {"observe.py"},
    "warnings": set[str](),
    "structlog": {"observe.py"},
    "os.write": {"server/accounts/recorder.py"},
}
"""What shows something -> the files that may use it. Commands write to streams that are guarded."""

ASKS = {
    "observe.py": "the log, and what commands print",
    "errors.py": "bodies of errors, events of errors",
    "pipeline/headers.py": "heads of answers",
    "pipeline/attempt.py": "errors of providers",
    "pipeline/exchange.py": "the account of the mock",
    "recording/record.py": "the record of traffic",
    "server/app.py": "pages that are answered at once",
    "server/pages/routes.py": "all other pages",
}
"""Files that ask for a text without secrets -> what they show."""


def used(tree: ast.AST) -> Iterator[str]:
    """The names that code uses, such as `print` and `sys.stdout`, and the modules that it imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


USED = {file: set(used(tree)) for file, tree in TREES.items()}


@pytest.mark.parametrize("name", OWNERS)
def test_nobody_else_writes_to_where_people_look(name: str) -> None:
    """A log line, a traceback or a print of somebody else would pass by the redaction."""
    found = {file for file, names in USED.items() if name in names}
    assert found <= OWNERS[name]


def test_errors_are_written_in_one_place() -> None:
    """The form of an error, `{"type": "error"}`, is spelled where it is redacted."""
    found = {
        file
        for file, tree in TREES.items()
        if not file.startswith("mock/")  # it plays a provider
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "type"
        if isinstance(value, ast.Constant) and value.value == "error"
    }
    assert found == {"errors.py"}


def test_every_sink_asks() -> None:
    """The table of sinks is the code's."""
    found = {file for file, names in USED.items() if "gateway.redaction.redactor" in names}
    assert found == {*ASKS, "config_file.py"}
    known = {file for file, names in USED.items() if "redactor.know" in names}
    assert known == {"config_file.py"}


def test_answers_leave_by_one_door() -> None:
    """`Delivery` and the pages' framework answer clients; `writing` puts that on the wire, and `entrance`
    answers what browsers ask before they ask."""
    found = {
        file
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == "http.response.start"
    }
    assert found == {
        "server/delivery.py",
        "server/connections/writing.py",
        "server/access/entrance.py",
    }


def test_keys_are_not_part_of_what_objects_say_of_themselves() -> None:
    """A field that holds a key has no place in a `repr`, which ends up in errors."""
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef) or "dataclass" not in ast.unparse(node)[:400]:
                continue
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and ast.unparse(field.target) in HIDDEN:
                    place = f"{file}: {node.name}.{ast.unparse(field.target)}"
                    assert field.value is not None and "repr=False" in ast.unparse(field.value), (
                        place
                    )


HIDDEN = {"secret", "api_key", "proxy", "password", "written_secrets", "hash"}


def test_requests_do_not_show_their_headers() -> None:
    """What a client sends, and what its provider gets, have a key in them."""
    headers = {"authorization": "Bearer sk-0123456789"}
    endpoint = snapshot("default: openai:gpt-5").endpoints["openai"]
    for request in (Inbound(b"{}", headers), UpstreamRequest(endpoint, "http://x", headers, b"{}")):
        assert "sk-0123456789" not in repr(request)
