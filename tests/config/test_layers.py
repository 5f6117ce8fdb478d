"""Configs that are made of several files, and overlays."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from typing import Any

import pytest
from config.whole import ENVIRONMENT, WHOLE
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values

from gateway.config import Files, Finding, Loaded, load, render_concise
from gateway.config.text.includes import MAX_DEPTH, MAX_FILES, read_whole
from gateway.config.text.layers import Layer, laid_over
from gateway.config.text.source import MAX_VALUES

RULE = "{{name: {0}, when: {{model: {0}}}, use: 'openai:{1}'}}"


def folder(**texts: str) -> Files:
    """Files by their names without `.yaml`, and one preset."""

    def read(name: str) -> str:
        stem = name.removesuffix(".yaml")
        if stem not in texts:
            raise OSError(errno.ENOENT, "No such file or directory")
        return texts[stem]

    return Files(read=read, presets={"house": "house.yaml"})


def loaded(text: str, env: str = "", /, **texts: str) -> Loaded:
    """What a config in such a folder comes to."""
    environment = {"OPENAI_API_KEY": "k", "GATEWAY_ENV": env}
    return load(text, file="config.yaml", environment=environment, files=folder(**texts))


def everywhere(text: str, env: str = "", /, **texts: str) -> Loaded:
    """The same, and what is wrong in the overlays that do not apply."""
    environment = {"OPENAI_API_KEY": "k", "GATEWAY_ENV": env}
    files = folder(**texts)
    return load(text, file="config.yaml", environment=environment, files=files, every_overlay=True)


def targets(result: Loaded) -> dict[str, str]:
    """Rule -> target, in order."""
    assert result.snapshot is not None, render_concise(result.findings)
    rules = (*result.snapshot.rules, result.snapshot.default)
    return {rule.name: str(rule.target) for rule in rules}


def rules(*names: str, model: str = "a") -> str:
    """A list of rules."""
    return f"rules: [{', '.join(RULE.format(name, model) for name in names)}]\n"


def spots(found: tuple[Finding, ...]) -> list[tuple[str, int, int, str]]:
    """Where findings are, and what they are about."""
    return [(one.file, one.line, one.column, one.code) for one in found]


# -- laws --------------------------------------------------------------------------------------------


@given(st.data())
def test_a_config_in_pieces_is_the_config(data: st.DataObject) -> None:
    """Sections can stand in any of the files; what is read is the same, and each value is found in
    its file."""
    names = list(WHOLE)
    homes = data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
    pieces: list[dict[str, Any]] = [{}, {}, {}]
    for name, home in zip(names, homes, strict=True):
        pieces[home][name] = WHOLE[name]
    own = {**pieces[0], "include": ["house", "./b.yaml"]}
    texts = [json.dumps(piece, indent=1) for piece in (own, *pieces[1:])]
    files = folder(house=texts[1], b=texts[2])
    whole = read_whole(texts[0], "config.yaml", files, ENVIRONMENT)
    assert whole.layer.value == WHOLE
    assert whole.findings == ()
    for place in whole.layer.places.values():
        line = whole.positions.lines_of(place.value)[place.value.line - 1]
        if place.typed is not None:
            assert json.loads(line[place.value.column - 1 : place.value.end_column - 1]) is not None
    result = load(texts[0], file="config.yaml", environment=ENVIRONMENT, files=files)
    alone = load(json.dumps(WHOLE), file="config.yaml", environment=ENVIRONMENT)
    assert targets(result) == targets(alone)
    assert {one.code for one in result.findings} == {one.code for one in alone.findings}


named = st.lists(
    st.builds(lambda name, use: {"name": name, "use": use}, st.sampled_from("abcd"), st.integers()),
    unique_by=lambda rule: str(rule["name"]),
    max_size=4,
)


@given(named, named, named)
def test_rules_can_be_laid_over_in_any_grouping(one: Any, two: Any, three: Any) -> None:
    """Three files give the same rules whether the first two or the last two are taken together; each
    name stands once, as its uppermost file has it, and nothing is lost."""
    a, b, c = (Layer({"rules": rules}, {}) for rules in (one, two, three))
    whole = laid_over(laid_over(a, b), c).value["rules"]
    assert whole == laid_over(a, laid_over(b, c)).value["rules"]
    uppermost = {rule["name"]: rule for rules in (three, two, one) for rule in rules}
    assert {rule["name"]: rule for rule in whole} == uppermost
    assert len(whole) == len(uppermost)


@given(named, named)
def test_rules_keep_their_order(over: Any, under: Any) -> None:
    """The rules of the file below stay in their order, with what replaces them in their places, and
    new ones come first, in theirs."""
    whole = [rule["name"] for rule in laid_over(_layer(over), _layer(under)).value["rules"]]
    below = [rule["name"] for rule in under]
    new = [rule["name"] for rule in over if rule["name"] not in below]
    assert whole == [*new, *below]


def _layer(rules: Any) -> Layer:
    return Layer({"rules": rules}, {})


# -- what stands over what ---------------------------------------------------------------------------


def test_the_including_file_stands_over_the_included_ones() -> None:
    """And a later include over an earlier one: of mappings, rules and the default."""
    result = loaded(
        "include: [./a.yaml, ./b.yaml]\nserver: {port: 1}\n" + rules("mine", "deep", model="mine"),
        a="include: [./deep.yaml]\nserver: {port: 2, max_body: 1MiB}\ndefault: openai:a\n"
        + rules("a", "both", model="a"),
        b="server: {port: 3, host: localhost}\ndefault: openai:b\n" + rules("both", "b", model="b"),
        deep="server: {port: 4}\n" + rules("deep", "a", model="deep"),
    )
    assert targets(result) == {
        "mine": "openai:mine",
        "b": "openai:b",
        "both": "openai:b",
        "deep": "openai:mine",
        "a": "openai:a",
        "default": "openai:b",
    }
    assert result.snapshot is not None
    settings = result.snapshot.server
    assert (settings.port, settings.max_body, settings.host) == (1, 1 << 20, "localhost")
    assert result.files == ("a.yaml", "deep.yaml", "b.yaml")


def test_a_default_is_taken_whole() -> None:
    """Half of one default and half of another is something that nobody wrote."""
    result = loaded(
        "include: [house]\ndefault: {use: openai:mine}\n",
        house="default: {use: openai:a, transforms: [t]}\n"
        "transforms: {t: [{system: {append: x}}]}\n",
    )
    assert result.snapshot is not None
    assert result.snapshot.default.transforms == ()


def test_an_empty_section_overrides_nothing() -> None:
    """A section all of whose lines are comments is as good as absent, here and in an overlay."""
    text = "include: [house]\nrules:\n  # none of mine\noverlays: {prod: {rules: }}\n"
    assert list(targets(loaded(text, "prod", house=rules("a") + "default: openai:b"))) == [
        "a",
        "default",
    ]


def test_a_file_can_be_included_twice() -> None:
    """By two others: that is no cycle, and it is read once."""
    result = loaded(
        "include: [./a.yaml, ./b.yaml]\ndefault: openai:x\n",
        a="include: [./base.yaml]\n",
        b="include: [./base.yaml]\n",
        base=rules("base"),
    )
    assert list(targets(result)) == ["base", "default"]
    assert result.files == ("a.yaml", "base.yaml", "b.yaml")


def test_an_include_can_name_a_variable() -> None:
    """Teams choose their file by it."""
    text = "include: ['./${TEAM}.yaml']\ndefault: openai:x\n"
    files = folder(red=rules("red"))
    for environment, codes in (({"TEAM": "red"}, []), ({}, ["unset-variable"])):
        result = load(text, file="c", environment=environment, files=files)
        assert [one.code for one in result.findings] == codes


# -- what is wrong, and where ------------------------------------------------------------------------


def test_findings_name_the_file_and_the_line_of_their_origin() -> None:
    """Also inside a pattern, across files, and of a rule that another file hides."""
    result = loaded(
        "include: [./a.yaml]\nrules:\n- {name: all, use: 'openai:x'}\ndefault: opena:x\n",
        a="rules:\n- {name: a, when: {model: '/(/'}, use: 'openai:y'}\n"
        "- {name: b, when: {model: b}, use: 'openai:y'}\n",
    )
    assert spots(result.findings) == [
        ("a.yaml", 2, 30, "bad-pattern"),
        ("a.yaml", 3, 10, "unreachable-rule"),
        ("config.yaml", 4, 10, "unknown-provider"),
    ]


def test_includes_that_lead_in_a_circle_are_found() -> None:
    """Over any number of files, at the entry that closes the circle, and once."""
    result = loaded(
        "include: [./a.yaml]\ndefault: openai:x\n",
        a="include: [./b.yaml]",
        b="include: [./x/../a.yaml, ./config.yaml, ./b.yaml]",
    )
    assert spots(result.findings) == [
        ("b.yaml", 1, 11, "include-cycle"),
        ("b.yaml", 1, 26, "include-cycle"),
        ("b.yaml", 1, 41, "include-cycle"),
    ]


BOUNDS: Mapping[str, dict[str, str]] = {
    "depth": {f"f{n}": f"include: [./f{n + 1}.yaml]" for n in range(MAX_DEPTH + 2)},
    "number": {"f0": f"include: [{', '.join(f'./g{n}.yaml' for n in range(MAX_FILES + 2))}]"}
    | {f"g{n}": "version: 1" for n in range(MAX_FILES + 2)},
    "values": {
        f"f{n}": f"include: [./f{n + 1}.yaml]\nx: [{'a, ' * (MAX_VALUES // 3)}]" for n in range(4)
    },
    "length": {"f0": "#" * (2 << 20)},
}


@pytest.mark.parametrize("bound", BOUNDS)
def test_what_is_included_is_bounded(bound: str) -> None:
    """In depth, in number, in values, and in length; the refusal says where."""
    result = loaded("include: [./f0.yaml]\ndefault: openai:x\n", **BOUNDS[bound])
    assert "too-large" in {one.code for one in result.findings}
    assert result.snapshot is None


NOT_SETTINGS = {
    "a list": ("- a", "expected settings such as `rules:`, got a list"),
    "a text": ("just text", "expected settings such as `rules:`, got `just text`"),
    "no YAML": ("rules: [", "did not find expected"),
}


@pytest.mark.parametrize("kind", NOT_SETTINGS)
def test_an_included_file_that_is_no_config_is_named(kind: str) -> None:
    """With what it holds instead."""
    text, says = NOT_SETTINGS[kind]
    [found] = loaded("include: [house]\ndefault: openai:x\n", house=text).findings
    assert found.file == "house.yaml"
    assert says in found.message


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_included_file_may_be_empty(text: str) -> None:
    """It will be filled."""
    assert loaded("include: [house]\ndefault: openai:x\n", house=text).findings == ()


def test_the_id_covers_every_file() -> None:
    """A change in an included file, or of the overlay, is another config."""
    text = "include: [house]\ndefault: openai:x\noverlays: {prod: {}, dev: {}}\n"
    results = [
        loaded(text, house="version: 1"),
        loaded(text, house="version: 1 # changed"),
        loaded(text, "prod", house="version: 1"),
        loaded(text, "dev", house="version: 1"),
    ]
    assert len({result.snapshot and result.snapshot.id for result in results}) == len(results)


odd = st.one_of(
    json_values(),
    st.lists(st.sampled_from(["house", "./a.yaml", "", "${A}", "${", "./${A}", "/", "..", "\x00"])),
    st.dictionaries(st.sampled_from(["prod", "dev"]), st.one_of(json_values(), st.just(WHOLE))),
)


@given(odd, odd, odd, st.sampled_from(["", "prod", "other"]))
def test_anything_can_stand_where_files_and_overlays_are_named(
    include: Any, overlays: Any, deeper: Any, env: str
) -> None:
    """It is loaded or explained, at places inside one of the texts."""
    text = json.dumps({"include": include, "overlays": overlays, "default": "mock:x"})
    house = json.dumps({"include": deeper, "overlays": deeper})
    result = everywhere(text, env, house=house, a="rules: [{name: a}]")
    errors = [one for one in result.findings if one.severity == "error"]
    assert (result.snapshot is None) == bool(errors)
    for one in result.findings:
        lines = result.sources[one.file].split("\n")
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1


def test_a_file_that_a_variable_names_is_not_told() -> None:
    """What the environment holds is not shown, in whatever way the entry is wrong."""
    for entry in ("./${SECRET}.yaml", "${SECRET}", "./${SECRET}/../b.yaml"):
        text = f"include: ['{entry}']\ndefault: openai:x\n"
        result = load(text, file="c", environment={"SECRET": "planted"}, files=folder())
        assert result.findings
        assert "planted" not in render_concise(result.findings)


# -- overlays ----------------------------------------------------------------------------------------

OVERLAYS = (
    rules("fast", "slow")
    + "default: openai:x\nserver: {port: 1, host: localhost}\n"
    + "overlays:\n  prod: {default: openai:big, server: {port: 2}, "
    + rules("slow", model="big").strip()
    + "}\n  dev:\n"
)


@pytest.mark.parametrize(
    ("env", "expected", "port"),
    [
        ("", {"fast": "openai:a", "slow": "openai:a", "default": "openai:x"}, 1),
        ("dev", {"fast": "openai:a", "slow": "openai:a", "default": "openai:x"}, 1),
        ("prod", {"fast": "openai:a", "slow": "openai:big", "default": "openai:big"}, 2),
    ],
)
def test_the_environment_chooses_an_overlay(env: str, expected: dict[str, str], port: int) -> None:
    """It is laid over the config like a config over what it includes."""
    result = loaded(OVERLAYS, env)
    assert targets(result) == expected
    assert result.snapshot is not None
    assert (result.snapshot.server.port, result.snapshot.server.host) == (port, "localhost")


def test_an_overlay_that_does_not_exist_keeps_the_config_from_serving() -> None:
    """A misspelt name would serve production with the settings of the desk. The name is not shown: it
    comes from the environment."""
    [found] = loaded(OVERLAYS, "prdo").findings
    assert (found.severity, found.code, found.line) == ("error", "unknown-overlay", 4)
    assert found.message == "`overlays`: GATEWAY_ENV names none of `prod`, `dev`"
    assert found.help == "did you mean `prod`?"
    [found] = loaded("default: openai:x", "prod").findings
    assert (found.severity, found.code) == ("warning", "unknown-overlay")


def test_every_overlay_is_checked_wherever_it_is_asked_for() -> None:
    """A mistake that would show in production is found at the desk; what is unset there is not one,
    and what one overlay uses is used."""
    text = (
        "default: openai:x\ntransforms: {t: [{system: {append: a}}]}\n"
        "overlays:\n  prod: {default: {use: 'openai:x', transforms: [t]}, server: {prot: 1}}\n"
        "  test: {providers: {openai: {api_key: '${ELSEWHERE}'}}, default: opena:y}\n"
    )
    result = everywhere(text)
    assert spots(result.findings) == [
        ("config.yaml", 4, 64, "unknown-key"),
        ("config.yaml", 5, 67, "unknown-provider"),
    ]
    assert [one.code for one in loaded(text).findings] == ["unused-transform"]


MISSHAPEN = {
    "a list of overlays": ("overlays: [prod]", "expected a mapping of names"),
    "an overlay of text": ("overlays: {prod: text}", "`overlays.prod`: expected settings"),
    "overlays in an overlay": ("overlays: {prod: {overlays: {}}}", "cannot stand in an overlay"),
}


@pytest.mark.parametrize("kind", MISSHAPEN)
def test_an_overlay_is_a_mapping(kind: str) -> None:
    """Whether it applies or not."""
    text, says = MISSHAPEN[kind]
    [found] = loaded(f"default: openai:x\n{text}\n").findings
    assert says in found.message
