"""The messages paths: from a body to the last byte of its answer."""
