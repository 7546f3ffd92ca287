"""Ids that tell nothing: random to whoever lacks the secret, the same for one recipient, unlike for any two.

An id is a keyed hash (HMAC-SHA-256, RFC 2104) of the record's own random id, never of a name, so that no dictionary finds
it again; two recipients who lay their packages side by side find no id in common. Standards: R62, R71.
"""

import hashlib
import hmac
from dataclasses import dataclass

PUBLIC = "public"  # the one recipient of all public packages, so that a correction names the same incident for ever
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LEAST_SECRET = 16


def keyed(secret: bytes, *parts: str) -> bytes:
    """Return 32 bytes that depend on the secret and on every part; ValueError for a secret under 16 bytes."""
    if len(secret) < LEAST_SECRET:
        raise ValueError(f"a secret of {len(secret)} bytes protects nothing; give at least {LEAST_SECRET}")
    told = b"".join(len(part := text.encode()).to_bytes(4, "big") + part for text in parts)
    return hmac.new(secret, told, hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The ids and codes of one recipient."""

    secret: bytes
    recipient: str

    def id(self, kind: str, key: str) -> str:
        """Return sixteen hex digits for a record of a kind."""
        return keyed(self.secret, "id", self.recipient, kind, key)[:8].hex()

    def code(self, kind: str, key: str) -> str:
        """Return twelve letters and digits in three fours, to be read out by people."""
        number = int.from_bytes(keyed(self.secret, "code", self.recipient, kind, key)[:8], "big")
        letters = "".join(CROCKFORD[number >> shift & 31] for shift in range(0, 60, 5))
        return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
