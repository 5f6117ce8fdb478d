"""What several places of a config say of tool correction, as the one thing that holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from config.marked import loaded
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import CorrectionSettings, Snapshot
from gateway.config import snapshot as snapshots
from gateway.config.sections.correction import MODEL_TIMEOUT, overlay, settings
from gateway.correction import QUIRKS, Policy
from gateway.correction.tables import DEFAULT
from gateway.routing import CorrectionOverlay, Target

MODES = st.sampled_from(["off", "report", "repair", "model"])
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "mode": MODES,
        "tools": st.dictionaries(st.sampled_from(["Edit", "mcp__*", "*"]), MODES, max_size=2),
        "quirks": st.lists(st.sampled_from(QUIRKS), unique=True),
        "unparsed": st.sampled_from(["wrap", "raw"]),
        "text_calls": st.sampled_from([["text"], ["text", "reasoning"], "off", False, []]),
        "model": st.sampled_from(["openai:a", "ollama:b:c"]),
        "model_timeout": st.sampled_from([5, "10s"]),
        "aliases": st.just({"Write": {"path": "file_path"}}),
    },
)


def together(*places: Any) -> CorrectionSettings:
    return settings(tuple(overlay(place) for place in places))


def snapshot(text: str) -> Snapshot:
    found = loaded(text)
    assert found.snapshot is not None, found.findings
    return found.snapshot


def of(made: Snapshot, target: str, *said: CorrectionOverlay) -> CorrectionSettings:
    """What holds for answers of a target."""
    parsed = Target.parse(target)
    return made.correction_of(parsed, made.endpoints[parsed.provider], said)


@given(st.lists(PLACES, max_size=3), PLACES)
def test_the_strongest_place_has_its_way(weaker: list[Any], strongest: dict[str, Any]) -> None:
    """Whatever a place says holds, if no stronger one speaks."""
    found, alone = together(*weaker, strongest), together(strongest)
    kept = ("unparsed", "text_calls", "model", "model_timeout")
    for name in strongest.keys() & set(kept):
        assert getattr(found, name) == getattr(alone, name)
    if "mode" in strongest:
        assert found.policy.mode == strongest["mode"]
        assert found.policy.overrides == alone.policy.overrides
    if "quirks" in strongest:
        assert found.policy.quirks == set(strongest["quirks"])


@given(st.lists(PLACES, max_size=3), st.integers(0, 3))
def test_a_place_that_says_nothing_changes_nothing(places: list[Any], at: int) -> None:
    """An empty mapping is as good as none."""
    assert together(*places[:at], {}, *places[at:]) == together(*places)


def test_without_a_word_calls_are_repaired_and_nobody_is_asked() -> None:
    """The defaults are what a person expects who has not read about it."""
    assert together() == CorrectionSettings(Policy("repair"))
    assert together().tables is DEFAULT
    assert together().model_timeout == MODEL_TIMEOUT


def test_the_tools_of_stronger_places_come_first_until_a_mode_speaks_for_all() -> None:
    """A rule may name one tool and leave the rest, or say what holds for every tool."""
    everybody = {"tools": {"mcp__*": False, "Edit": "report"}}
    rule = {"tools": {"Edit": "repair"}}
    policy = together(everybody, rule).policy
    assert [policy.mode_of(name) for name in ("Edit", "mcp__a__b", "Read")] == [
        "repair",
        "off",
        "repair",
    ]
    assert together(everybody, rule, False).policy == Policy("off")


def test_the_tables_of_all_places_are_known() -> None:
    """Words of a target are known beside those of everybody."""
    made = together(
        {"aliases": {"Deploy": {"environment": "env"}}, "tool_aliases": {"ship it": "Deploy"}},
        {
            "aliases": {"Deploy": {"where": ["env", "region"]}},
            "noise": {"Deploy": ["why"]},
            "words": {"prod": "production"},
        },
    ).tables
    assert made.aliases_of("Deploy")["environment"] == ("env",)
    assert made.aliases_of("Deploy")["where"] == ("env", "region")
    assert "why" in made.noise_of("Deploy")
    assert made.tools["shipit"] == ("Deploy",)
    assert made.words["prod"] == ("production",)


CONFIG = """
aliases: {mender: "openai:mini"}
providers:
  lab: {dialect: openai-chat, base_url: "http://127.0.0.1:9", text_calls: [text, reasoning]}
  vllm: {text_calls: off}
tool_correction: {tools: {"mcp__*": off}, quirks: [clamp]}
models:
  ollama:qwen3: {correction: {mode: model, model: mender, model_timeout: 500ms}}
  openai:loud: {correction: {text_calls: [reasoning]}}
rules:
  - {name: trial, when: {model: a}, use: "ollama:qwen3", correction: report}
  - {name: own, when: {model: b}, use: "ollama:qwen3", correction: {model: mender, unparsed: raw}}
default: {use: openai:gpt-5, correction: off}
"""


def test_a_target_stands_over_everybody_and_a_rule_over_the_target() -> None:
    """Of what nobody stronger says, the weaker is kept; aliases of targets are understood."""
    made = snapshot(CONFIG)
    target = of(made, "ollama:qwen3")
    assert (target.policy.mode, target.policy.overrides) == ("model", ())
    assert target.policy.quirks == {"clamp"}
    assert (target.model, target.model_timeout) == (Target("openai", "mini"), 0.5)
    trial, own = (rule.correction for rule in made.rules)
    assert trial is not None
    assert own is not None
    assert of(made, "ollama:qwen3", trial).policy.mode == "report"
    assert of(made, "ollama:qwen3", own).unparsed == "raw"
    assert of(made, "ollama:qwen3", trial, own).policy.mode == "report"
    assert made.default.correction is not None
    assert of(made, "openai:gpt-5", made.default.correction).policy == Policy(
        "off", quirks=frozenset({"clamp"})
    )


@pytest.mark.parametrize(
    ("target", "channels"),
    [
        ("ollama:qwen3", ("text",)),
        ("llamacpp:any", ("text",)),
        ("lmstudio:any", ("text",)),
        ("openai:gpt-5", ()),
        ("anthropic:claude", ()),
        ("vllm:any", ()),
        ("lab:any", ("text", "reasoning")),
        ("openai:loud", ("reasoning",)),
    ],
)
def test_calls_are_looked_for_in_the_text_of_servers_that_leave_them_there(
    target: str, channels: tuple[str, ...]
) -> None:
    """By the provider's declaration, unless the config knows better."""
    assert of(snapshot(CONFIG), target).text_calls == channels


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ollama:qwen3", "openai:gpt-5", "openai:loud", "lab:any"]),
            st.lists(PLACES.map(overlay), max_size=1),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_settings_do_not_depend_on_what_was_asked_before(
    asked: list[tuple[str, list[CorrectionOverlay]]],
) -> None:
    """What is remembered is what is worked out anew, however little of it is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "MOST_EDITS", 2)
        made = snapshot(CONFIG)
        for target, said in asked:
            assert of(made, target, *said) == of(replace(made), target, *said)
            assert len(made.__dict__["_corrections"]) <= 2


def test_settings_are_made_once() -> None:
    """Every request of a route has the very same ones: making tables costs more than correcting."""
    made = snapshot(CONFIG)
    assert of(made, "ollama:qwen3") is of(made, "ollama:qwen3")
