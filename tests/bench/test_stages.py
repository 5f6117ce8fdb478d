"""Laws of the stages: each of them claims code that there is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gateway
from bench.stages import STAGES

PACKAGE = Path(gateway.__file__).parent
OURS = sorted(
    {
        claim
        for stage in STAGES
        for claim in (*stage.claims, *stage.under)
        if claim.startswith("gateway/")
    }
)


@pytest.mark.parametrize("claim", OURS)
def test_what_is_claimed_stands_there(claim: str) -> None:
    """A file that moved, or a function of another name, would be charged to another stage unseen."""
    file, _, function = claim.removeprefix("gateway/").partition(":")
    assert (PACKAGE / file).exists()
    if function:
        named = (ast.FunctionDef, ast.AsyncFunctionDef)
        nodes = ast.walk(ast.parse((PACKAGE / file).read_text()))
        assert function in {node.name for node in nodes if isinstance(node, named)}
