"""Tool-call correction: a call that its schema refuses is repaired, or left exactly as it came. No IO.

    gate        a known name, a JSON object, accepted by the schema: nothing else looks at the call
    names       the one tool that a wrong name can mean
    reading     text that is not quite JSON, and never text that was cut off
    shapes      several objects, arrays, bare values: which calls they are
    unwrapping  arguments inside one more key
    renaming    a key that the schema does not know, to the one key that was meant
    dropping    parameters that say nothing
    coercion    a value of another type that says the same; an option in another spelling
    filling     what the schema itself leaves one value for
    gate        again: what it still refuses is discarded whole, and the call goes on as it came

Three laws: a valid call is never changed, a repair always validates, and text that was cut off is
never closed. What models write for other things is data (`known`), open to the user (`Tables`).
To add a repair of values: one function and one entry in `stages.STAGES`.
"""

from gateway.correction.asking import Gate, Question
from gateway.correction.catalog import ToolCatalog
from gateway.correction.corrector import Corrector, Unparsed
from gateway.correction.judging import correct
from gateway.correction.policy import Policy
from gateway.correction.quirks import QUIRKS, Quirk
from gateway.correction.result import MAX_ARGUMENTS, Call, Channel, Correction, Mode, Repair
from gateway.correction.tables import Tables

__all__ = [
    "MAX_ARGUMENTS",
    "QUIRKS",
    "Call",
    "Channel",
    "Correction",
    "Corrector",
    "Gate",
    "Mode",
    "Policy",
    "Question",
    "Quirk",
    "Repair",
    "Tables",
    "ToolCatalog",
    "Unparsed",
    "correct",
]
