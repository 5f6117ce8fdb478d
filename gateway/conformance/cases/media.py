"""Images and documents. No IO."""

from __future__ import annotations

from gateway.conformance.asking import CODE_WORD, ask, text, user
from gateway.conformance.case import Case
from gateway.conformance.checks import says, says_in_order
from gateway.conformance.material import PHOTO, document, image

COLOUR = text("What colour is this image? Reply with one word.")
COLOURS = text("What colours are these images, in their order? Reply with two words.")
NOTE = {"type": "text", "media_type": "text/plain", "data": "The code word is PUFFIN."}
PARTS = {"type": "content", "content": [text("The code word"), text("is PELICAN.")]}

CASES = (
    Case(
        "image",
        "images",
        "an image comes as data",
        (ask([user([image("red"), COLOUR])]),),
        says("red"),
        ("blind", "no-images"),
    ),
    Case(
        "images-two",
        "images",
        "two images keep their order",
        (ask([user([image("blue"), image("red"), COLOURS])]),),
        says_in_order("blue", "red"),
        ("blind", "no-images"),
    ),
    Case(
        "image-url",
        "images",
        "an image comes as an address",
        (
            ask(
                [
                    user(
                        [
                            {"type": "image", "source": {"type": "url", "url": PHOTO}},
                            text("Which insect is this? Reply with one word: ant, bee or fly."),
                        ]
                    )
                ]
            ),
        ),
        says("ant"),
        ("no-fetch",),
    ),
    Case(
        "document-text",
        "documents",
        "a document is plain text",
        (ask([user([{"type": "document", "source": NOTE}, text(CODE_WORD)])]),),
        says("PUFFIN"),
    ),
    Case(
        "document-blocks",
        "documents",
        "a document is a list of blocks",
        (ask([user([{"type": "document", "source": PARTS}, text(CODE_WORD)])]),),
        says("PELICAN"),
    ),
    Case(
        "document-pdf",
        "documents",
        "a document is a PDF",
        (ask([user([document("The code word is LAGOON."), text(CODE_WORD)])]),),
        says("LAGOON"),
        ("no-documents",),
    ),
)
