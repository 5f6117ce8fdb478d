"""Where the data that ships with the package lies: presets, schemas, token ranks.

In an installed wheel `rules/` and `schemas/` are `gateway/_data/…`; in a checkout they stand beside
the package, so that an edit is seen at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).parent


def data_folder(kind: Literal["rules", "schemas"]) -> Path:
    """The folder that holds the shipped rules or schemas."""
    installed = PACKAGE / "_data" / kind
    return installed if installed.is_dir() else PACKAGE.parent / kind


def encoding_file(name: str) -> Path:
    """The token ranks of an encoding, gzipped: `gateway/encodings/NAME.tiktoken.gz`."""
    return PACKAGE / "encodings" / f"{name}.tiktoken.gz"
