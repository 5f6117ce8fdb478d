"""A config is tried by its own tests before it serves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from reload_stories import Story, config

from gateway.reload import ConfigError

RULE = "rules: [{name: small, when: {model: '*haiku*'}, use: lab:small}]"
TESTS = """\
tests:
  - name: haiku is small
    given: {model: claude-haiku-4-5}
    expect: {rule: small, target: "lab:small"}
"""


def written(model: str, rule: str = RULE) -> str:
    return config(model, f"{rule}\ntests: config.test.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.test.yaml").write_text(TESTS)
    (tmp_path / "config.yaml").write_text(written("one"))
    return tmp_path


def test_a_failing_test_refuses_the_config(folder: Path) -> None:
    """Like any finding, at the place of the test; the config before serves on."""
    story = Story(folder / "config.yaml")

    async def told() -> list[str]:
        story.path.write_text(written("two", RULE.replace("use: lab:small", "use: lab:big")))
        refused = await story.model()
        story.path.write_text(written("three"))
        return [refused, await story.model()]

    assert asyncio.run(told()) == ["one", "three"]
    assert story.outcomes == ["loaded", "refused", "loaded"]
    [finding] = story.findings
    assert (finding.file, finding.line, finding.code) == ("config.test.yaml", 2, "test-failed")
    assert finding.message == (
        "test `haiku is small` fails: target: expected 'lab:small', got 'lab:big'"
    )


def test_mending_the_test_takes_the_config(folder: Path) -> None:
    """Files of tests are watched like the config itself."""
    story = Story(folder / "config.yaml")

    async def told() -> list[str]:
        story.path.write_text(written("two", RULE.replace("use: lab:small", "use: lab:big")))
        refused = await story.model()
        (folder / "config.test.yaml").write_text(TESTS.replace("lab:small", "lab:big"))
        return [refused, await story.model()]

    assert asyncio.run(told()) == ["one", "two"]


def test_a_gateway_does_not_start_with_a_config_that_fails_its_tests(folder: Path) -> None:
    """As it does not start with any other finding."""
    (folder / "config.test.yaml").write_text(TESTS.replace("lab:small", "lab:big"))
    with pytest.raises(ConfigError) as caught:
        Story(folder / "config.yaml")
    assert [found.code for found in caught.value.findings] == ["test-failed"]


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "unreadable"), ("tests: 5\n", "bad-value"), ("tests: [\n", "syntax")],
    ids=["missing", "no tests", "no YAML"],
)
def test_tests_that_cannot_be_run_refuse_the_config(
    folder: Path, text: str | None, code: str
) -> None:
    """Nobody knows what they would have said."""
    tests = folder / "config.test.yaml"
    tests.unlink()
    if text is not None:
        tests.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Story(folder / "config.yaml")
    [finding] = caught.value.findings
    assert (finding.file, finding.code) == ("config.test.yaml", code)


def test_tests_that_take_too_long_refuse_the_config(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload ends at some time, whatever the tests are."""
    monkeypatch.setattr("gateway.reload.own_tests.LONGEST", -1.0)
    with pytest.raises(ConfigError) as caught:
        Story(folder / "config.yaml")
    assert [found.code for found in caught.value.findings] == ["tests-too-long"]


def test_tests_that_state_their_environment_see_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that they say the same on every machine; what serves has the variables of this one."""
    monkeypatch.setenv("LAB_MODEL", "of-this-machine")
    rule = RULE.replace("lab:small", '"lab:${LAB_MODEL}"')
    (folder / "config.yaml").write_text(written("one", rule))
    stated = "config: config.yaml\nenvironment: {LAB_MODEL: small}\n"
    (folder / "config.test.yaml").write_text(stated + TESTS)
    story = Story(folder / "config.yaml")
    assert story.store.snapshot.rules[0].target.model == "of-this-machine"
