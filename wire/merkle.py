"""Merkle tree hashing, inclusion and consistency proofs of an append-only log.

Source: RFC 6962 section 2.1 (hashing, proofs), RFC 9162 section 2.1.3.2 and 2.1.4.2 (verification algorithms).
"""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split_point(count: int) -> int:
    """The largest power of two below `count` (count > 1)."""
    return 1 << ((count - 1).bit_length() - 1)


def root(hashes: Sequence[bytes]) -> bytes:
    """The tree head of leaf hashes (MTH of RFC 6962)."""
    tree = Tree()
    for item in hashes:
        tree.append(item)
    return tree.root()


class Tree:
    """A growing tree head: keeps only the perfect subtrees, so appending is O(log n) in time and memory."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[tuple[int, bytes]] = []

    def append(self, hashed_leaf: bytes) -> None:
        """Adds one leaf hash."""
        height, node = 0, hashed_leaf
        while self._subtrees and self._subtrees[-1][0] == height:
            node = node_hash(self._subtrees.pop()[1], node)
            height += 1
        self._subtrees.append((height, node))
        self.size += 1

    def root(self) -> bytes:
        """The current tree head [32 bytes]."""
        if not self._subtrees:
            return EMPTY_ROOT
        node = self._subtrees[-1][1]
        for _, left in reversed(self._subtrees[:-1]):
            node = node_hash(left, node)
        return node


def inclusion_proof(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The audit path of leaf `index`, lowest sibling first.

    Raises: IndexError when there is no such leaf.
    """
    if not 0 <= index < len(hashes):
        raise IndexError(f"leaf {index} of a log of {len(hashes)}")
    if len(hashes) == 1:
        return []
    k = _split_point(len(hashes))
    if index < k:
        return [*inclusion_proof(index, hashes[:k]), root(hashes[k:])]
    return [*inclusion_proof(index - k, hashes[k:]), root(hashes[:k])]


def includes(index: int, size: int, hashed_leaf: bytes, proof: Sequence[bytes], head: bytes) -> bool:
    """True when the proof shows the leaf at `index` in the log of `size` leaves with this head."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, hashed_leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and node == head


def consistency_proof(old_size: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The proof that the log of the first `old_size` leaves is a prefix of this log.

    Raises: ValueError when `old_size` is not in 1..len(hashes).
    """
    if not 0 < old_size <= len(hashes):
        raise ValueError(f"no log of {old_size} leaves inside one of {len(hashes)}")
    return _subproof(old_size, hashes, True)


def _subproof(old_size: int, hashes: Sequence[bytes], whole: bool) -> list[bytes]:
    if old_size == len(hashes):
        return [] if whole else [root(hashes)]
    k = _split_point(len(hashes))
    if old_size <= k:
        return [*_subproof(old_size, hashes[:k], whole), root(hashes[k:])]
    return [*_subproof(old_size - k, hashes[k:], False), root(hashes[:k])]


def extends(old_size: int, old_head: bytes, size: int, head: bytes, proof: Sequence[bytes]) -> bool:
    """True when the proof shows that the log (size, head) continues the log (old_size, old_head)."""
    if old_size == size:
        return not proof and old_head == head
    if not 0 < old_size < size or not proof:
        return False
    path = list(proof) if old_size & (old_size - 1) else [old_head, *proof]
    position, last = old_size - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_node = node = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_node, node = node_hash(sibling, old_node), node_hash(sibling, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_node == old_head and node == head
