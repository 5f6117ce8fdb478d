"""Which key of a pool a conversation keeps. No IO."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b


def preferred(seed: str, keys: Sequence[str]) -> list[int]:
    """The places of `keys`, the one to ask first in front.

    A rendezvous hash: the same seed keeps its key as long as that is in the pool, so that the provider's
    prompt cache of it stays warm; a key that comes or goes moves only the seeds that are its own.
    https://en.wikipedia.org/wiki/Rendezvous_hashing
    """

    def weight(place: int) -> bytes:
        text = f"{seed}\0{keys[place]}".encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=8).digest()

    return sorted(range(len(keys)), key=weight, reverse=True)
