"""The Anthropic Messages vocabulary: requests, usage, event streams. No IO.

Everything that happens after the upstream is said to a `Sink`; the `Emitter` is the last one, and the
only maker of event streams. It cannot express an illegal order.
Wire format: https://docs.anthropic.com/en/api/messages and /messages-streaming
"""

from gateway.messages.emitter import Emitter, random_id
from gateway.messages.fold import accumulate, unfold
from gateway.messages.memory import Memory
from gateway.messages.request import MessagesRequest
from gateway.messages.stage import Forwarding, Silent
from gateway.messages.vocabulary import BILLING, Message, Sink, StopReason, Usage
from gateway.messages.writers import EventWriter, MessageWriter, Writer, encode_event, error_event

__all__ = [
    "BILLING",
    "Emitter",
    "EventWriter",
    "Forwarding",
    "Memory",
    "Message",
    "MessageWriter",
    "MessagesRequest",
    "Silent",
    "Sink",
    "StopReason",
    "Usage",
    "Writer",
    "accumulate",
    "encode_event",
    "error_event",
    "random_id",
    "unfold",
]
