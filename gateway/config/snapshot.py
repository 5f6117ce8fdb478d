"""A checked config, compiled to what a request needs. No IO.

A snapshot is never changed: a reload makes another one, and requests keep the one they began with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from msgspec import Struct

from gateway.availability import Settings as FailoverSettings
from gateway.config.endpoint import SECRET_HEADER, Endpoint, in_header, in_url
from gateway.config.sections.access import ClientKey, Tls, UnixSocket, is_loopback
from gateway.config.sections.correction import CorrectionSettings, settings
from gateway.config.sections.life_settings import Life
from gateway.config.sections.reload_settings import RecorderSettings, ReloadSettings
from gateway.config.sections.token_settings import Scales
from gateway.messages import Usage
from gateway.once import once
from gateway.patterns import matches_any
from gateway.routing import CorrectionOverlay, Rule, ServerTools, Target
from gateway.routing.formula import Above, Atom, Known, atoms, variable_of
from gateway.routing.rules import HANDED_ON
from gateway.transforms import Transform

T = TypeVar("T")

NamedTargets = Literal["allow", "refuse"]
"""Whether a request may name its target itself, in its URL or as its model."""


@dataclass(frozen=True)
class ServerSettings:
    """Where the gateway listens and whom it serves."""

    host: str = "127.0.0.1"
    port: int = 4000
    listens_at_port: bool = True
    """False where a unix socket stands in its place."""
    keys: tuple[ClientKey, ...] = ()
    """Empty: everybody who can reach the port is served."""
    allow_unauthenticated: bool = False
    """Said in so many words: everybody who can reach the port may use it."""
    max_body: int = 32 * 1024 * 1024
    """Bytes of the largest request body."""
    memory: int = 256 * 1024 * 1024
    """Bytes that are kept of conversations; 0 for none."""
    life: Life = field(default_factory=Life)
    admin: ClientKey | None = None
    """The key of whoever runs the gateway."""
    hosts: tuple[str, ...] = ()
    """Globs over the names, in lower case, under which it is reached beside its own."""
    origins: tuple[str, ...] = ()
    """Globs over the origins of pages that may use it from a browser."""
    tls: Tls | None = None
    socket: UnixSocket | None = None

    @property
    def is_safe(self) -> bool:
        """Only this machine can reach it, or it asks for a key, or it is meant to be open. A unix socket
        that every user can open is open to them all."""
        if self.keys or self.allow_unauthenticated:
            return True
        is_local = not self.listens_at_port or is_loopback(self.host)
        return is_local and (self.socket is None or not self.socket.is_open)

    @once
    def by_digest(self) -> Mapping[bytes, ClientKey]:
        """The client keys, as they are known again."""
        return {key.digest: key for key in self.keys}

    @once
    def _by_name(self) -> Mapping[str, ClientKey]:
        return {key.name: key for key in self.keys}

    def key_named(self, name: str | None) -> ClientKey | None:
        """The client key of this name; None for requests without one."""
        return None if name is None else self._by_name.get(name)


@dataclass(frozen=True, slots=True)
class ReasoningSettings:
    """Where the secret comes from that seals reasoning state; gateways with one secret share states."""

    key: str | None = field(default=None, repr=False)
    key_file: str | None = None
    """Made when it does not exist; None for a file in the user's state folder."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in whatever currency the user counts."""

    input: float = 0.0
    output: float = 0.0
    cache_read: float | None = None
    """None: as much as other tokens of the prompt."""
    cache_write: float | None = None

    def of(self, usage: Usage) -> float:
        """The cost of an answer."""
        read, written = usage.cache_read or 0, usage.cache_creation or 0
        read_price = self.input if self.cache_read is None else self.cache_read
        write_price = self.input if self.cache_write is None else self.cache_write
        total = usage.input * self.input + usage.output * self.output
        return (total + read * read_price + written * write_price) / 1_000_000


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a target: its limits in tokens, what it can be shown, what it costs.

    None means that nobody said; such a target is taken to be able.
    """

    context: int | None = None
    max_output: int | None = None
    images: bool | None = None
    documents: bool | None = None
    tools: bool | None = None
    price: Price | None = None
    transforms: tuple[str, ...] = ()
    """Edits of every request for this target."""
    correction: CorrectionOverlay | None = None


class Edits(Struct, frozen=True):
    """What becomes of every request for a target, as far as its content does not matter."""

    names: tuple[str, ...]
    """Of the transforms, in order."""
    transforms: tuple[Transform, ...]
    has_patterns: bool
    """One of them looks for patterns, which can take long on a long text."""
    unseen: frozenset[str]
    """The types of blocks that the target cannot be shown."""
    limits: ModelFacts
    """What is known of the target."""


MOST_EDITS = 1_000
"""Edits that are kept, by their target and the transforms of rules, and as many settings of tool
correction: a request may name any target."""

NO_FACTS = ModelFacts()
"""Of a target of which the config says nothing."""


class _Kept(dict[tuple[Any, ...], T]):
    """What was worked out, by what it depends on: the next time it is one look, in C."""

    def __init__(self, work_out: Callable[..., T]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, what: tuple[Any, ...]) -> T:
        if len(self) >= MOST_EDITS:
            self.clear()
        found = self[what] = self._work_out(*what)
        return found


@dataclass(frozen=True)
class Snapshot:
    """Everything that decides what happens to a request."""

    id: str
    """A short digest of the config's texts and variables: the same ones, the same id."""
    server: ServerSettings
    endpoints: Mapping[str, Endpoint]
    """Every provider that can be named: those of the config, and those known by declaration."""
    models: Mapping[str, ModelFacts]
    """By target, as `provider:model`."""
    rules: tuple[Rule, ...]
    default: Rule
    transforms: Mapping[str, Transform]
    correction: CorrectionOverlay = field(default_factory=CorrectionOverlay)
    when_key_is_missing: Literal["refuse", "mock"] = "refuse"
    aliases: Mapping[str, Target] = field(default_factory=dict)
    """Other names for targets."""
    server_tools: ServerTools = "auto"
    """What becomes of server tools that a target lacks, where its rule says nothing."""
    reasoning: ReasoningSettings = field(default_factory=lambda: ReasoningSettings())
    reload: ReloadSettings = field(default_factory=ReloadSettings)
    recorder: RecorderSettings | None = None
    failover: FailoverSettings = field(default_factory=FailoverSettings)
    """What happens to targets that fail."""
    scales: Scales = ()
    """How our tokens become those of a target; see `scale_of`."""
    tests: tuple[str, ...] = ()
    """Files of routing tests, relative to the config."""
    named_targets: NamedTargets = "allow"
    apply: tuple[str, ...] = ()
    """Transforms of every request."""
    print_system: bool = False
    """The log gets the system prompt as it is sent."""
    written_secrets: tuple[str, ...] = field(default=(), repr=False)
    """What stands in the config where secrets belong."""

    def transforms_for(self, target: Target | None, names: tuple[str, ...]) -> tuple[str, ...]:
        """What is applied, in order: to everything, for the target, by the rules (`names`). Each once."""
        own = self.facts_of(target).transforms if target is not None else ()
        if not (own or names):
            return self._applied
        return tuple(dict.fromkeys((*self.apply, *own, *names)))

    @once
    def _applied(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.apply))

    def edits_for(self, target: Target, names: tuple[str, ...]) -> Edits:
        """What a target's requests go through, by rules that name these transforms."""
        return self._edits[target, names]

    @once
    def _edits(self) -> _Kept[Edits]:
        return _Kept(self._edits_of)

    def _edits_of(self, target: Target, names: tuple[str, ...]) -> Edits:
        facts = self.facts_of(target)
        able = {"image": facts.images, "document": facts.documents}
        every = self.transforms_for(target, names)
        transforms = tuple([self.transforms[name] for name in every])
        return Edits(
            every,
            transforms,
            has_patterns=any(transform.has_patterns for transform in transforms),
            unseen=frozenset(kind for kind, is_able in able.items() if is_able is False),
            limits=facts,
        )

    def facts_of(self, target: Target | str) -> ModelFacts:
        """What the config says of a target."""
        return self.models.get(str(target), NO_FACTS) if self.models else NO_FACTS

    def scale_of(self, target: Target) -> float | None:
        """The scale that the config sets for a target; None where it is learned."""
        name = str(target)
        found = (scale for glob, scale in self.scales if matches_any((glob,), name))
        return next(found, None)

    @once
    def has_patterns(self) -> bool:
        """Some transform looks for patterns, which can take long on a long text."""
        return any(transform.has_patterns for transform in self.transforms.values())

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every key, so that nothing shows them."""
        found = list(self.written_secrets)
        own = [*self.server.keys, *([self.server.admin] if self.server.admin else [])]
        found += [client.key for client in own if client.key]  # some stand in files of their own
        for endpoint in self.endpoints.values():
            found += [one.secret for one in endpoint.pool or (endpoint,) if one.secret]
            found += [*in_url(endpoint.network.proxy or ""), *in_url(endpoint.base_url)]
            for name, value in endpoint.headers.items():
                is_own = endpoint.secret is not None and endpoint.secret in value
                if SECRET_HEADER.search(name) and not is_own:
                    found += [value, *in_header(value)]
        return tuple(dict.fromkeys(found))

    def correction_of(
        self, target: Target, endpoint: Endpoint, said: tuple[CorrectionOverlay, ...] = ()
    ) -> CorrectionSettings:
        """How the calls of a target's answers are corrected, by the endpoint that answers; `said` is
        what rules say of it."""
        return self._corrections[target, endpoint.text_calls, said]

    @once
    def _corrections(self) -> _Kept[CorrectionSettings]:
        return _Kept(self._correction_of)

    def _correction_of(
        self, target: Target, text_calls: tuple[str, ...], said: tuple[CorrectionOverlay, ...]
    ) -> CorrectionSettings:
        own = self.facts_of(target).correction
        declared = CorrectionOverlay(text_calls=text_calls)
        return settings((declared, self.correction, *(() if own is None else (own,)), *said))

    @property
    def path_prefixes(self) -> tuple[str, ...]:
        """The URL prefixes that rules ask for."""
        return tuple(prefix for rule in self.rules for prefix in rule.path_prefixes)

    @once
    def uses_tags(self) -> bool:
        """Some rule asks for a tag in the prompt, so tags are taken out on the way."""
        return any(variable_of(atom).name == "tag" for atom in self._atoms)

    @once
    def counts_tokens(self) -> bool:
        """Some request may have its tokens counted on its way: for its route, or because a provider takes
        only so many in a time."""
        limits = (endpoint.limits for endpoint in self.endpoints.values())
        is_limited = any(one is not None and one.tokens is not None for one in limits)
        return is_limited or self.counts_above < math.inf

    @once
    def counts_above(self) -> float:
        """Bytes of a body up to which no route has its tokens counted, as no token is shorter than a byte;
        infinite where none ever does. A rule asks for their number, or chooses by what fits into the
        context of its targets."""
        numbers = (atom for atom in self._atoms if isinstance(atom, Above | Known))
        bounds = [_counted_above(atom) for atom in numbers if atom.number.counts_tokens]
        if any(rule.needs_fit for rule in (*self.rules, self.default)):
            contexts = (facts.context for facts in self.models.values())
            bounds += [context // 2 for context in contexts if context is not None]
        return min(bounds, default=math.inf)

    @property
    def _atoms(self) -> Iterator[Atom]:
        """Everything that a rule asks."""
        for rule in self.rules:
            for test in rule.tests:
                yield from atoms(test.formula)

    @property
    def targets(self) -> tuple[str, ...]:
        """Every target that the config names, once, in the order it names them."""
        rules = (*self.rules, self.default)
        every = (target for rule in rules for target in (*rule.targets, *rule.fallback))
        named = [str(target) for target in every if target.model not in HANDED_ON]
        aliased = [str(target) for target in self.aliases.values()]
        return tuple(dict.fromkeys([*named, *aliased, *self.models]))


def _counted_above(atom: Above | Known) -> float:
    """Bytes of a body up to which the answer needs no count."""
    if atom.number.exceeds is None:
        return 0
    return atom.limit if isinstance(atom, Above) else math.inf
