"""One request from its arrival to its last byte, as plain objects that are fed and drained. No IO.

An `Exchange` parses and routes, applies the edits of its route and, for each target that is tried, an
`Attempt` has the dialect write the request and turns the provider's bytes into the client's. The shell
around it moves bytes and nothing else; without a shell the same objects explain what would happen.
"""

from __future__ import annotations

from gateway.pipeline.attempt import PING, Attempt
from gateway.pipeline.chain import Chain
from gateway.pipeline.choosing import DISCOVERED, choose, target_of_model, target_of_prefix
from gateway.pipeline.consultation import Consultation
from gateway.pipeline.corrections import Consulted
from gateway.pipeline.counting import Count
from gateway.pipeline.exchange import Exchange
from gateway.pipeline.headers import LONGEST_HEADER, header_text, picked, shown
from gateway.pipeline.inbound import Inbound, UpstreamRequest
from gateway.pipeline.tries import PASSES, may_pass

__all__ = [
    "DISCOVERED",
    "LONGEST_HEADER",
    "PASSES",
    "PING",
    "Attempt",
    "Chain",
    "Consultation",
    "Consulted",
    "Count",
    "Exchange",
    "Inbound",
    "UpstreamRequest",
    "choose",
    "header_text",
    "may_pass",
    "picked",
    "shown",
    "target_of_model",
    "target_of_prefix",
]
