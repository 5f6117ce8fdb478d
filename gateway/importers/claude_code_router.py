"""claude-code-router's `config.json`, up to its second version. No IO.

Its router asks, in this order: is the model written as `provider,model`; is the prompt long; does a
sub-agent name its model; is it a Claude haiku; is there a web search; does the client ask for thinking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.config import is_loopback
from gateway.importers import ccr_transformers
from gateway.importers.draft import Draft, Part, Ref, exactly
from gateway.importers.draft import target as target_of
from gateway.importers.files import CannotImport, Document, Found
from gateway.importers.servers import (
    Server,
    declare,
    dialect_of,
    is_local,
    known_at,
    split_endpoint,
    variable_for,
)
from gateway.importers.system import System, Variable
from gateway.importers.values import count, is_model, listed, mapping
from gateway.providers import PROVIDERS

_LOG = "the gateway writes one log to stderr; nearest: `gateway serve --log json 2> FILE`"
_CLIENT = "it is about starting Claude Code; nearest: ANTHROPIC_BASE_URL for a client of your own"

KEYS: Mapping[str, Variable] = {
    "HOST": Variable("server.host", default="127.0.0.1"),
    "PORT": Variable("server.port", default="3456"),
    "APIKEY": Variable("server.auth.keys", "secret"),
    "API_TIMEOUT_MS": Variable("timeouts.first_byte of every provider"),
    "PROXY_URL": Variable(
        "requests go to the providers directly; nearest: a provider's `base_url` that is a relay",
        "dropped",
    ),
    "LOG": Variable(_LOG, "dropped"),
    "LOG_LEVEL": Variable(_LOG, "dropped"),
    "CLAUDE_PATH": Variable(_CLIENT, "dropped"),
    "NON_INTERACTIVE_MODE": Variable(_CLIENT, "dropped"),
    "StatusLine": Variable(_CLIENT, "dropped"),
    "CUSTOM_ROUTER_PATH": Variable(
        "it is a program; nearest: rules, which can ask for words in the prompt (`system`, "
        "`last_user`), headers, tools and much more",
        "dropped",
    ),
    "transformers": Variable("they are programs; nearest: quirks, transforms or rules", "dropped"),
    "REWRITE_SYSTEM_PROMPT": Variable(
        "it names a file that stands elsewhere; nearest: `transforms`, `system`", "dropped"
    ),
    "forceUseImageAgent": Variable("there is one way only; nearest: the rule `image`", "dropped"),
    "Providers": Variable("providers"),
    "Router": Variable("rules, and default"),
    "fallback": Variable("`fallback` of the rules"),
}
"""Keys at the top of the file."""

ROUTES: Mapping[str, Variable] = {
    "default": Variable("default"),
    "background": Variable("rules: background"),
    "think": Variable("rules: think"),
    "longContext": Variable("rules: long-context"),
    "longContextThreshold": Variable("rules: long-context, `tokens.above`", default="60000"),
    "webSearch": Variable("rules: web-search"),
    "image": Variable("rules: image"),
}
"""Keys of `Router`."""

SERVER_KEYS: Mapping[str, Variable] = {
    "name": Variable("the name of the provider"),
    "api_base_url": Variable("the provider's `base_url`"),
    "api_key": Variable("the provider's `api_key`", "secret"),
    "models": Variable("rules for models that are asked for as `provider,model`"),
    "transformer": Variable("the provider's dialect and quirks; `models`"),
}
"""Keys of an entry of `Providers`."""

CONDITIONS: tuple[tuple[str, str, Mapping[str, Any], Mapping[str, Any]], ...] = (
    (
        "background",
        "background",
        {"all": [{"model": "*claude*"}, {"model": "*haiku*"}]},
        {},
    ),
    ("web-search", "webSearch", {"has": "web_search"}, {"sticky": "none"}),
    ("think", "think", {"thinking": True}, {}),
)
"""Rule, route, what it asks, and what else it does: after the sub-agents, in this order."""

TAG = "CCR-SUBAGENT-MODEL"
UNTAGGED = "without-subagent-tag"

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", re.ASCII)


def write(found: Found, draft: Draft) -> None:
    """The providers, then the rules in the order of the router."""
    Writing(found, draft).write()


class Writing:
    """One import."""

    def __init__(self, found: Found, draft: Draft) -> None:
        self._draft = draft
        self._config: dict[str, Any] = {}
        for document in found.structured:
            self._config |= {_CASES.get(k.lower(), k): v for k, v in document.value.items()}
        self._targets: dict[str, str] = {}
        """`provider,model` -> target."""
        self._names: dict[str, str] = {}
        """Its name of a provider -> ours."""

    def write(self) -> None:
        """Server, providers, rules."""
        for key, value in self._config.items():
            known = KEYS.get(key)
            if known is not None and not (known.kind == "dropped" and value in (None, "", [], {})):
                self._draft.note(key, known.kind, known.says)
            elif known is None and not isinstance(value, str):
                self._draft.note(key, "unknown", "not a key of the file that its documents name")
            elif known is None:
                self._draft.note(key, "unknown", "a variable for the file itself; set it in `.env`")
        self._server()
        for entry in filter(None, map(mapping, listed(self._config.get("Providers")))):
            self._provider(entry)
        self._rules()

    # -- values -----------------------------------------------------------------------------------

    def _text(self, value: Any) -> str:
        """A text with `$NAME` and `${NAME}` as references."""
        text = str(value or "").strip()
        for match in _VARIABLE.finditer(text):
            self._draft.reference(match[1] or match[2], "the old config names it")
        filled, times = _VARIABLE.subn(lambda match: f"${{{match[1] or match[2]}}}", text)
        return Ref(filled) if times else text

    def _variable(self, value: Any) -> Ref | None:
        """A key that is nothing but the name of a variable."""
        match = _VARIABLE.fullmatch(str(value or "").strip())
        return (
            self._draft.reference(match[1] or match[2], "the old config names it")
            if match
            else None
        )

    # -- sections ---------------------------------------------------------------------------------

    def _server(self) -> None:
        port, host = str(self._config.get("PORT", "3456")), self._text(self._config.get("HOST"))
        is_port = port.isascii() and port.isdigit() and 0 < int(port[:9]) < 65536
        if not is_port:
            self._draft.note("PORT", "dropped", "it is no port; nearest: 3456")
        server: dict[str, Any] = {"port": int(port) if is_port else 3456}
        if (key := self._config.get("APIKEY")) and str(key).strip():
            shown = self._variable(key) or self._draft.reference(
                "GATEWAY_KEY", "what clients show: APIKEY of the file"
            )
            server["auth"] = {"keys": [{"name": "client", "key": shown}]}
            server |= {"host": host} if host else {}
        elif is_loopback(host):
            server["host"] = host
        elif host:
            says = "without APIKEY it is forced to 127.0.0.1, here as there"
            self._draft.note("HOST", "carried", says)
        self._draft.server = Part(server)

    def _provider(self, entry: Mapping[str, Any]) -> None:
        name, url = str(entry.get("name") or "server"), self._text(entry.get("api_base_url"))
        place = f"Providers.{name}"
        for key in entry:
            known = SERVER_KEYS.get(key)
            says = known.says if known else "not a key that its documents name"
            self._draft.note(f"{place}.{key}", known.kind if known else "unknown", says)
        if not url:
            says = "it has no address; nearest: the provider with `base_url`"
            self._draft.note(f"{place}.api_base_url", "dropped", says)
            return
        transformer = mapping(entry.get("transformer"))
        adapted = ccr_transformers.adapt(self._draft, place, transformer.get("use"))
        shown = self._key(name, url, entry.get("api_key"))
        server = Server(name, url, shown, adapted.dialect, {}, f"From Providers: {name}.")
        ours = declare(self._draft, replace(server, options=self._options(adapted, server)))
        self._names[name] = ours
        if adapted.repairs:
            self._repair()
        for model in filter(is_model, listed(entry.get("models"))):
            target = self._targets[f"{name},{model}"] = f"{ours}:{model}"
            use = mapping(transformer.get(model)).get("use")
            own = ccr_transformers.adapt(self._draft, f"{place}.{model}", use, whole=False)
            if (limit := own.max_output or adapted.max_output) is not None:
                self._draft.facts(target, max_output=limit)
            if own.repairs:
                self._repair()

    def _options(self, adapted: ccr_transformers.Adapted, server: Server) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if adapted.headers:
            options["headers"] = {name: self._text(text) for name, text in adapted.headers.items()}
        if adapted.quirks and dialect_of(server) == "openai-chat":
            options["quirks"] = adapted.quirks
        if timeout := count(self._config.get("API_TIMEOUT_MS")):
            seconds, rest = divmod(timeout, 1000)
            options["timeouts"] = {"first_byte": f"{timeout}ms" if rest else f"{seconds}s"}
        return options

    def _key(self, name: str, url: str, value: Any) -> Ref | None:
        if (own := self._variable(value)) is not None:
            return own
        known = known_at(split_endpoint(url)[0])
        if is_local(url) or (known is not None and not PROVIDERS[known].needs_key):
            note = f"Providers.{name}.api_key"
            self._draft.note(
                note, "dropped", "a server of this machine asks for no key; nearest: none is needed"
            )
            return None
        variable = PROVIDERS[known].key_env if known else None
        if variable is None or variable in self._draft.needed:
            variable = variable_for(name)
        self._draft.note(f"Providers.{name}.api_key", "secret", f"the variable {variable}")
        return self._draft.reference(variable, f"the key of {name}")

    def _repair(self) -> None:
        self._draft.correction = Part({"mode": "repair"}, "From the transformer enhancetool.")

    # -- rules ------------------------------------------------------------------------------------

    def _rules(self) -> None:
        routes = mapping(self._config.get("Router"))
        for key in routes:
            known = ROUTES.get(key)
            says = known.says if known else "not a route that its documents name"
            self._draft.note(f"Router.{key}", "carried" if known else "unknown", says)
        self._explicit()
        comment = "The last message has an image, or an earlier one."
        self._route("image", "image", {"has": "image"}, routes, comment, sticky="none")
        above = count(routes.get("longContextThreshold")) or 60_000
        when = {"tokens": {"above": above}}
        self._route("long-context", "longContext", when, routes, "The prompt is long.")
        self._subagents()
        for name, route, asked, also in CONDITIONS:
            self._route(name, route, asked, routes, **also)
        default = self._target(routes.get("default"))
        if default is None:
            default = next(iter(self._targets.values()), None)
            if default is None:
                raise CannotImport("the config names neither Router.default nor any model")
            self._draft.note(
                "Router.default", "dropped", "it is missing; nearest: the first model of the file"
            )
        self._draft.default.comment = "Router.default."
        self._draft.default.value = {"use": default, **self._fallback("default")}

    def _explicit(self) -> None:
        comment = "`/model provider,model` comes before everything else; so does provider:model."
        for name, target in self._targets.items():
            self._draft.rule(f"model {name}", {"model": exactly(name)}, comment, use=target)
            comment = ""

    def _subagents(self) -> None:
        """A sub-agent's prompt begins with the model that it shall have."""
        comment = f"<{TAG}>provider,model</{TAG}> in a sub-agent's prompt, which is then taken out."
        for name, target in self._targets.items():
            when = {"system": f"<{TAG}>{name}</{TAG}>"}
            does = {"use": target, "transforms": [UNTAGGED]}
            self._draft.rule(f"agent {name}", when, comment, **does)
            comment = ""
        if self._targets:
            steps = [{"system": {"remove": [f"<{TAG}>[^<]*</{TAG}>"]}}]
            self._draft.transforms[UNTAGGED] = Part({"steps": steps})

    def _route(
        self,
        name: str,
        route: str,
        when: Mapping[str, Any],
        routes: Mapping[str, Any],
        comment: str = "",
        **actions: Any,
    ) -> None:
        target = self._target(routes.get(route))
        if target is not None:
            says = f"Router.{route}. {comment}".strip()
            does = {"use": target, **self._fallback(route), **actions}
            self._draft.rule(name, when, says, **does)
        elif routes.get(route):
            says = (
                "it names no provider of the file as `provider,model`; nearest: a rule with `use`"
            )
            self._draft.note(f"Router.{route}", "dropped", says)

    def _target(self, value: Any) -> str | None:
        text = self._text(value)
        if text in self._targets:
            return self._targets[text]
        provider, comma, model = text.partition(",")
        ours = self._names.get(provider)
        if not (ours and comma and is_model(model.strip())):
            return None
        return target_of(ours, Ref(model.strip()) if isinstance(text, Ref) else model.strip())

    def _fallback(self, route: str) -> dict[str, list[str]]:
        named = listed(mapping(self._config.get("fallback")).get(route))
        targets = [self._target(one) for one in named]
        sound = [target for target in targets if target is not None]
        return {"fallback": sound} if sound else {}


_CASES: Mapping[str, str] = {key.lower(): key for key in KEYS if key != "transformers"}
"""Some write its keys in small letters."""


def _keys(document: Document) -> Iterator[str]:
    yield from (key.lower() for key in document.value) if isinstance(document.value, dict) else ()


SYSTEM = System(
    name="claude-code-router",
    title="claude-code-router",
    variables={},
    write=write,
    claims=lambda document: (
        document.kind == "json" and bool({"providers", "router"} & {*_keys(document)})
    ),
    takes_any_variable=True,
    caveats=(
        "A conversation that was long once stays with the long-context model until it is compacted; "
        "`sticky: none` in that rule measures each request anew.",
    ),
)
