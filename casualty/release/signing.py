"""The house's own signature: Ed25519 in the format of minisign, so that anybody can check it with that program too.

The key is made once, lies sealed in the database, and never leaves it; who gets a package is told its public half by
another way than the package. Sources: RFC 8032 (Ed25519); the file formats of minisign.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from casualty.access import Acting
from casualty.schema import table
from casualty.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY, MASK = "signing key", "mask"
SIGNATURE = "tagmanifest-sha256.txt.minisig"
# minisign's marks: a plain key, and a signature of the BLAKE2b hash of a file.
KEY_MARK, HASHED_MARK = b"Ed", b"ED"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key pair: the secret half as 32 bytes, and the 8 bytes by which minisign names the pair."""

    secret: bytes
    number: bytes

    @property
    def public(self) -> str:
        """The public half as minisign writes it: one line of base64."""
        return base64.b64encode(KEY_MARK + self.number + self._key().public_key().public_bytes_raw()).decode()

    def sign(self, data: bytes, trusted: str) -> str:
        """Return the signature of a file as the text of a .minisig file; `trusted` is one line that is signed with it."""
        key = self._key()
        signature = key.sign(hashlib.blake2b(data).digest())
        whole = key.sign(signature + trusted.encode())
        lines = (
            "untrusted comment: signature of a casualty record package",
            base64.b64encode(HASHED_MARK + self.number + signature).decode(),
            f"trusted comment: {trusted}",
            base64.b64encode(whole).decode(),
        )
        return "\n".join(lines) + "\n"

    def _key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.secret)


def signer(store: Store, by: Acting) -> Signer:
    """Return the key pair of this house; it is made the first time it is asked for."""
    secret = sealed(store, KEY, by)
    return Signer(secret, hashlib.blake2b(secret, digest_size=8, person=b"casualty").digest())


def sealed(store: Store, name: str, by: Acting) -> bytes:
    """Return a secret of this house, 32 bytes; it is made by chance the first time it is asked for, and then stays."""
    seal = table("seal")
    chosen = sa.select(seal.c.secret).where(seal.c.name == name)
    found = store.rows(chosen)
    if not found:
        with store.desk(by) as desk:  # two at once: the second finds what the first has made
            if desk.connection.execute(chosen).first() is None:
                fresh = {"name": name, "secret": os.urandom(32).hex(), "made_at": desk.at}
                desk.connection.execute(sa.insert(seal), [fresh])
        found = store.rows(chosen)
    return bytes.fromhex(found[0].secret)
