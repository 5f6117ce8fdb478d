"""A running gateway asked by its OpenAPI document: `python -m fuzz.api SECONDS [keys]`.

Every operation with bodies, headers and paths that the document allows, and with others: no answer is a
5xx, and each is one that the document names, in its type and shape. With keys, that no operation which asks
for one does without.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from fuzz import running  # noqa: E402 - the path comes first

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


def main(seconds: int, *, keys: bool) -> int:
    """Prints the figures; 1 if something did not hold."""
    name = "api-keys" if keys else "api"
    with running.gateway(name, keys=keys) as gateway:
        report = running.CACHE / name / "report.json"
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            "schemas/openapi.json",
        ]
        command += ["--url", gateway.url, f"--checks={','.join(CHECKS)}", "--no-color"]
        command += [f"--max-time={seconds}", "--continue-on-failure", "--request-timeout=20"]
        command += ["--phases=examples,coverage,fuzzing", "--suppress-health-check=all"]
        command += [f"--report-json-path={report}"]
        if keys:
            command += ["--header", f"x-api-key: {running.KEY}"]
        done = subprocess.run(command, stdout=sys.stderr, timeout=seconds * 2 + 120, check=False)
        found = running.bugs(gateway)
    for line in found:
        sys.stderr.write(f"{line[:2000]}\n")
    told: Any = json.loads(report.read_text())
    cases, failures = told["test_cases"], told["failures"]
    wrong = [f"{one['title']} ({one['count']})" for one in failures]
    print(
        json.dumps(
            {
                "executions": cases["generated"],
                "crashes": len(found) + len(told["errors"]),
                "hangs": sum(one["count"] for one in failures if "Timeout" in one["type"]),
                "server_errors": sum(
                    one["count"] for one in failures if "ServerError" in one["type"]
                ),
                "note": f"{told['operations']['tested']} operations; {', '.join(wrong) or 'all as told'}",
            }
        )
    )
    return 1 if done.returncode or found else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), keys="keys" in sys.argv[2:]))
