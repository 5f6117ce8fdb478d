"""Findings for continuous integration: annotations of GitHub, and SARIF."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from config.marked import findings
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Finding
from gateway.config.told.render import render_github
from gateway.config.told.sarif import SCHEMA, render_sarif

words = st.text(st.sampled_from("ab%,:\r\n[](ü) "), max_size=8)
some = st.builds(
    Finding,
    file=words,
    line=st.integers(1, 9),
    column=st.integers(1, 9),
    code=st.sampled_from(["bad-value", "unknown-key", "overlap"]),
    severity=st.sampled_from(["error", "warning", "note"]),
    message=words,
    help=words,
    width=st.integers(1, 9),
)
COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)")


def plain(text: str) -> str:
    """A value of a workflow command, as GitHub reads it."""
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


@given(st.lists(some, max_size=3))
def test_each_finding_is_one_workflow_command(found: list[Finding]) -> None:
    """Whatever it says, it stays in its line and its place, and can be read back."""
    printed = render_github(found)
    read = [COMMAND.fullmatch(line) for line in printed.split("\n")] if found else []
    assert len(read) == len(found)
    for match, finding in zip(read, found, strict=True):
        assert match is not None
        level = {"note": "notice"}.get(finding.severity, finding.severity)
        help = f" ({finding.help})" if finding.help else ""
        assert (match[1], plain(match[3])) == (level, finding.message + help)
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        assert {name: plain(value) for name, value in properties.items()} == {
            "file": finding.file,
            "line": str(finding.line),
            "endLine": str(finding.line),
            "col": str(finding.column),
            "endColumn": str(finding.column + finding.width),
            "title": finding.code,
        }


@given(st.lists(some, max_size=4))
def test_a_sarif_log_has_the_documented_shape(found: list[Finding]) -> None:
    """Sections 3.13 to 3.30 of the standard: what is required is there, and indexes point right."""
    log = json.loads(render_sarif(found, version="1.2.3"))
    assert (log["$schema"], log["version"]) == (SCHEMA, "2.1.0")
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert driver["version"] == "1.2.3"
    assert run["columnKind"] == "unicodeCodePoints"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert [read_back(result, ids) for result in run["results"]] == [
        (f.file, f.line, f.column, f.width, f.code, f.severity) for f in found
    ]


def read_back(result: dict[str, Any], ids: list[str]) -> tuple[Any, ...]:
    """What a result says of a finding."""
    assert set(result) == {"ruleId", "ruleIndex", "level", "message", "locations"}
    assert ids[result["ruleIndex"]] == result["ruleId"]
    assert result["level"] in ("none", "note", "warning", "error")
    assert isinstance(result["message"]["text"], str)
    [location] = result["locations"]
    place = location["physicalLocation"]
    uri, region = place["artifactLocation"]["uri"], place["region"]
    assert re.fullmatch(r"[A-Za-z0-9_.~/%-]*", uri)
    width = region["endColumn"] - region["startColumn"]
    return (
        unquote(uri),
        region["startLine"],
        region["startColumn"],
        width,
        result["ruleId"],
        result["level"],
    )


def test_an_annotation_reads_as_the_finding() -> None:
    """With the help at its end, and colons only where they part."""
    found = findings("default: openai:x\nserver: {prot: 1}\n")
    assert render_github(found) == (
        "::error file=config.yaml,line=2,endLine=2,col=10,endColumn=14,title=unknown-key::"
        "`server`: unknown key `prot` (did you mean `port`?)"
    )
