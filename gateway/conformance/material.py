"""Images, documents and schemas to ask about, made from nothing. No IO."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

SIDE = 64
"""Pixels of an image's side: the least that every provider takes."""

COLOURS = {"red": (220, 20, 20), "blue": (20, 40, 220)}

PHOTO = "https://upload.wikimedia.org/wikipedia/commons/a/a7/Camponotus_flavomarginatus_ant.jpg"
"""A public picture of an ant, the one in Anthropic's own documentation of image URLs."""


def png(colour: tuple[int, int, int]) -> bytes:
    """An image of one colour. Format: https://www.w3.org/TR/png-3/"""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    rows = (b"\x00" + bytes(colour) * SIDE) * SIDE
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pdf(line: str) -> bytes:
    """A page with one line of ASCII text. Format: ISO 32000-1, 7.5"""
    content = f"BT /F1 24 Tf 72 720 Td ({line}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, value in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (size, table, size, len(out))
    )


def image(colour: str) -> dict[str, Any]:
    """An image block of a colour in `COLOURS`."""
    return {"type": "image", "source": _inline("image/png", png(COLOURS[colour]))}


def document(line: str) -> dict[str, Any]:
    """A PDF block with one line of text."""
    source = _inline("application/pdf", pdf(line))
    return {"type": "document", "title": "notes", "source": source}


def _inline(media_type: str, data: bytes) -> dict[str, str]:
    encoded = base64.b64encode(data).decode("ascii")
    return {"type": "base64", "media_type": media_type, "data": encoded}
