"""Checks of what rules do against what is known of their targets. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway import patterns
from gateway.config.checks.reachability import sound_rules, span_of
from gateway.config.findings import Finding
from gateway.config.text.document import Document
from gateway.config.text.positions import Path
from gateway.routing import Rule, analysis
from gateway.routing.conditions import parse_count
from gateway.routing.conditions.contents import CONTENTS
from gateway.routing.conditions.sizes import TOKENS
from gateway.routing.formula import Above, Like


def contexts(document: Document) -> Iterator[Finding]:
    """A rule that asks for what its target cannot take can only fail."""
    for index, rule in sound_rules(document):
        if rule.needs_fit or not rule.targets:
            continue
        path: Path = ("rules", index, "use")
        for target in rule.targets:
            facts = document.get("models", str(target))
            if not isinstance(facts, Mapping):
                continue
            for reason in _impossible(rule, facts):
                message = f"{document.where(('rules', index))}{target} {reason}"
                help = "use another target, or several with `needs: auto`"
                span = document.positions.value(path)
                yield document.positions.warning("incapable-target", span, message, help)


def _impossible(rule: Rule, facts: Mapping[str, Any]) -> Iterator[str]:
    asked = analysis.formula_of(rule)
    if "context" in facts:
        context = parse_count(facts["context"])
        if not analysis.is_possible([asked, analysis.opposite(Above(TOKENS, context))]):
            yield f"holds {context} tokens, and the rule asks for requests with more"
    for what, able in (("image", "images"), ("document", "documents"), ("tools", "tools")):
        has = Like(CONTENTS, patterns.compile_glob(what))
        if facts.get(able) is False and not analysis.is_possible([asked, analysis.opposite(has)]):
            yield f"takes no {able}, and the rule asks for requests with them"


def actions(document: Document) -> Iterator[Finding]:
    """What a rule does has to make sense together."""
    for path in document.uses():
        rule = document.get(*path)
        if not isinstance(rule, Mapping):
            continue
        for code, keys, message, help in TOGETHER:
            if all(key in rule for key in keys):
                span = document.positions.key((*path, keys[-1]))
                yield document.positions.error(code, span, document.where(path) + message, help)
        if not any(key in rule for key in DECIDING):
            message = f"{document.where(path)}it says nothing of where requests go"
            help = "add `use: provider:model`, or `continue: true` for a rule that only edits"
            yield document.positions.error("no-target", span_of(document, path), message, help)
        used = rule.get("use")
        if isinstance(used, list) and "needs" not in rule:
            message = (
                f"{document.where(path)}several targets, and nothing says which of them is taken"
            )
            help = (
                "add `needs: auto`, put the others under `fallback:`, or give shares in `weights:`"
            )
            span = document.positions.value((*path, "use"))
            yield document.positions.error("several-targets", span, message, help)


def correction_models(document: Document) -> Iterator[Finding]:
    """Whoever wants a model to be asked has to name one, and a model that is named has to be wanted."""
    places = list(document.corrections())
    naming = [place[0] for place in places if "model" in document.names(*place)]
    asking = [place for place in places if any(_asks(document, place))]
    for place in asking:
        # A rule may send to a target that names one.
        weaker = {"tool_correction"} if place[0] == "models" else {"tool_correction", "models"}
        if weaker.isdisjoint(naming) and "model" not in document.names(*place):
            path = next(_asks(document, place))
            message = f"{document.where(path)}no model is named that could be asked"
            help = "add `model: provider:model` under `tool_correction:`, or here"
            span = document.positions.value(path)
            yield document.positions.error("no-correction-model", span, message, help)
    for place in places if not asking else ():
        if "model" in document.names(*place) and not document.broken:
            path = (*place, "model")
            message = f"{document.where(path)}nobody asks it"
            span = document.positions.key(path)
            help = "write `mode: model` where it shall be asked"
            yield document.positions.warning("unused-correction-model", span, message, help)


def _asks(document: Document, place: Path) -> Iterator[Path]:
    """Where the mode `model` stands in what a place says of tool correction."""
    tools = ((*place, "tools", tool) for tool in document.names(*place, "tools"))
    for path in (place, (*place, "mode"), *tools):
        if document.get(*path) == "model":
            yield path


DECIDING = ("use", "weights", "refuse", "continue")
"""Keys one of which every rule has."""

TOGETHER = (
    ("use-and-weights", ("use", "weights"), "`use` and `weights` both name targets", "keep one"),
    ("refuse-and-use", ("use", "refuse"), "it refuses and names a target", "keep one"),
    (
        "continue-and-use",
        ("use", "continue"),
        "a rule that goes on chooses no target",
        "remove `use`, or `continue`",
    ),
    (
        "continue-and-refuse",
        ("refuse", "continue"),
        "a rule that goes on cannot refuse",
        "remove `refuse`, or `continue`",
    ),
)
"""Keys that exclude each other: code, keys, what is wrong, what helps."""
