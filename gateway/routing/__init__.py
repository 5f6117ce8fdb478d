"""Chooses the target of a request, and can say why. No IO.

`Facts` are what rules may ask of a request, each worked out only when one does. `CONDITIONS` is the
table of what a rule can ask. `route` takes the first rule that matches and keeps the reasons.
"""

from gateway.routing.conditions import CONDITIONS, BadValue, Check, Condition, compile_when
from gateway.routing.corrections import CorrectionOverlay
from gateway.routing.decision import Params, Route, ServerTools, Skipped, Unfit
from gateway.routing.facts import Facts
from gateway.routing.pins import NO_PINS, Pins, RecentPins
from gateway.routing.readings import NOTHING, Done, Readings, Recent
from gateway.routing.rules import Rule, Sticky, route
from gateway.routing.target import BadTarget, Target

__all__ = [
    "CONDITIONS",
    "NOTHING",
    "NO_PINS",
    "BadTarget",
    "BadValue",
    "Check",
    "Condition",
    "CorrectionOverlay",
    "Done",
    "Facts",
    "Params",
    "Pins",
    "Readings",
    "Recent",
    "RecentPins",
    "Route",
    "Rule",
    "ServerTools",
    "Skipped",
    "Sticky",
    "Target",
    "Unfit",
    "compile_when",
    "route",
]
