"""How much a provider is asked at once and in a time, and who waits for room. No IO; clocks are passed in.

`limits` is what a config says, `window` an amount per time, `line` who waits, and `gate` the three together.
"""

from __future__ import annotations

from gateway.admission.gate import Gate, Refused, Ticket, Turns
from gateway.admission.limits import Limits

__all__ = ["Gate", "Limits", "Refused", "Ticket", "Turns"]
