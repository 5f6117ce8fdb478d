"""Who can be asked: what failures say of each provider, model and key, and how often one may ask again.
No IO: clocks and chance are handed in.

    settings     what the config says of it
    faults       what a failure says: of whom, and how long it is to be left alone
    circuit      one (provider, model, key): closed, open, half-open
    budget       how many repetitions the traffic has earned
    affinity     which key of a pool a conversation keeps

`Availability` holds the circuits of a process. What is well has none, so that an ordinary request pays for
a look at an empty dictionary; reloads of the config change nothing in it.
"""

from __future__ import annotations

from gateway.availability.affinity import preferred
from gateway.availability.budget import Budget
from gateway.availability.circuit import Hold, State
from gateway.availability.faults import Fault, Kind, fault, seconds_named
from gateway.availability.looking import Looking
from gateway.availability.settings import Settings
from gateway.availability.standing import (
    HEALTHY,
    Access,
    Availability,
    Live,
    Named,
    Standing,
    Ticket,
)

__all__ = [
    "HEALTHY",
    "Access",
    "Availability",
    "Budget",
    "Fault",
    "Hold",
    "Kind",
    "Live",
    "Looking",
    "Named",
    "Settings",
    "Standing",
    "State",
    "Ticket",
    "fault",
    "preferred",
    "seconds_named",
]
