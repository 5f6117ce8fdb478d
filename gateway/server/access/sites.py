"""The sites of the web that a request may name: the one it was sent to, and the one that sent it.

A browser on this machine can reach what listens on loopback, and so can every page that it shows. Two
things keep pages out. The Host header has to be a name of this gateway: a page whose own name was pointed
to 127.0.0.1 (DNS rebinding) carries its name there. And a page tells its origin, which has to be this
gateway or one that the config names. Programs such as Claude Code and the SDKs tell none.

Fetch metadata: https://www.w3.org/TR/fetch-metadata/. CORS: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.config import ServerSettings, is_loopback
from gateway.config.sections.access import address_of
from gateway.errors import Forbidden
from gateway.patterns import matches_any
from gateway.server.paths import Scope

MOST_HOSTS = 256
"""Host headers that are remembered as good: clients send one or two."""
LONGEST_SHOWN = 100

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+)(?::[0-9]{1,5})?")
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<place>[^/\s?#@]+)")
_PORTS = {"http": ":80", "https": ":443"}


class Sites:
    """What the config that serves allows."""

    def __init__(self, listening: tuple[str, ...] = ()) -> None:
        """`listening`: the addresses where the gateway listens, if not those of the config."""
        self._listening = listening
        self._settings: ServerSettings | None = None
        self._good: set[str] = set()

    def are_plain(self, settings: ServerSettings, headers: Mapping[str, str], scope: Scope) -> bool:
        """The ordinary request: to a name that is known to be good, by no browser."""
        if settings is not self._settings:
            self._settings = settings
            self._good.clear()
        return (
            (headers.get("host") in self._good or "host" not in headers)
            and "origin" not in headers
            and "sec-fetch-site" not in headers
            and len(headers) == len(scope["headers"])
        )

    def objection(
        self, settings: ServerSettings, headers: Mapping[str, str], scope: Scope
    ) -> tuple[str, Forbidden] | None:
        """The reason to refuse a request, `host` or `origin`, in one word and in many."""
        host = headers.get("host")
        if host is not None:
            if _repeats(scope, b"host") or not self._is_own(settings, host):
                return "host", _wrong_host(host)
            if len(self._good) < MOST_HOSTS:
                self._good.add(host)
        origin = headers.get("origin")
        if origin is not None:
            if _repeats(scope, b"origin") or not (
                is_same(origin, host) or is_listed(settings, origin)
            ):
                return "origin", _wrong_origin(origin)
        elif headers.get("sec-fetch-site", "none").lower() == "cross-site":
            return "origin", _wrong_origin(None)
        return None

    def _is_own(self, settings: ServerSettings, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match["name"].lower().rstrip(".")
        places = self._listening or (settings.host,)
        own = [place.lower() for place in places]
        if is_loopback(name) or name in own or matches_any(settings.hosts, name):
            return True
        address = address_of(name)
        if address is None:
            return False
        # No name can be pointed anywhere by an address. It is this gateway's if it listens beyond loopback.
        return any(address == address_of(place) or not is_loopback(place) for place in own)


def _repeats(scope: Scope, name: bytes) -> bool:
    return len([header for header, _ in scope["headers"] if header == name]) > 1


def is_same(origin: str, host: str | None) -> bool:
    """The page comes from this gateway. The scheme may differ: a proxy in front may speak TLS."""
    match = _ORIGIN.fullmatch(origin.lower())
    if match is None or host is None:
        return False
    port = _PORTS.get(match["scheme"], "")
    return match["place"].removesuffix(port) == host.lower().removesuffix(port)


def is_listed(settings: ServerSettings, origin: str) -> bool:
    """The config lets pages of this origin in."""
    return bool(settings.origins) and matches_any(settings.origins, origin.lower())


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…")


def _wrong_host(host: str) -> Forbidden:
    return Forbidden(
        f"This request was sent to the host {_shown(host)}, which is no name of this gateway. If it is "
        "meant to be one, such as that of a proxy in front, add it to server.hosts of the gateway's "
        "config, or have the proxy send `Host: localhost`."
    )


def _wrong_origin(origin: str | None) -> Forbidden:
    page = "another web page" if origin is None else f"a web page of {_shown(origin)}"
    return Forbidden(
        f"This request was made by {page} in a browser, and the gateway serves none but its own. If the "
        "page is meant to use it, add its origin to server.origins of the gateway's config."
    )
