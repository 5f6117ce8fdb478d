"""Chooses the target of a request, and can say why. No IO.

`Facts` are what rules may ask of a request, each worked out only when one does. `CONDITIONS` is the
table of what a rule can ask. `route` takes the first rule that matches and keeps the reasons.
"""

from gateway.routing.conditions import CONDITIONS, Condition, compile_when
from gateway.routing.facts import Facts
from gateway.routing.rules import Route, Rule, Skipped, route
from gateway.routing.target import BadTarget, Target

__all__ = [
    "CONDITIONS",
    "BadTarget",
    "Condition",
    "Facts",
    "Route",
    "Rule",
    "Skipped",
    "Target",
    "compile_when",
    "route",
]
