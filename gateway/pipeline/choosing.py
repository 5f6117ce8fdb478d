"""Chooses the route of a request from everything that can name one. No IO."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from gateway.config import ClientKey, ModelFacts, Snapshot
from gateway.dialects.offers import server_kinds
from gateway.errors import InvalidRequest, NotFound, PolicyBlocked
from gateway.estimates import Estimates
from gateway.messages import MessagesRequest
from gateway.pipeline.granted import granted, rules_for
from gateway.pipeline.sizing import Sizing
from gateway.routing import BadTarget, Facts, Pins, Route, Rule, Target, Unfit, route
from gateway.routing.rules import bound

DISCOVERED = "claude-via-"
"""How models are listed for clients that keep only names with `claude` in them: what follows is an
alias or a target."""


def choose(
    snapshot: Snapshot,
    request: MessagesRequest,
    facts: Facts,
    pins: Pins,
    *,
    sizing: Sizing | None = None,
    has_to_fit: bool = True,
) -> Route:
    """The route: a target in the URL, a target as the model, the first rule that matches, the default.

    What a person spelled out wins over what rules infer, where the config allows it. `sizing` knows the
    tokens of targets. A prompt that fits nowhere is refused where it `has_to_fit`. Raises `NotFound`,
    `InvalidRequest`, `PolicyBlocked`, and `Forbidden` where the client's key does not open the target.
    """
    chosen = _named(snapshot, facts)
    key = snapshot.server.key_named(facts.key) if facts.key is not None else None
    if chosen is None:
        fitting = Fitting(snapshot, facts, sizing or Sizing(snapshot, Estimates()), key)
        rules = snapshot.rules if key is None else rules_for(snapshot, key)
        chosen = route(rules, snapshot.default, facts, pins=pins, fits=fitting.why_not)
        if key is not None:
            chosen = granted(key, chosen, snapshot, facts)
        if chosen.unfit and has_to_fit:
            fitting.check(chosen)
    elif key is not None:
        chosen = granted(key, chosen, snapshot, facts)
    elsewhere = chosen.server_tools or snapshot.server_tools
    if not isinstance(elsewhere, Target) or chosen.refuse is not None or "tools" not in request:
        return chosen
    return _with_server_tools(snapshot, request, chosen, bound(elsewhere, facts), key)


def _named(snapshot: Snapshot, facts: Facts) -> Route | None:
    """The route that a person spelled out, in the URL or as the model."""
    prefix = facts.path_prefix
    if prefix and (target := target_of_prefix(snapshot, prefix)) is not None:
        return Route(target, "path")
    if (target := target_of_model(snapshot, facts.model)) is not None:
        return Route(target, "model")
    return None


def target_of_model(snapshot: Snapshot, model: str) -> Target | None:
    """The target that a model's name stands for; None when rules decide.

    Raises `InvalidRequest`, and `PolicyBlocked` where the config lets nobody name a target.
    """
    name = model.removeprefix(DISCOVERED)
    if ":" not in name and name not in snapshot.aliases:  # as nearly always
        return None
    alias = snapshot.aliases.get(name)
    provider, colon, _ = name.partition(":")
    if alias is None and not (colon and provider in snapshot.endpoints):
        return None
    if snapshot.named_targets == "refuse":
        raise PolicyBlocked(_REFUSED.format(where=f"the model {model!r}"))
    return alias or _parsed(name)


def target_of_prefix(snapshot: Snapshot, prefix: str) -> Target | None:
    """The target that a URL prefix spells out; None when rules decide.

    Raises `NotFound`, `InvalidRequest`, and `PolicyBlocked` where the config lets nobody name a target.
    """
    if not prefix:
        return None
    first = prefix[1:].partition("/")[0]
    if ":" not in first:
        known = (p for p in snapshot.path_prefixes if prefix == p or prefix.startswith(p + "/"))
        if next(known, None) is None:
            raise NotFound(_unknown_prefix(snapshot, prefix))
        return None
    if snapshot.named_targets == "refuse":
        raise PolicyBlocked(_REFUSED.format(where=f"the URL prefix {prefix!r}"))
    target = _parsed(prefix[1:])
    if target.provider not in snapshot.endpoints:
        raise NotFound(
            f"There is no provider {target.provider!r}."
            + _suggestion(target.provider, snapshot.endpoints)
        )
    return target


_REFUSED = (
    "Here rules alone decide where requests go, and {where} names a target. Ask for a model without its "
    "provider, such as claude-sonnet-5, at a URL without a target. (The gateway's config says "
    "`named_targets: refuse`.)"
)


def _parsed(text: str) -> Target:
    try:
        return Target.parse(text)
    except BadTarget as error:
        raise InvalidRequest(f"The model is not a target: {error}") from None


def _unknown_prefix(snapshot: Snapshot, prefix: str) -> str:
    provider, _, model = prefix[1:].partition("/")
    if provider in snapshot.endpoints and model and snapshot.named_targets == "allow":
        return (
            f"There is nothing at {prefix}. To select a model by URL put a colon after the provider: "
            f"/{provider}:{model}"
        )
    return (
        f"There is nothing at {prefix}: no rule asks for this path, and it names no provider:model."
    )


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known are: {', '.join(names)}."


def _with_server_tools(
    snapshot: Snapshot,
    request: MessagesRequest,
    chosen: Route,
    elsewhere: Target,
    key: ClientKey | None,
) -> Route:
    """The route, or the one elsewhere, where its target lacks server tools of the request."""
    runs = snapshot.endpoints[chosen.target.provider].dialect.server_tools
    if runs is None or server_kinds(request.tools) <= runs:
        return chosen
    if key is not None and not key.may_use(elsewhere):
        return chosen
    return replace(chosen, target=elsewhere, origin="server_tools")


class Fitting(Struct, frozen=True):
    """Whether targets can serve a request, as far as the config's `models:` says what they can."""

    _snapshot: Snapshot
    _facts: Facts
    _sizing: Sizing
    _key: ClientKey | None = None

    def why_not(self, target: Target, rule: Rule) -> Unfit | None:
        """Why the target cannot serve the request by this rule; None if it can."""
        known = self._snapshot.facts_of(target)
        reason = self._unable(target, known)
        if reason is not None:
            return Unfit(target, reason)
        return self._too_large(target, known, rule)

    def _unable(self, target: Target, known: ModelFacts) -> str | None:
        if self._snapshot.endpoints[target.provider].missing_key is not None:
            return f"{target.provider} has no key"
        if self._key is not None and not self._key.may_use(target):
            return "the client's key does not open it"
        if self._facts.readings.cooling(str(target)):
            return "it failed a moment ago"
        able = {"image": known.images, "document": known.documents, "tools": known.tools}
        lacking = (what for what, is_able in able.items() if is_able is False)
        lacked = next((what for what in lacking if what in self._facts.contents), None)
        return f"it takes no {lacked.removesuffix('s')}s" if lacked else None

    def _too_large(self, target: Target, known: ModelFacts, rule: Rule) -> Unfit | None:
        if known.context is None or not self._facts.tokens_exceed(known.context // 2):
            return None  # the answer gets at most the other half
        tokens = self._tokens(target, rule.transforms)
        answer = min(self._facts.max_tokens or 0, known.max_output or 0, known.context // 2)
        if tokens + answer <= known.context:
            return None
        reason = f"{tokens} tokens and an answer of {answer} are more than its {known.context}"
        return Unfit(target, reason, known.context)

    def _tokens(self, target: Target, transforms: tuple[str, ...]) -> int:
        """What the target will count of the prompt as it goes out."""
        edits = self._snapshot.transforms_for(target, transforms)
        return self._sizing.expected(target, self._facts.outgoing_size(edits))

    def check(self, chosen: Route) -> None:
        """Raises `InvalidRequest` when every target is too small, in words on which clients compact."""
        if all(one.target != chosen.target for one in chosen.unfit):
            return
        largest = max(
            (one.context for one in chosen.unfit if one.context is not None), default=None
        )
        if largest is not None:
            tokens = self._tokens(chosen.target, chosen.transforms)
            raise InvalidRequest(f"prompt is too long: {tokens} tokens > {largest} maximum")
