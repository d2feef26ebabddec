"""The public append-only log: clearings in the open, settlements as salted commitments under daily pseudonyms.

Leaves are hashed as in RFC 6962. Names, keys and salts stay outside: who holds a settlement and its salt can show
that the leaf commits to it; without the salt a leaf says nothing.
"""

import hashlib
import hmac

from wire.codec import canonical
from wire.merkle import Tree, inclusion_proof, leaf_hash

SECONDS_PER_DAY = 86_400


def pseudonym(secret: bytes, meter: str, at_s: int) -> str:
    """The name of a meter in the log on one UTC day: 16 hexadecimal digits."""
    text = f"pseudonym/{meter}/{at_s // SECONDS_PER_DAY}".encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:16]


def salt(secret: bytes, purpose: str, meter: str, slot_label: str) -> bytes:
    """The salt of one commitment [32 bytes]."""
    return hmac.new(secret, f"salt/{purpose}/{meter}/{slot_label}".encode(), hashlib.sha256).digest()


def commitment(salt_bytes: bytes, payload: bytes) -> str:
    """SHA-256(salt || payload) as hexadecimal digits."""
    return hashlib.sha256(salt_bytes + payload).hexdigest()


class Log:
    """The leaves' hashes in order, with head and proofs."""

    def __init__(self) -> None:
        self._hashes: list[bytes] = []
        self._tree = Tree()

    def __len__(self) -> int:
        return len(self._hashes)

    def append(self, leaf: object) -> int:
        """Appends the canonical bytes of a JSON value; returns the leaf's index."""
        hashed = leaf_hash(canonical(leaf))
        self._hashes.append(hashed)
        self._tree.append(hashed)
        return len(self._hashes) - 1

    def head(self) -> str:
        """The current root as hexadecimal digits."""
        return self._tree.root().hex()

    def proof(self, index: int) -> list[str]:
        """The inclusion proof of a leaf against the current head."""
        return [node.hex() for node in inclusion_proof(index, self._hashes)]
