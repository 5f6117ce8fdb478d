"""Tests of rules, written in YAML beside a config and run without any provider. No IO.

    config: claude-code.yaml
    tests:
      - name: long prompts go to the model that holds them
        given: {model: claude-opus-5-5, tokens: 150k}
        expect: {rule: long-context, target: "openrouter:google/gemini-2.5-pro"}

`given` states facts, or has a `request` (a body, or a file of one) with `headers` and a `path`. `expect`
names what the decision shall be; what it does not name may be anything.
"""

from gateway.cases.names import unknown_names
from gateway.cases.outcome import Outcome, run_case
from gateway.cases.suite import BadSuite, Case, Suite, read_suite

__all__ = ["BadSuite", "Case", "Outcome", "Suite", "read_suite", "run_case", "unknown_names"]
