"""Reasoning state on its way through the client: sealed, tagged with its origin. No IO.

Providers hand out state that has to come back with the next turn: encrypted reasoning, thought
signatures, reasoning details. The client keeps whatever stands in a thinking block's `signature` (or in
`redacted_thinking.data`) and sends it back as it was, so the state rides there: encrypted and
authenticated, because it is the provider's secret and steers the model, and bound to the target that
made it, because no other one understands it. What cannot be opened (another target's, another key's,
forged, damaged, or a signature that is not ours at all) is foreign, and is never sent on.

Sealed text: `gw1.` and base64url (RFC 4648, no padding) of AES-SIV (RFC 5297) over the JSON of the
state; the target is the associated data. AES-SIV needs no nonce: the same state is the same text.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import shake_256
from typing import TYPE_CHECKING, Any

from gateway import json_text
from gateway.once import once

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

TAG = "gw1."

MOST_SEALS = 256
"""Targets whose seals are kept: few are asked again and again."""


def is_sealed(text: object) -> bool:
    """The text claims to be sealed state, of whichever target."""
    return isinstance(text, str) and text.startswith(TAG)


class Vault:
    """One secret for every state of this gateway, and of all that share the secret."""

    def __init__(self, secret: bytes | Callable[[], bytes]) -> None:
        """`secret` may have any length; its strength is the caller's. A function is asked once, when
        there is something to seal."""
        self._secret = secret

    def __repr__(self) -> str:
        return "Vault()"

    @once
    def cipher(self) -> AESSIV:
        """Made when first needed: most requests carry no state, and the library takes time to load."""
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        secret = self._secret if isinstance(self._secret, bytes) else self._secret()
        return AESSIV(shake_256(b"gateway reasoning state" + secret).digest(64))

    @once
    def seal_for(self) -> Callable[[str], Seal]:
        """What seals and opens the state of one target, named as `provider:model`."""
        return lru_cache(MOST_SEALS)(partial(Seal, self))


class Seal:
    """Seals the state of one target, and opens what it sealed."""

    __slots__ = ("_origin", "_vault")

    def __init__(self, vault: Vault, origin: str) -> None:
        self._vault = vault
        self._origin = [origin.encode("utf-8", "surrogatepass")]

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for seals that open the same texts."""
        return self._vault, self._origin[0]

    def close(self, state: Any) -> str:
        """The state, a JSON value, as text that only this target's seal opens."""
        sealed = self._vault.cipher.encrypt(json_text.encode(state), self._origin)
        return TAG + urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: object) -> Any:
        """The state; None when the text is foreign in any way."""
        if not isinstance(text, str) or not text.startswith(TAG):
            return None
        from cryptography.exceptions import InvalidTag

        try:
            encoded = text.removeprefix(TAG).encode("ascii")
            sealed = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
            return json_text.decode(self._vault.cipher.decrypt(sealed, self._origin))
        except (InvalidTag, binascii.Error, UnicodeEncodeError, json_text.NotJSON, ValueError):
            return None
