"""Prints the matrix in Markdown; exit code 1 when a cell is not as stated."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from faults.matrix import markdown, run

from gateway import observe

if __name__ == "__main__":
    observe.setup(level="critical")
    with TemporaryDirectory() as folder:
        matrix = run(Path(folder))
    sys.stdout.write(markdown(matrix) + "\n")
    for cell, problem in matrix.wrong.items():
        sys.stderr.write(f"{cell}: {problem}\n")
    sys.exit(bool(matrix.wrong))
