"""Who may use the gateway, and for what: keys, budgets, names of hosts. No IO.

Keys are kept as their SHA-256. A slow hash, as for passwords, would buy nothing: it is for secrets that
can be guessed, and a key that `gateway key new` makes has 192 random bits. It would cost each request,
though. A key that could be guessed is a finding (see `access_checks`).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Literal, get_args

from gateway.patterns import matches_any
from gateway.routing.conditions import parse_count
from gateway.routing.conditions.base import as_list

Address = IPv4Address | IPv6Address
Period = Literal["hour", "day", "week", "month"]
PERIODS: tuple[Period, ...] = get_args(Period)

HASH = re.compile(r"sha256:([0-9a-fA-F]{64})")
LONGEST_KEY = 1024
"""Characters of a key; what is longer is none."""


def digest_of(key: bytes) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key).digest()


def hash_of(key: str) -> str:
    """A key as `hash:` writes it."""
    return f"sha256:{digest_of(key.encode('utf-8', 'surrogatepass')).hex()}"


LEAST_BITS = 64
"""Of a key: by its length and the number of its different characters, which is the most that it can be."""


def guessable(key: str) -> bool:
    """Somebody could find the key by trying: against its hash, or against the gateway."""
    return len(key) * math.log2(max(2, len(set(key)))) < LEAST_BITS


@dataclass(frozen=True, slots=True)
class Budget:
    """What a key may spend from the beginning of a period to its end, by the gateway's clock."""

    per: Period
    tokens: int | None = None
    """Of prompts and answers, cached ones too."""
    cost: float | None = None
    """In the currency of the prices."""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key that clients show to the gateway, and what it opens."""

    name: str
    key: str = field(default="", repr=False)
    """As it is shown; empty where only its hash is known."""
    hash: str = field(default="", repr=False)
    """`sha256:…`; empty where the key is known."""
    expires: float | None = None
    """Seconds since the epoch."""
    models: tuple[str, ...] | None = None
    """Globs over `provider:model`; None for every target."""
    rules: tuple[str, ...] | None = None
    """Globs over the names of the rules that may decide; None for all."""
    budgets: tuple[Budget, ...] = ()

    @property
    def digest(self) -> bytes:
        """By which it is known again."""
        if (match := HASH.fullmatch(self.hash)) is not None:
            return bytes.fromhex(match[1])
        return digest_of(self.key.encode("utf-8", "surrogatepass"))

    def may_use(self, target: object) -> bool:
        """Requests with this key may go to the target."""
        return self.models is None or matches_any(self.models, str(target))

    def may_apply(self, rule: str) -> bool:
        """The rule may decide on requests with this key."""
        return self.rules is None or matches_any(self.rules, rule)


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of the certificate that the listener shows, relative to the config."""

    cert: str
    key: str = field(repr=False)
    id: str
    """Another one for other contents."""


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A socket in the file system."""

    path: str
    mode: int = 0o600

    @property
    def is_open(self) -> bool:
        """Every user of this machine can connect."""
        return bool(self.mode & 0o002)


# -- hosts -------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Only this machine is reached under the name or the address.

    Names other than `localhost` are not looked up: what they mean may change. Short forms of addresses,
    such as `127.1`, count as names.
    """
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    address = address_of(host)
    return address is not None and _inner(address).is_loopback


def address_of(host: str) -> Address | None:
    """The IP address that a text is, with or without brackets; None for a name."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return ip_address(bare)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """An IPv4 address that is written as one of IPv6 is that one."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped if mapped is not None else address


# -- from the config ---------------------------------------------------------------------------------


def client_keys(
    auth: Mapping[str, Any], in_file: Mapping[str, str], aliases: Mapping[str, str]
) -> tuple[ClientKey, ...]:
    """From a checked `auth:` and the lines of its `keys_file`, name -> key or hash."""
    named: dict[str, Mapping[str, Any]] = {name: {"name": name} for name in in_file}
    named |= {options["name"]: options for options in auth.get("keys", ())}
    return tuple(
        client_key({**secret_of(in_file.get(name, "")), **options}, aliases)
        for name, options in named.items()
    )


def client_key(options: Mapping[str, Any], aliases: Mapping[str, str]) -> ClientKey:
    """From a checked entry of `keys:`."""
    models, rules = options.get("models"), options.get("rules")
    return ClientKey(
        name=options["name"],
        key=options.get("key", "").strip(),
        hash=options.get("hash", "").strip(),
        expires=parse_expiry(options["expires"]) if "expires" in options else None,
        models=None if models is None else tuple([aliases.get(m, m) for m in as_list(models)]),
        rules=None if rules is None else tuple(as_list(rules)),
        budgets=tuple(_budget(one) for one in as_list(options.get("budget", []))),
    )


def secret_of(text: str) -> dict[str, str]:
    """`{key}` or `{hash}`, by the form of the text."""
    if not text:
        return {}
    return {"hash": text} if HASH.fullmatch(text) else {"key": text}


def admin_key(options: Mapping[str, Any] | None) -> ClientKey | None:
    """From a checked `admin:`."""
    return None if options is None else client_key({"name": "admin", **options}, {})


def _budget(options: Mapping[str, Any]) -> Budget:
    tokens = options.get("tokens")
    return Budget(
        per=options["per"],
        tokens=parse_count(tokens) if tokens is not None else None,
        cost=float(options["cost"]) if "cost" in options else None,
    )


def unix_socket(value: str | Mapping[str, Any] | None) -> UnixSocket | None:
    """From a checked `socket:`."""
    if value is None or isinstance(value, str):
        return UnixSocket(value) if value else None
    return UnixSocket(value["path"], int(value.get("mode", "600"), 8))


def parse_expiry(text: str) -> float:
    """Seconds since the epoch of a time, or of the end of a date. Raises `ValueError`.

    Where no zone is named, it is the gateway's.
    """
    if len(text) == len("2027-01-31"):
        return (datetime.fromisoformat(text) + timedelta(days=1)).timestamp()
    return datetime.fromisoformat(text).timestamp()


def period_of(per: Period, now: float) -> tuple[float, float]:
    """The period around a moment: its beginning and its end, in seconds since the epoch.

    Days begin at midnight by the gateway's clock, weeks on Monday.
    """
    if per == "hour":
        start = now - now % 3600
        return start, start + 3600
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight
    if per == "week":
        first = midnight - timedelta(days=midnight.weekday())
    if per == "month":
        first = midnight.replace(day=1)
    following = {
        "day": first + timedelta(days=1),
        "week": first + timedelta(days=7),
        "month": (first + timedelta(days=31)).replace(day=1),
    }
    return first.timestamp(), following[per].timestamp()


def names_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Names of hosts as they are compared: lower case, without the final dot."""
    return tuple([text.strip().lower().rstrip(".") for text in texts])
