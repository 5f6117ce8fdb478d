"""Calls that a model wrote into its text or its reasoning, and their recovery. No IO.

    cursor     reads forward in text that may still grow
    formats    the table: how each format begins, and its reader (elements, tokens, literals, whole)
    context    where in the Markdown the text stands: code, quotations and tool results are no calls
    examples   the words around a call that say it is none
    scanner    text in, text and calls out, however it is cut; `recover` feeds it whole
    filter     the stage of an answer

Three laws: a call is recovered only when its tool is known and its arguments are valid, whatever is
quoted or shown stays text, and markup that was cut off is never closed into a call.
"""

from gateway.correction.leaked.filter import LeakFilter
from gateway.correction.leaked.recovery import Recovered, recover
from gateway.correction.leaked.scanner import Leak

__all__ = ["Leak", "LeakFilter", "Recovered", "recover"]
