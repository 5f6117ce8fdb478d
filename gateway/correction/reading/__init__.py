"""Reads arguments that are not quite JSON, where nothing has to be guessed. No IO.

    ladder    layers (encodings, escapes, entities) and, inside a layer, the rungs from strict to lenient
    document  what stands before, between and after the objects of a text
    lenient   one value: commas, comments, quotes, literals; nothing is closed that was cut off
    strings   the end of a string, and its escapes
    markup    arguments written as tags

Whatever is read was there in full. Text that was cut off raises `Truncated`: it would otherwise
become a call that nobody made. The one exception is braces that are missing at the very end of a
text whose last value is complete.
"""

from gateway.correction.reading.failures import Malformed, Truncated
from gateway.correction.reading.ladder import Reading, read
from gateway.correction.reading.values import decode

__all__ = ["Malformed", "Reading", "Truncated", "decode", "read"]
