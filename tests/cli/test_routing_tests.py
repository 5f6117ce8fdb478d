"""`gateway test`: what it finds, runs and prints, and what it says of files that cannot be run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cases import Case, Outcome
from gateway.cli import main
from gateway.cli.routing_tests import Ran, as_junit

CONFIG = """
rules:
  - {name: long, when: {tokens: {above: 100}}, use: mock:long}
  - {name: fast, when: {model: fast}, use: mock:fast}
default: "${TARGET:-mock:usual}"
"""
GOOD = """
config: config.yaml
tests:
  - {name: usual, given: {tokens: 5}, expect: {rule: default, target: mock:usual}}
  - {name: long, given: {tokens: 101}, expect: {rule: long}}
  - {name: fast, given: {model: fast}, expect: {rule: fast}}
"""
WRONG = """
config: config.yaml
tests:
  - {name: usual, given: {tokens: 5}, expect: {rule: default}}
  - {name: not <long> & "wide", given: {tokens: 101}, expect: {rule: fast, target: mock:long}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command, with a config."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    """What the command comes to: its exit code, the lines that it prints, and its complaints."""
    code = main(["test", *words])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def test_all_is_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for the file, and one for everything."""
    (folder / "good.test.yaml").write_text(GOOD)
    code, out, err = told(capsys)
    assert (code, err) == (0, "")
    assert out[0].startswith("good.test.yaml: 3 of 3 passed, ")
    assert out[1:] == ["3 of 3 tests passed"]


def test_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it stands, what was expected and what came; and the rules that no test reaches."""
    (folder / "wrong.test.yaml").write_text(WRONG)
    code, out, err = told(capsys, "wrong.test.yaml")
    assert (code, err) == (1, "")
    assert out[:3] == [
        'FAILED wrong.test.yaml:5: not <long> & "wide"',
        "    rule: expected 'fast', got 'long'",
        "wrong.test.yaml: no test reaches rule fast",
    ]
    assert out[-1] == "1 of 2 tests passed"


def test_full_coverage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule without a test is a failure for those who ask for it."""
    (folder / "some.test.yaml").write_text(GOOD.rpartition("  - ")[0])
    assert told(capsys)[0] == 0
    code, out, _ = told(capsys, "--full-coverage")
    assert (code, out[0]) == (1, "some.test.yaml: no test reaches rule fast")


def test_json_is_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An entry for each test, and one for what each file leaves out."""
    (folder / "wrong.test.yaml").write_text(WRONG)
    code, out, _ = told(capsys, "--json")
    usual, wrong, rest = json.loads("\n".join(out))
    assert code == 1
    passed = {"passed": True, "problems": [], "rules": ["default"]}
    assert usual == {"file": "wrong.test.yaml", "line": 4, "name": "usual", **passed}
    assert (wrong["line"], wrong["passed"], wrong["rules"]) == (5, False, ["long"])
    assert wrong["problems"] == ["rule: expected 'fast', got 'long'"]
    assert rest == {"file": "wrong.test.yaml", "uncovered": ["fast"]}


def test_files_in_folders_are_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However deep, in the order of their names; their configs stand relative to them."""
    (folder / "b").mkdir()
    (folder / "b" / "config.yaml").write_text(CONFIG)
    for name in ("b/z.test.yaml", "a.test.yaml"):
        (folder / name).write_text(GOOD)
    out = told(capsys)[1]
    assert [line.partition(":")[0] for line in out[:2]] == ["a.test.yaml", "b/z.test.yaml"]


def test_the_config_may_be_named_by_the_user(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For tests that name none; such a config sees the environment of the command."""
    (folder / "other.yaml").write_text(CONFIG)
    text = GOOD.replace("config: config.yaml", "").replace("mock:usual", "mock:mine")
    (folder / "a.test.yaml").write_text(text)
    monkeypatch.setenv("TARGET", "mock:mine")
    assert told(capsys, "--config", "other.yaml")[0] == 0


def test_a_named_config_sees_the_variables_of_its_tests_only(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same here and in CI, whatever is set where."""
    monkeypatch.setenv("TARGET", "mock:mine")
    (folder / "a.test.yaml").write_text(GOOD)
    assert told(capsys)[0] == 0
    environment = "environment: {TARGET: mock:theirs}\n"
    (folder / "a.test.yaml").write_text(environment + GOOD.replace("mock:usual", "mock:theirs"))
    assert told(capsys)[0] == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "error[empty]: the file is empty: it needs `tests:`\n --> bad.test.yaml:1:1"),
        (b"tests: [", "error[syntax]"),
        (b"\xff\xfe\x00", "gateway: bad.test.yaml is no text: byte 0 is not UTF-8"),
        (GOOD.replace("given", "givn", 1).encode(), "help: did you mean `given`?"),
        (GOOD.replace("rule: long", "rule: lnog").encode(), "help: did you mean `long`?"),
        (b"config: nosuch.yaml\n" + GOOD[21:].encode(), "nosuch.yaml cannot be read"),
        (b"config: broken.yaml\n" + GOOD[21:].encode(), "error[unknown-provider]: `default`"),
    ],
)
def test_a_file_that_cannot_be_run_keeps_no_other_from_it(
    folder: Path, capsys: pytest.CaptureFixture[str], text: bytes, says: str
) -> None:
    """What is wrong is told in full; the others run, and the exit code says that something is wrong."""
    (folder / "broken.yaml").write_text("default: opnai:x")
    (folder / "bad.test.yaml").write_bytes(text)
    code, out, err = told(capsys)
    assert (code, out) == (2, [])
    assert says in err
    (folder / "good.test.yaml").write_text(GOOD)
    code, out, err = told(capsys)
    assert (code, out[-1]) == (2, "3 of 3 tests passed")
    assert says in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "gateway: there are no tests (*.test.yaml) in .\n"),
        (["config.yaml"], "error[unknown-key]: unknown key `rules`"),
        (
            ["nosuch.test.yaml"],
            "gateway: nosuch.test.yaml cannot be read: No such file or directory\n",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_nothing_to_run(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    """A run that tests nothing is no success."""
    code, out, err = told(capsys, *words)
    assert (code, out) == (2, [])
    assert says in err


def test_the_report_for_ci(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of its own, beside what is printed."""
    (folder / "wrong.test.yaml").write_text(WRONG)
    assert told(capsys, "--junit", "report.xml")[0] == 1
    [suite] = ElementTree.parse(folder / "report.xml").getroot()  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    code, out, err = told(capsys, "--junit", "nosuch/report.xml")
    assert (code, out) == (2, [])
    assert err == "gateway: nosuch/report.xml cannot be written: No such file or directory\n"


@given(
    st.lists(st.lists(st.tuples(st.text(), st.lists(st.text(min_size=1))), max_size=3), max_size=3)
)
def test_the_report_is_xml_whatever_tests_are_called(
    files: list[list[tuple[str, list[str]]]],
) -> None:
    """It counts what it holds, in the form that CI systems read."""
    ran = [
        Ran(f"{at}", [Outcome(Case(name, {}, {}), tuple(problems)) for name, problems in tests])
        for at, tests in enumerate(files)
    ]
    root = ElementTree.fromstring(as_junit(ran))  # noqa: S314 - our own
    assert root.tag == "testsuites"
    for suite, tests in zip(root, files, strict=True):
        assert suite.tag == "testsuite"
        assert int(suite.attrib["tests"]) == len(suite) == len(tests)
        failed = [case.find("failure") is not None for case in suite]
        assert failed == [bool(problems) for _, problems in tests]
        assert int(suite.attrib["failures"]) == sum(failed)
        assert all({"name", "classname"} <= set(case.attrib) for case in suite)


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def test_colour(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red and green on a terminal, unless NO_COLOR is set."""
    (folder / "wrong.test.yaml").write_text(WRONG)
    monkeypatch.setattr("sys.stdout", out := Terminal())
    assert main(["test"]) == 1
    assert "\x1b[31mFAILED\x1b[0m wrong.test.yaml:5" in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", plain := Terminal())
    assert main(["test"]) == 1
    assert "\x1b" not in plain.getvalue()
