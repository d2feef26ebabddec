"""Records under one signed root: every member can show that its award or bill is part of the round."""

from dataclasses import dataclass

from wire.batch import Batch
from wire.codec import canonical
from wire.merkle import Tree, leaf_hash
from wire.signing import SigningKey, seal


@dataclass(frozen=True, slots=True)
class Proved:
    """A batch whose records are the leaves of a tree (RFC 6962)."""

    batch: Batch
    tree: Tree

    @property
    def root(self) -> bytes:
        """The tree head [32 bytes]."""
        return self.tree.root()

    def proof(self, index: int) -> list[bytes]:
        """The inclusion proof of a record, lowest sibling first; checked with `wire.merkle.includes`."""
        return self.tree.inclusion_proof(index)

    def signed_root(self, key: SigningKey, community: str) -> bytes:
        """The one signed frame that vouches for all records."""
        body = {
            "count": len(self.batch.records),
            "kind": self.batch.kind,
            "root": self.root.hex(),
            "slot_s": self.batch.slot_s,
            "stage": self.batch.stage,
        }
        return seal(key, "batch-root", community, canonical(body))


def leaf(batch: Batch, index: int) -> bytes:
    """The hash of a record as a leaf."""
    return leaf_hash(batch.context + batch.records[index].tobytes())


def proved(batch: Batch) -> Proved:
    """The batch with its tree; O(n) hashes."""
    raw, size, context = batch.records.tobytes(), batch.records.dtype.itemsize, batch.context
    return Proved(batch, Tree(leaf_hash(context + raw[at : at + size]) for at in range(0, len(raw), size)))
