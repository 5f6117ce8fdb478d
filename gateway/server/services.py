"""What the endpoints share."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

from gateway.availability import Availability
from gateway.cache_guard import Guard
from gateway.config import Snapshot
from gateway.estimates import Estimates
from gateway.messages import Memory
from gateway.pipeline import Exchange
from gateway.reload import ConfigStore
from gateway.routing import Done, Recent, RecentPins
from gateway.server.access.budgets import Budgets, file_for
from gateway.server.access.sites import Sites
from gateway.server.accounts.pace import Pace
from gateway.server.accounts.recorder import Recorder
from gateway.server.accounts.tally import Tally
from gateway.server.connections.door import Door
from gateway.server.connections.life import Life
from gateway.server.conversation.provider_counts import ProviderCounts
from gateway.server.conversation.rooms import Rooms
from gateway.server.conversation.shadows import Shadows
from gateway.server.vaults import Vaults
from gateway.tokens import Tiktoken, TokenCounter
from gateway.upstream import Upstream


@dataclass(slots=True)
class Services:
    """Made once, when the gateway starts."""

    config: ConfigStore
    upstream: Upstream
    encoder: Tiktoken
    counter: TokenCounter
    life: Life = field(default_factory=Life)
    """What is under way."""
    vaults: Vaults = field(default_factory=Vaults)
    pins: RecentPins = field(default_factory=RecentPins)
    """Which rule each conversation was given."""
    guard: Guard = field(default_factory=Guard)
    """Whether conversations still begin as they did."""
    conversations: Memory = field(default_factory=Memory)
    """What was said in those under way; see `memory`."""
    recent: Recent = field(default_factory=lambda: Recent(monotonic))
    """What rules may ask of earlier exchanges."""
    sites: Sites = field(default_factory=Sites)
    """Which hosts and which web pages requests may come by."""
    tally: Tally = field(default_factory=Tally)
    """What was served, since the start."""
    recorder: Recorder = field(init=False)
    """What requests looked like."""
    rooms: Rooms = field(init=False)
    """Who waits for room at the providers that have limits."""
    shadows: Shadows = field(init=False)
    availability: Availability = field(default_factory=Availability)
    """Which providers, models and keys fail."""
    budgets: Budgets = field(init=False)
    """What client keys have spent."""
    estimates: Estimates = field(default_factory=Estimates)
    """What targets count of a prompt, learned from their answers."""
    pace: Pace = field(default_factory=Pace)
    """When the next answer is learned from."""
    provider_counts: ProviderCounts = field(init=False)
    """Sizes of prompts that providers are asked for."""
    encoder_loaded: bool = False
    """Counting is quick from now on."""
    encoder_is_awaited: bool = False
    """Somebody has asked whether the gateway is ready, and was told that it is not yet."""

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.config)
        self.budgets = Budgets(file_for(self.config.path))
        self.rooms = Rooms(self.config, self.tally)
        self.shadows = Shadows(self.upstream, self.rooms)
        self.provider_counts = ProviderCounts(self.upstream, self.rooms)

    def note(self, exchange: Exchange, done: Done) -> None:
        """Remembers what was done for an exchange, and what that cost."""
        self.recent.note(done)
        if done.key is not None:
            self.budgets.note(
                exchange.snapshot, done.key, done.prompt + done.output + done.unsaid, done.cost
            )

    def memory(self, snapshot: Snapshot) -> Memory | None:
        """The memory of conversations, within the bounds of the config; None where it wants none."""
        limit = snapshot.server.memory
        if limit:
            self.conversations.limit = limit
            return self.conversations
        if self.conversations.size:
            self.conversations = Memory()  # what was kept before a reload goes too
        return None

    @property
    def door(self) -> Door:
        """What the connections of clients are held to."""
        return Door(lambda: self.config.snapshot.server, self.tally, self.life)

    @property
    def waits_for_encoder(self) -> bool:
        """The config counts tokens, and the first to count would have to build the encoder."""
        return not self.encoder_loaded and self.config.snapshot.counts_tokens

    def has_to_load_encoder(self, exchange: Exchange) -> bool:
        """To choose its route may take the encoder, which is not built yet."""
        if self.encoder_loaded:
            return False
        return len(exchange.inbound.body) > exchange.snapshot.counts_above
