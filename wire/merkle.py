"""Merkle tree hashing, inclusion and consistency proofs of an append-only log.

Source: RFC 6962 section 2.1 (hashing, proofs), RFC 9162 section 2.1.3.2 and 2.1.4.2 (verification algorithms).
"""

import hashlib
from collections.abc import Iterable, Sequence

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


class Tree:
    """A growing tree that keeps every perfect subtree: about 2 n hashes in memory.

    Appending costs O(1) on average, root and proofs O(log n): all n inclusion proofs of a tree cost O(n log n).
    """

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        self._edge: dict[int, bytes] = {}
        for item in hashes:
            self.append(item)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def leaves(self) -> bytes:
        """The leaf hashes in order, one behind the other [32 bytes each]."""
        return b"".join(self._levels[0])

    def append(self, hashed_leaf: bytes) -> None:
        """Adds one leaf hash."""
        self._edge.clear()
        height, level = 0, self._levels[0]
        level.append(hashed_leaf)
        while not len(level) & 1:
            height += 1
            if height == len(self._levels):
                self._levels.append([])
            self._levels[height].append(node_hash(level[-2], level[-1]))
            level = self._levels[height]

    def root(self, size: int | None = None) -> bytes:
        """The tree head of the first `size` leaves, of all when None [32 bytes]."""
        count = self.size if size is None else size
        if not 0 <= count <= self.size:
            raise IndexError(f"no tree of {count} leaves inside one of {self.size}")
        return self._span(0, count) if count else EMPTY_ROOT

    def inclusion_proof(self, index: int) -> list[bytes]:
        """The audit path of leaf `index`, lowest sibling first.

        Raises: IndexError when there is no such leaf.
        """
        if not 0 <= index < self.size:
            raise IndexError(f"leaf {index} of a log of {self.size}")
        first, count, path = 0, self.size, []
        while count > 1:
            k = _split_point(count)
            if index < first + k:
                path.append(self._span(first + k, count - k))
                count = k
            else:
                path.append(self._span(first, k))
                first, count = first + k, count - k
        return path[::-1]

    def inclusion_proofs(self) -> list[list[str]]:
        """The audit paths of all leaves as hexadecimal digits, in O(n log n)."""
        paths: list[list[str]] = [[] for _ in range(self.size)]

        def fill(first: int, count: int) -> None:
            if count < 2:
                return
            k = _split_point(count)
            fill(first, k)
            fill(first + k, count - k)
            left, right = self._span(first, k).hex(), self._span(first + k, count - k).hex()
            for path in paths[first : first + k]:
                path.append(right)
            for path in paths[first + k : first + count]:
                path.append(left)

        fill(0, self.size)
        return paths

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """The proof that the log of the first `old_size` leaves is a prefix of this log.

        Raises: ValueError when `old_size` is not in 1..size.
        """
        if not 0 < old_size <= self.size:
            raise ValueError(f"no log of {old_size} leaves inside one of {self.size}")
        first, count, path, is_whole = 0, self.size, [], True
        while first + count != old_size:
            k = _split_point(count)
            if old_size <= first + k:
                path.append(self._span(first + k, count - k))
                count = k
            else:
                path.append(self._span(first, k))
                first, count, is_whole = first + k, count - k, False
        if not is_whole:
            path.append(self._span(first, count))
        return path[::-1]

    def _span(self, first: int, count: int) -> bytes:
        """The head of `count` leaves from `first` on; `first` is a multiple of a power of two >= count."""
        height = count.bit_length() - 1
        if count == 1 << height:
            return self._levels[height][first >> height]
        if first + count == self.size and first in self._edge:
            return self._edge[first]
        k = 1 << height
        node = node_hash(self._levels[height][first >> height], self._span(first + k, count - k))
        if first + count == self.size:
            self._edge[first] = node
        return node


class Frontier:
    """A growing tree head that keeps only the perfect subtrees: O(log n) memory, for who follows a log."""

    def __init__(self, size: int = 0, subtrees: Iterable[bytes] = ()) -> None:
        """`subtrees` are the heads of the perfect subtrees of `size` leaves, largest first."""
        heights = [h for h in range(size.bit_length() - 1, -1, -1) if size >> h & 1]
        self._subtrees = list(zip(heights, subtrees, strict=True))
        self.size = size

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


def frontier_before(old_size: int, old_head: bytes, size: int, proof: Sequence[bytes]) -> Frontier:
    """The frontier of the old log, whose perfect subtrees are all in a consistency proof that holds (`extends`)."""
    path = list(proof) if old_size & (old_size - 1) else [old_head, *proof]
    position, last = old_size - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    subtrees = [path[0]]
    for sibling in path[1:]:
        if position & 1:
            subtrees.append(sibling)
        elif position == last:
            subtrees.append(sibling)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        position >>= 1
        last >>= 1
    return Frontier(old_size, reversed(subtrees))


def root(hashes: Iterable[bytes]) -> bytes:
    """The tree head of leaf hashes (MTH of RFC 6962)."""
    return Tree(hashes).root()


def inclusion_proof(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The audit path of one leaf; build a `Tree` where many are wanted.

    Raises: IndexError when there is no such leaf.
    """
    return Tree(hashes).inclusion_proof(index)


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
    return Tree(hashes).consistency_proof(old_size)


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
