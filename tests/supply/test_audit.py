"""What is locked can be judged without the network: known weaknesses, licences, a bill of materials."""

from __future__ import annotations

import json
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from supply import licences, sbom
from supply.__main__ import audit
from supply.advisories import affects, weaknesses
from supply.advisories import read as read_advisories
from supply.locks import read
from supply.policy import ALLOWED, LICENCES, ROOT, RUNTIME

LOCKED = read((ROOT / RUNTIME).read_text())
SAID = tomllib.loads((ROOT / LICENCES).read_text())
NUMBERS = st.integers(0, 12)


def advisory(name: str = "Jinja2", **affected: Any) -> dict[str, Any]:
    """One in OSV's form, about a package of the lock unless it says otherwise."""
    package = {"ecosystem": "PyPI", "name": name}
    return {
        "id": "PYSEC-0000-1",
        "aliases": ["CVE-0000-1"],
        "summary": "It breaks.",
        "affected": [{"package": package, **affected}],
    }


def ranged(*events: dict[str, str], type: str = "ECOSYSTEM") -> dict[str, Any]:
    """What is affected, as a range."""
    return {"ranges": [{"type": type, "events": [*events]}]}


# -- known weaknesses ----------------------------------------------------------------------------------


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4), NUMBERS, st.randoms())
def test_a_version_is_affected_within_a_range(
    spans: list[tuple[int, int]], version: int, random: Any
) -> None:
    """From where it was introduced until before it was fixed, in whatever order the events stand."""
    apart: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if low < high and (not apart or apart[-1][1] < low):
            apart.append((low, high))
    events = [{"introduced": str(low)} for low, _ in apart]
    events += [{"fixed": str(high)} for _, high in apart]
    random.shuffle(events)
    expected = any(low <= version < high for low, high in apart)
    assert affects(ranged(*events), Version(str(version))) == expected


@pytest.mark.parametrize(
    ("affected", "version", "expected"),
    [
        (ranged({"introduced": "0"}), "0.0.dev1", True),
        (ranged({"introduced": "0"}, {"last_affected": "2.1"}), "2.1.0", True),
        (ranged({"introduced": "0"}, {"last_affected": "2.1"}), "2.1.1", False),
        (ranged({"introduced": "1.0"}, {"fixed": "1.10"}), "1.9", True),
        (ranged({"introduced": "1.0"}, {"fixed": "1.10"}), "1.10rc1", True),
        (ranged({"introduced": "0"}, {"limit": "3"}), "3", False),
        ({"versions": ["1.0", "1.1"]}, "1.1.0", True),
        ({"versions": ["1.0", "1.1"]}, "1.2", False),
        ({"versions": ["1.0-SNAPSHOT?"], **ranged({"introduced": "x"})}, "1.0", False),
        (ranged({"introduced": "0"}, type="GIT"), "1.0", False),
        ({}, "1.0", False),
    ],
)
def test_what_an_advisory_says_of_a_version(
    affected: dict[str, Any], version: str, expected: bool
) -> None:
    """As the specification has it, with the order of versions that Python packages have."""
    assert affects(affected, Version(version)) is expected


def test_a_weakness_is_told_with_what_mends_it() -> None:
    """Names are compared as pip compares them."""
    told = advisory(**ranged({"introduced": "0"}, {"fixed": "99"}))
    (found,) = weaknesses(LOCKED, [told])
    version = next(entry.version for entry in LOCKED if entry.name == "jinja2")
    said = "PYSEC-0000-1 (CVE-0000-1): It breaks.; mended in 99"
    assert str(found) == f"jinja2 {version}: {said}"


@pytest.mark.parametrize(
    "other",
    [
        advisory("left-pad", **ranged({"introduced": "0"})),
        {**advisory(**ranged({"introduced": "0"})), "withdrawn": "2026-01-01T00:00:00Z"},
        {"affected": [{"package": {"ecosystem": "npm", "name": "jinja2"}, "versions": ["3.1.6"]}]},
        {},
    ],
    ids=["package", "withdrawn", "ecosystem", "empty"],
)
def test_what_is_about_something_else_is_no_weakness(other: dict[str, Any]) -> None:
    """Nor what was taken back."""
    assert [*weaknesses(LOCKED, [other])] == []


