"""LiteLLM's proxy config: names of models, the servers behind them, and what happens on failure. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.importers.draft import Draft, Part, exactly
from gateway.importers.files import CannotImport, Document, Found
from gateway.importers.litellm_keys import SETTINGS
from gateway.importers.litellm_models import Deployment, deployment, noted
from gateway.importers.system import System
from gateway.importers.values import amount, count, listed, mapping

SECTIONS = frozenset({"model_list", *SETTINGS, "environment_variables"})
MAX_RETRIES = 5
UNKNOWN = "No model of this name is configured."


def write(found: Found, draft: Draft) -> None:
    """A rule for each name of a model; other names are refused, as there."""
    Writing(found, draft).write()


class Writing:
    """One import."""

    def __init__(self, found: Found, draft: Draft) -> None:
        self._draft = draft
        self._config: dict[str, Any] = {}
        for document in found.structured:
            self._config |= document.value
        self._groups: dict[str, list[Deployment]] = {}
        self._settings = {
            **mapping(self._config.get("litellm_settings")),
            **mapping(self._config.get("router_settings")),
        }
        """Where both say something, the router's own word holds."""

    def write(self) -> None:
        """Server, providers, rules."""
        for section, table in SETTINGS.items():
            noted(self._draft, section, mapping(self._config.get(section)), table)
        for key in set(self._config) - SECTIONS:
            self._draft.note(key, "unknown", "nothing was made of this section")
        for name in mapping(self._config.get("environment_variables")):
            says = "its text was not copied; set it in `.env`"
            self._draft.note(f"environment_variables.{name}", "secret", says)
        self._server()
        defaults = {
            "timeout": self._settings.get("timeout") or self._settings.get("request_timeout")
        }
        for entry in map(mapping, listed(self._config.get("model_list"))):
            group = entry.get("model_name")
            if not isinstance(group, str) or group.strip() != group or not group:
                continue
            if (one := deployment(self._draft, entry, defaults)) is not None:
                self._groups.setdefault(group, []).append(one)
        if not self._groups:
            raise CannotImport("model_list names no model that the gateway can ask")
        self._rules()

    def _server(self) -> None:
        self._draft.server = Part({"port": 4000})
        master = mapping(self._config.get("general_settings")).get("master_key")
        if master:
            text = str(master)
            name = text.removeprefix("os.environ/") if text.startswith("os.environ/") else ""
            own = name if name.isidentifier() and name.isascii() else "LITELLM_MASTER_KEY"
            shown = self._draft.reference(own, "what clients show: master_key of the file")
            self._draft.server.value["auth"] = {"keys": [{"name": "master", "key": shown}]}

    # -- rules ------------------------------------------------------------------------------------

    def _rules(self) -> None:
        names = self._names()
        ordered = sorted(self._groups, key=lambda group: ("*" in group, -len(group.strip("*"))))
        for group in ordered:
            asked = names.get(group, [])
            patterns = [group if "*" in group else exactly(group), *map(exactly, asked)]
            when = {"model": patterns if asked else patterns[0]} if group != "*" else {}
            if group == "*":
                continue
            comment = f"From model_list: {group}."
            self._draft.rule(group, when, comment, **self._actions(group))
        self._default()

    def _names(self) -> dict[str, list[str]]:
        """Group -> its other names."""
        found: dict[str, list[str]] = {}
        for alias, group in mapping(self._settings.get("model_group_alias")).items():
            name = str(group.get("model") if isinstance(group, dict) else group)
            if name in self._groups and alias.strip():
                found.setdefault(name, []).append(alias)
            else:
                place = f"router_settings.model_group_alias.{alias}"
                self._draft.note(
                    place, "dropped", "it names no model of the list; nearest: `aliases`"
                )
        return found

    def _default(self) -> None:
        fallbacks = self._listed("default_fallbacks", self._settings.get("default_fallbacks"))
        if "*" in self._groups:
            self._draft.default = Part(self._actions("*"), 'From model_list: "*".')
        elif fallbacks:
            use, *others = fallbacks
            value = {"use": use, **({"fallback": others} if others else {})}
            self._draft.default = Part(value, "From default_fallbacks.")
        else:
            comment = "Names that model_list does not hold are refused; a target would serve them."
            self._draft.default = Part({"refuse": UNKNOWN}, comment)

    def _actions(self, group: str) -> dict[str, Any]:
        deployments = self._groups[group]
        actions = self._targets(deployments)
        wider = self._fallbacks("context_window_fallbacks", group)
        if wider and isinstance(actions.get("use"), str):
            actions |= {"use": [actions["use"], *wider], "needs": "auto"}
        elif wider:
            says = (
                "shares and `needs: auto` exclude each other; nearest: a rule with `tokens` before"
            )
            self._draft.note(f"context_window_fallbacks.{group}", "dropped", says)
        others = [*actions.pop("fallback", ()), *self._fallbacks("fallbacks", group)]
        others += self._listed("default_fallbacks", self._settings.get("default_fallbacks"))
        own = {one.target for one in deployments}
        if kept := [
            target for target in dict.fromkeys(others) if target not in own or len(own) > 1
        ]:
            actions["fallback"] = kept
        if params := _params(deployments):
            actions["params"] = {"default": params}
        retries = max((one.number("max_retries") or 0 for one in deployments), default=0)
        retries = int(retries or count(self._settings.get("num_retries")) or 0)
        if retries:
            actions["retries"] = min(retries, MAX_RETRIES)
        return actions

    def _targets(self, deployments: list[Deployment]) -> dict[str, Any]:
        """One target; several in order; or several with their shares."""
        targets = list(dict.fromkeys(one.target for one in deployments))
        if len(targets) == 1:
            return {"use": targets[0]}
        if any(one.number("order") for one in deployments):
            ordered = sorted(deployments, key=lambda one: one.number("order") or float("inf"))
            use, *others = dict.fromkeys(one.target for one in ordered)
            return {"use": use, "fallback": others}
        by = next(
            (k for k in ("weight", "rpm", "tpm") if all(d.number(k) for d in deployments)), ""
        )
        shares: dict[str, float] = {}
        for one in deployments:
            shares[one.target] = shares.get(one.target, 0) + (one.number(by) or 1 if by else 1)
        strategy = self._settings.get("routing_strategy", "simple-shuffle")
        if strategy != "simple-shuffle":
            says = f"{strategy} watches the servers; nearest: shares, and `fallback`"
            self._draft.note("router_settings.routing_strategy", "dropped", says)
        return {"weights": shares, "fallback": targets}

    def _fallbacks(self, key: str, group: str) -> list[str]:
        """The targets that a list such as [{gpt-4o: [claude]}] names for a group."""
        found: list[str] = []
        for one in listed(self._settings.get(key)):
            for name, groups in mapping(one).items():
                if name in (group, "*"):
                    found += self._listed(f"{key}.{name}", groups)
        return found

    def _listed(self, place: str, groups: Any) -> list[str]:
        found: list[str] = []
        for name in map(str, listed(groups)):
            if name in self._groups:
                found += [one.target for one in self._groups[name]]
            else:
                says = (
                    "it is no model of the list that the gateway can ask; nearest: another target"
                )
                self._draft.note(f"{place}: {name}", "dropped", says)
        return list(dict.fromkeys(found))


def _params(deployments: Iterable[Deployment]) -> dict[str, Any]:
    """What every deployment of a group says of the request."""
    found: dict[str, Any] = {}
    for name in ("temperature", "top_p", "max_tokens"):
        values = {amount(one.params.get(name)) for one in deployments}
        if len(values) == 1 and None not in values:
            found[name] = values.pop()
    return found


def _claims(document: Document) -> bool:
    value: Mapping[str, Any] = mapping(document.value)
    return bool({"model_list", "litellm_settings", "router_settings"} & set(value))


SYSTEM = System(
    name="litellm",
    title="LiteLLM's proxy",
    variables={},
    write=write,
    claims=_claims,
    takes_any_variable=True,
    caveats=(
        "Shares are drawn once for each session, so that a conversation keeps its prompt cache.",
    ),
)
