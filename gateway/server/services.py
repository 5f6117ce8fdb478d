"""What the endpoints share."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.reload import ConfigStore
from gateway.tokens import Tiktoken, TokenCounter
from gateway.upstream import Upstream


@dataclass(slots=True)
class Services:
    """Made once, when the gateway starts."""

    config: ConfigStore
    upstream: Upstream
    encoder: Tiktoken
    counter: TokenCounter
    encoder_loaded: bool = False
