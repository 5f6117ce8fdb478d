"""From an address to a provider of the gateway. No IO.

A server that the gateway knows is called by its known name, so that its quirks hold; any other is
declared with its dialect and address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from gateway.config.compile import DIALECT_AUTH
from gateway.importers.draft import Draft, Part, Ref, unique
from gateway.providers import PROVIDERS

ENDPOINTS: tuple[tuple[str, str], ...] = (
    ("/chat/completions", "openai-chat"),
    ("/v1/messages", "anthropic"),
    ("/messages", "anthropic"),
    ("/responses", "openai-responses"),
    ("/v1beta/models", "gemini"),
    ("/v1beta/openai", "gemini"),
    ("/api/chat", "ollama"),
)
"""How the address of an endpoint ends -> the dialect that is spoken there."""

NOWHERE = "https://provider.invalid/v1"
"""Stands for an address until there is one."""

KEPT = frozenset({"/v1beta/models"})
"""Endings of which only the last part is no address."""

OTHER_HOSTS: Mapping[str, str] = {
    "dashscope.aliyuncs.com": "dashscope",
    "api.moonshot.cn": "moonshot",
    "open.bigmodel.cn": "zai",
    "api.minimaxi.com": "minimax",
}
"""Further hosts of known providers; these keep their address."""

LOCAL_PORTS: Mapping[int, str] = {11434: "ollama", 1234: "lmstudio"}
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"})  # noqa: S104

_NOT_A_PLACE = frozenset({"mock", "openai-responses", "google", "ollama-cloud"})
"""Declarations that share a host with another, or have none."""

HOSTS: Mapping[str, str] = {
    **{
        str(urlsplit(provider.base_url).hostname): name
        for name, provider in PROVIDERS.items()
        if name not in _NOT_A_PLACE
        and "$" not in provider.base_url
        and urlsplit(provider.base_url).hostname not in LOCAL_HOSTS
    },
    **OTHER_HOSTS,
}
"""Host -> provider."""


@dataclass(frozen=True, slots=True)
class Server:
    """A place that requests go to, as the old config describes it."""

    name: str
    """What it is called if it is not known."""
    url: str
    """Its address, maybe with the endpoint's path."""
    key: Ref | None = None
    dialect: str | None = None
    """If something other than the address says it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further settings: headers, quirks, timeouts."""
    comment: str = ""
    like: str | None = None
    """The known provider that it is, wherever it stands."""


def known_at(url: str) -> str | None:
    """The provider whose server this is."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if host in LOCAL_HOSTS:
        return LOCAL_PORTS.get(port or 0)
    return HOSTS.get(host or "")


def split_endpoint(url: str) -> tuple[str, str | None]:
    """The address without the endpoint's path, and the dialect of that endpoint."""
    bare = url.strip().rstrip("/")
    for ending, dialect in ENDPOINTS:
        if bare.endswith(ending):
            cut = (
                ending.rpartition("/")[1] + ending.rpartition("/")[2] if ending in KEPT else ending
            )
            return bare.removesuffix(cut), dialect
    return bare, None


def is_address(url: str) -> bool:
    """Requests can be sent there."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return is_web and port != 0 and url.split() == [url]


def is_local(url: str) -> bool:
    """The server runs on this machine, so it needs no key."""
    try:
        return urlsplit(url).hostname in LOCAL_HOSTS
    except ValueError:
        return False


def dialect_of(server: Server) -> str:
    """What will be spoken there."""
    known = _known(server)
    if known is not None:
        return PROVIDERS[known].dialect.name
    return server.dialect or split_endpoint(server.url)[1] or "openai-chat"


def declare(draft: Draft, server: Server) -> str:
    """Adds the provider, unless it is there already; gives its name."""
    if not isinstance(server.url, Ref) and not is_address(server.url):
        says = "it is no address; nearest: another `base_url`"
        draft.note(f"address of {server.name}", "dropped", says)
        server = replace(server, url=NOWHERE, comment=f"{server.comment} Its address was none.")
    base, known = split_endpoint(server.url)[0], _known(server)
    dialect, options, name = dialect_of(server), dict(server.options), sanitised(server.name)
    if known is not None:
        base, declared = _declared_base(known, base), PROVIDERS[known]
        own = {"base_url": _like(server, base)} if base != declared.base_url else {}
        value = {**own, **_key(server), **options}
        if known not in draft.providers or draft.providers[known].value == value:
            return _added(draft, known, value, server.comment)
        # A second server of this kind needs a name of its own, and all that the first has by its name.
        name = known
        if quirks := {**quirks_of(known), **options.pop("quirks", {})}:
            options["quirks"] = quirks
        if declared.auth != DIALECT_AUTH.get(dialect, "bearer"):
            options["auth"] = declared.auth
    value = {"dialect": dialect, "base_url": _like(server, base), **_key(server), **options}
    same = (taken for taken, part in draft.providers.items() if part.value == value)
    return _added(draft, next(same, None) or unique(name, draft.providers), value, server.comment)


def _like(server: Server, base: str) -> str:
    """A reference where the address is one."""
    return Ref(base) if isinstance(server.url, Ref) else base


def _known(server: Server) -> str | None:
    """The provider whose declaration holds for the server."""
    base, endpoint = split_endpoint(server.url)
    known = server.like or known_at(base)
    if known is None or not _speaks(known, server.dialect or endpoint):
        return None
    return known


def _added(draft: Draft, name: str, value: dict[str, Any], comment: str) -> str:
    if name not in draft.providers:
        draft.providers[name] = Part(value, comment)
    return name


def _key(server: Server) -> dict[str, Ref]:
    return {} if server.key is None else {"api_key": server.key}


def _speaks(known: str, dialect: str | None) -> bool:
    """The known declaration is what an address with this dialect means.

    Where the provider has a format of its own, that one is spoken, not its imitation of another.
    """
    return dialect in (None, PROVIDERS[known].dialect.name) or (
        known in ("ollama", "gemini") and dialect == "openai-chat"
    )


def _declared_base(known: str, base: str) -> str:
    """The declared address if the two differ only in what the gateway adds itself."""
    declared = PROVIDERS[known].base_url
    if known in ("gemini", "anthropic") and known_at(base) == known:
        return declared
    bare, other = base.removesuffix("/v1"), declared.removesuffix("/v1")
    return declared if bare == other else (bare if known == "ollama" else base)


def quirks_of(known: str) -> dict[str, Any]:
    """In what a known provider differs from a bare one of its dialect."""
    quirks: Any = getattr(PROVIDERS[known].dialect, "quirks", None)
    if quirks is None:
        return {}
    bare = asdict(type(quirks)())
    found = {name: value for name, value in asdict(quirks).items() if value != bare[name]}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}


def sanitised(name: str) -> str:
    """A name that can stand before the colon of a target."""
    bare = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")
    return bare or "server"


def variable_for(name: str) -> str:
    """The variable for the key of a server of this name."""
    bare = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper() or "SERVER"
    return f"{bare}_API_KEY" if not bare[0].isdigit() else f"SERVER_{bare}_API_KEY"