@pytest.mark.parametrize("form", ["file", "list", "folder", "zip"])
def test_a_copy_of_the_advisories_is_read_as_it_comes(form: str, tmp_path: Path) -> None:
    """One, a list of them, a folder, or the zip that is handed out for a whole ecosystem."""
    known = advisory()
    path = tmp_path / "copy"
    if form == "folder":
        (path / "deep").mkdir(parents=True)
        (path / "deep" / "one.json").write_text(json.dumps(known))
    elif form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("one.json", json.dumps(known))
    else:
        path.write_text(json.dumps([known] if form == "list" else known))
    assert [*read_advisories(path)] == [known]


# -- the audit -----------------------------------------------------------------------------------------


def audited(tmp_path: Path, *known: dict[str, Any]) -> int:
    """The exit code of an audit with these advisories."""
    path = tmp_path / "known.json"
    path.write_text(json.dumps(known))
    return audit([path])


def test_the_locks_pass_the_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With and without advisories, and it is said when there were none."""
    assert audit([]) == 0
    assert "no advisories were given" in capsys.readouterr().out
    assert audited(tmp_path) == 0


def test_a_weakness_fails_the_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also one of a package that only tests use."""
    assert audited(tmp_path, advisory("pytest", **ranged({"introduced": "0"}))) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED")]
    assert [line.split()[1] for line in failed] == ["locks/test.lock", "locks/fuzz.lock"]


def test_a_copy_that_cannot_be_read_is_no_clean_bill(tmp_path: Path) -> None:
    """The exit code differs from that of a weakness."""
    assert audit([tmp_path / "missing.json"]) == 2
    (tmp_path / "bad.json").write_text("no JSON")
    assert audit([tmp_path / "bad.json"]) == 2


# -- licences ------------------------------------------------------------------------------------------


def test_every_licence_is_known_and_allowed() -> None:
    """And the packages that are installed here say the same."""
    assert [*licences.faults(LOCKED, SAID)] == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        *((one, True) for one in sorted(ALLOWED)),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only AND MIT OR BSD-3-Clause", True),
        ("GPL-3.0-only AND (MIT OR BSD-3-Clause)", False),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT BSD-3-Clause", False),
        ("", False),
        ("Apache-2.0 WITH LLVM-exception", False),
    ],
)
def test_which_expressions_are_allowed(expression: str, expected: bool) -> None:
    """Those of which an alternative asks for nothing more; what is not understood is not allowed."""
    assert licences.is_allowed(expression) is expected


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        ({"jinja2": "AGPL-3.0-only"}, "jinja2: AGPL-3.0-only is not among"),
        ({"anyio": "ISC"}, "anyio: declares MIT, but"),
        ({"left-pad": "MIT"}, "left-pad: is not locked"),
    ],
)
def test_another_licence_is_noticed(edit: dict[str, str], fault: str) -> None:
    """Also when a package changes its own."""
    (found,) = licences.faults(LOCKED, {**SAID, **edit})
    assert found.startswith(fault)


def test_a_package_without_a_licence_is_noticed() -> None:
    """Somebody has to look."""
    (found,) = licences.faults(
        LOCKED, {name: said for name, said in SAID.items() if name != "rich"}
    )
    assert found == "rich: look up its licence, and write it into locks/licences.toml"


# -- the bill of materials -----------------------------------------------------------------------------


def bill(locked: Sequence[Any] = LOCKED) -> dict[str, Any]:
    """The document."""
    return sbom.document(locked, SAID, version="1.2.3", licence="MIT")


def test_the_bill_is_one_by_the_standard() -> None:
    """CycloneDX's own schema says so."""
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(bill())) is None


def test_the_bill_names_what_the_lock_holds() -> None:
    """Each package with its version, its licence and the hashes of its files."""
    told = {
        (
            one["name"],
            one["version"],
            tuple(f"sha256:{file['content']}" for file in one["externalReferences"][0]["hashes"]),
            one["licenses"][0]["expression"],
        )
        for one in bill()["components"]
    }
    assert told == {
        (entry.name, str(entry.version), entry.hashes, SAID[entry.name]) for entry in LOCKED
    }


def test_the_bill_tells_who_needs_whom() -> None:
    """Every package is reached from the gateway."""
    needs = {one["ref"]: one["dependsOn"] for one in bill()["dependencies"]}
    waiting, reached = ["pkg:pypi/rules-gateway@1.2.3"], set[str]()
    while waiting:
        ref = waiting.pop()
        reached.add(ref)
        waiting += [one for one in needs[ref] if one not in reached]
    assert reached == needs.keys()
    assert len(reached) == len(LOCKED) + 1
