"""What a client key opens: the rules that may decide for it, and the targets it may reach. No IO.

A route is cut down to these here, so that the client is told what it asked in vain; `Attempt` asks once
more before anything is sent, whoever chose the target.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from gateway.config import ClientKey, Snapshot
from gateway.errors import Forbidden
from gateway.routing import Facts, Route, Rule, Target
from gateway.routing.rules import bound, drawn

MOST_NAMED = 8
"""Globs of a key that its refusal repeats."""


def rules_for(snapshot: Snapshot, key: ClientKey) -> Sequence[Rule]:
    """The rules that may decide on requests with the key."""
    if key.rules is None:
        return snapshot.rules
    return [rule for rule in snapshot.rules if key.may_apply(rule.name)]


def granted(key: ClientKey, chosen: Route, snapshot: Snapshot, facts: Facts) -> Route:
    """The route without what the key does not open. Raises `Forbidden`.

    Where a rule leaves the choice between several targets, it is left between those that are open. A
    single target is not replaced by its fallback: nobody would know why another model answers.
    """
    if key.models is None or chosen.refuse is not None:
        return chosen
    target = chosen.target
    if not key.may_use(target):
        target = _instead(key, chosen, snapshot, facts)
    others = (other for other in chosen.fallback if other != target and key.may_use(other))
    shadow = chosen.shadow if chosen.shadow and key.may_use(chosen.shadow) else None
    return replace(chosen, target=target, fallback=tuple(others), shadow=shadow)


def _instead(key: ClientKey, chosen: Route, snapshot: Snapshot, facts: Facts) -> Target:
    """Another target that the rule offers as well."""
    if chosen.origin in ("rule", "default"):
        named = (rule for rule in snapshot.rules if rule.name == chosen.rule)
        rule = next(named, snapshot.default) if chosen.rule is not None else snapshot.default
        targets = [bound(target, facts) for target in rule.targets]
        is_open = [key.may_use(target) for target in targets]
        if any(is_open) and len(targets) > 1:
            kept = [target for target, ok in zip(targets, is_open, strict=True) if ok]
            shares = [w for w, ok in zip(rule.weights, is_open, strict=False) if ok]
            return drawn(kept, shares, facts) if sum(shares) > 0 else kept[0]
    raise forbidden(key, chosen.target, chosen.reason)


def forbidden(key: ClientKey, target: Target, reason: str | None = None) -> Forbidden:
    """Says what the key does not open, and what it does."""
    globs = key.models or ()
    shown = ", ".join(globs[:MOST_NAMED]) + (", …" if len(globs) > MOST_NAMED else "")
    chosen = f" ({target} was chosen by {reason}.)" if reason is not None else ""
    return Forbidden(
        f"The key {key.name!r} may not use {target}. It may use: {shown}.{chosen} Whoever runs this "
        "gateway says so under server.auth.keys of its config."
    )
