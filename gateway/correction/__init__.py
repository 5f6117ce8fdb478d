"""Tool-call correction: a call that its schema refuses is repaired, or left exactly as it came. No IO.

    gate       a known name, a JSON object, accepted by the schema: nothing else looks at the call
    names      the one tool whose name differs only in case and separators
    reading    text that is an object under a code fence, raw control characters, a second encoding
    renaming   a key that the schema does not know, to the one key that was meant
    coercion   a value of another type that says the same: "5" for 5, a JSON text for its value
    gate       again: what it still refuses is discarded whole, and the call goes on as it came

Three laws: a valid call is never changed, a repair always validates, and text that was cut off is
never closed. To add a repair of values: one function and one entry in `stages.STAGES`.
"""

from gateway.correction.catalog import ToolCatalog
from gateway.correction.corrector import Corrector
from gateway.correction.result import MAX_ARGUMENTS, Correction, Mode, Repair
from gateway.correction.stages import correct

__all__ = [
    "MAX_ARGUMENTS",
    "Correction",
    "Corrector",
    "Mode",
    "Repair",
    "ToolCatalog",
    "correct",
]
