"""Wire formats as a server speaks them: requests read, answers written. No IO."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.mock.wires.base import Wire
from gateway.mock.wires.chat import CHAT
from gateway.mock.wires.gemini import GEMINI
from gateway.mock.wires.messages import MESSAGES
from gateway.mock.wires.ollama import OLLAMA
from gateway.mock.wires.responses import RESPONSES

__all__ = ["WIRES", "Wire"]

WIRES: Mapping[str, Wire] = {
    wire.dialect: wire for wire in (CHAT, RESPONSES, GEMINI, OLLAMA, MESSAGES)
}
"""By the name that the config has for the dialect."""
