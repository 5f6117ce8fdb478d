"""Findings as a SARIF log, the form that code scanners and editors share. No IO.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from gateway.config.findings import Finding, Severity

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "note": "note"}


def render_sarif(findings: Sequence[Finding], *, version: str) -> str:
    """One log with one run; `version` is that of the gateway."""
    codes = list(dict.fromkeys(found.code for found in findings))
    driver = {
        "name": "gateway validate-config",
        "version": version,
        "rules": [{"id": code} for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, codes.index(found.code)) for found in findings],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(found: Finding, rule: int) -> dict[str, Any]:
    region = {
        "startLine": found.line,
        "startColumn": found.column,
        "endColumn": found.column + found.width,
    }
    text = f"{found.message}. {found.help}" if found.help else found.message
    return {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": _LEVELS[found.severity],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(found.file.replace("\\", "/"))},
                    "region": region,
                }
            }
        ],
    }
