"""The public append-only log: clearings in the open, settlements as salted commitments under daily pseudonyms.

Leaves are hashed as in RFC 6962. Names, keys and salts stay outside: who holds a settlement and its salt can show
that the leaf commits to it; without the salt a leaf says nothing.
"""

import hmac

from wire.codec import canonical
from wire.merkle import Tree, leaf_hash

SECONDS_PER_DAY = 86_400
HASH_BYTES = 32


def pseudonym(secret: bytes, meter: str, at_s: int) -> str:
    """The name of a meter in the log on one UTC day: 16 hexadecimal digits."""
    text = f"pseudonym/{meter}/{at_s // SECONDS_PER_DAY}".encode()
    return hmac.digest(secret, text, "sha256").hex()[:16]


def salt(secret: bytes, purpose: str, meter: str, slot_label: str) -> bytes:
    """The salt of one commitment [32 bytes]."""
    return hmac.digest(secret, f"salt/{purpose}/{meter}/{slot_label}".encode(), "sha256")


class Log:
    """The leaves' hashes in order, with head and proofs, and the leaves since the last checkpoint.

    `published` is the number of leaves that the last checkpoint covers.
    """

    def __init__(self) -> None:
        self._tree = Tree()
        self._new: list[str] = []
        self.published = 0

    def __len__(self) -> int:
        return self._tree.size

    def append(self, leaf: object) -> int:
        """Appends the canonical bytes of a JSON value; returns the leaf's index."""
        text = canonical(leaf)
        self._tree.append(leaf_hash(text))
        self._new.append(text.decode())
        return self._tree.size - 1

    def take_new(self) -> list[str]:
        """The leaves since the last call, as canonical JSON text; from now on they count as published."""
        new, self._new, self.published = self._new, [], self._tree.size
        return new

    def kept(self) -> tuple[bytes, list[str], int]:
        """What the log goes on from: the leaves' hashes in order [32 bytes each], the new leaves, and `published`."""
        return self._tree.leaves(), list(self._new), self.published

    def go_on_from(self, hashes: bytes, new: list[str], published: int) -> None:
        """Makes this empty log the one that `kept` was asked of."""
        assert not self._tree.size, "an empty log goes on"
        self._tree = Tree(hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES))
        self._new, self.published = list(new), published

    def head(self) -> str:
        """The current root as hexadecimal digits."""
        return self._tree.root().hex()

    def proof(self, index: int) -> list[str]:
        """The inclusion proof of a leaf against the current head."""
        return [node.hex() for node in self._tree.inclusion_proof(index)]

    def consistency(self, old_size: int) -> list[str]:
        """The proof that the log only grew since it had `old_size` leaves (at least 1)."""
        return [node.hex() for node in self._tree.consistency_proof(old_size)]
