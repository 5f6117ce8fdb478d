"""The documentation of rules is the one of the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from gateway.config import load
from gateway.config.schemas.reference import render_rules, render_transforms
from gateway.config.schemas.rule_schema import actions
from gateway.routing import CONDITIONS
from gateway.transforms import FACTS, TRANSFORMS

DOCS = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_checked_in_reference_is_the_one_of_the_code() -> None:
    """`gateway docs rules > docs/rules.md` writes it anew."""
    assert DOCS.read_text("utf-8") == render_rules()


def test_every_condition_and_action_has_its_entry() -> None:
    """Nothing that can be written is missing."""
    headings = re.findall(r"^### `(.*)`$", render_rules(), re.MULTILINE)
    assert headings == [*CONDITIONS, *actions()]


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)\n```", render_rules(), re.DOTALL))
def test_every_example_is_part_of_a_sound_config(example: str) -> None:
    """A rule that is made of it can be loaded."""
    part = yaml.safe_load(example)
    rule = {"name": "example", **part}
    if not rule.keys() & {"use", "weights", "refuse", "continue"}:
        rule["use"] = "openai:gpt-5"
    if isinstance(rule.get("use"), list):
        rule["needs"] = "auto"
    if "needs" in part:
        rule["use"] = ["openai:gpt-5"]
    config = {
        "rules": [rule],
        "default": "openai:gpt-5",
        "transforms": {name: [{"system": {"append": "x"}}] for name in part.get("transforms", ())},
    }
    loaded = load(yaml.safe_dump(config), file="c", environment={"OPENAI_API_KEY": "k"})
    assert loaded.snapshot is not None, loaded.findings


TRANSFORM_DOCS = DOCS.with_name("transforms.md")


def test_the_checked_in_reference_of_transforms_is_the_one_of_the_code() -> None:
    """`gateway docs transforms > docs/transforms.md` writes it anew."""
    assert TRANSFORM_DOCS.read_text("utf-8") == render_transforms()


def test_every_step_and_fact_has_its_entry() -> None:
    """Nothing that can be written is missing."""
    text = render_transforms()
    assert re.findall(r"^### `(.*)`$", text, re.MULTILINE) == [*TRANSFORMS]
    for name in FACTS:
        assert f"- `{name}`: " in text
    for kind in TRANSFORMS.values():
        for key in kind.schema.get("properties", {}):
            assert f"| `{key}` |" in text


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_example_of_a_step_is_part_of_a_sound_config(name: str) -> None:
    """A transform that is made of it can be loaded, without a finding."""
    config = {
        "default": {"use": "mock:x", "transforms": ["t"]},
        "transforms": {"t": [yaml.safe_load(TRANSFORMS[name].example)]},
    }
    loaded = load(yaml.safe_dump(config), file="c", environment={})
    assert loaded.findings == ()
