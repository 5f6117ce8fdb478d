"""`count_tokens`: the size of the prompt that a request would make, for the target that it would reach.

The provider is asked where it counts itself; otherwise, and whenever it fails, the size is estimated. No IO.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.dialects.counting import tokens_in
from gateway.errors import InvalidRequest
from gateway.pipeline.exchange import Exchange
from gateway.pipeline.inbound import UpstreamRequest


class Count:
    """Of an exchange that goes no further."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def question(self) -> UpstreamRequest | None:
        """What to ask the provider; None where it does not count, or has no key or no words for this.

        Raises `GatewayError` for a request that goes nowhere.
        """
        attempt = self.exchange.attempt
        endpoint = self.exchange.snapshot.endpoints[attempt.target.provider]
        if endpoint.missing_key is not None:
            return None
        try:
            return attempt.count_request()
        except InvalidRequest:
            return None

    def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> int:
        """The provider's count. Raises `GatewayError`."""
        if status >= 400:
            raise self.exchange.refuse(status, headers, body)
        return tokens_in(body)

    def estimate(self) -> int:
        """Tokens that the target will hardly count more of, for the request as it would be sent."""
        exchange, sent = self.exchange, self.exchange.transformed
        facts = exchange.facts
        size = facts.size if sent is exchange.request else facts.size_of(sent)
        return exchange.sizing.safe(exchange.attempt.target, size)
