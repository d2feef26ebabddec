"""Following an append-only log: every checkpoint is signed, continues the last one and holds the published leaves."""

from dataclasses import dataclass, field

from wire.audit import Check, Violation
from wire.checkpoint import NoteError, TreeHead, tree_head
from wire.merkle import Frontier, extends, frontier_before, leaf_hash
from wire.messages import Checkpoint, Leaves

KEPT = 1_000


@dataclass(slots=True)
class LogView:
    """The log of one community as one observer saw it; memory O(log n) and the newest 1,000 tree heads.

    `seen` maps sizes to roots; `since` is the size from which on no checkpoint was missed; `head` is the newest one.
    """

    community: str
    public: bytes
    seen: dict[int, bytes] = field(default_factory=dict)
    since: int = 0
    head: TreeHead | None = None
    note: str | None = None
    _frontier: Frontier | None = field(default_factory=Frontier)
    _leaves: dict[int, str] = field(default_factory=dict)
    _foreign: dict[int, bytes] = field(default_factory=dict)

    def learn_leaves(self, page: Leaves) -> None:
        """Keeps leaves until their checkpoint comes."""
        known = self.head.size if self.head is not None else 0
        for i, leaf in enumerate(page.leaves, page.first):
            if i >= known:
                self._leaves[i] = leaf

    def learn(self, checkpoint: Checkpoint) -> list[Violation]:
        """What is wrong with a checkpoint of the broker; a good newer one becomes the head."""
        about = f"log size {checkpoint.size}"
        try:
            head = tree_head(checkpoint.note, self.community, self.public)
        except NoteError as error:
            return [Violation(Check.LOG, about, f"the checkpoint's note: {error}")]
        if (head.size, head.root.hex()) != (checkpoint.size, checkpoint.root):
            return [Violation(Check.LOG, about, "the checkpoint's note says something else than its message")]
        if head.size in self.seen or (self.head is not None and head.size < self.head.size):
            return self.compare(head)
        wrong = self._follow(head, checkpoint)
        self.seen[head.size] = head.root
        for old in sorted(self.seen)[:-KEPT]:
            del self.seen[old]
        self.head, self.note = head, checkpoint.note
        return wrong + self._compare_kept()

    def _follow(self, head: TreeHead, checkpoint: Checkpoint) -> list[Violation]:
        about, last = f"log size {head.size}", self.head
        old_size, old_root = (last.size, last.root) if last is not None else (0, b"")
        proof = [bytes.fromhex(node) for node in checkpoint.consistency]
        if last is None and checkpoint.previous_size:
            self._restart(head)
            return []
        if old_size and checkpoint.previous_size == old_size:
            if not extends(old_size, old_root, head.size, head.root, proof):
                self._restart(head)
                return [Violation(Check.LOG, about, f"does not continue the log of size {old_size}")]
            if self._frontier is None:
                self._frontier = frontier_before(old_size, old_root, head.size, proof)
        new = [self._leaves.pop(i, None) for i in range(old_size, head.size)]
        if self._frontier is None or None in new:
            self._restart(head)
            if last is None or checkpoint.previous_size != old_size:
                return []
            return [Violation(Check.LOG, about, f"the leaves since {old_size} were not published")]
        if checkpoint.previous_size != old_size:
            self.since = head.size
        for leaf in new:
            assert leaf is not None
            self._frontier.append(leaf_hash(leaf.encode()))
        if self._frontier.root() != head.root:
            self._restart(head)
            return [Violation(Check.LOG, about, "the published leaves have another root")]
        return []

    def _restart(self, head: TreeHead) -> None:
        """Goes on from a checkpoint whose history was not seen or does not hold."""
        self._frontier, self.since = None, head.size
        self._leaves = {i: leaf for i, leaf in self._leaves.items() if i >= head.size}

    def witnessed(self, note: str) -> list[Violation]:
        """What is wrong with a checkpoint that someone else saw; notes that the log did not sign prove nothing."""
        if note == self.note:
            return []
        try:
            head = tree_head(note, self.community, self.public)
        except NoteError:
            return []
        return self.compare(head)

    def compare(self, other: TreeHead) -> list[Violation]:
        """Whether another signed tree head is one of this log; a newer one is kept until this view gets there."""
        about = f"log size {other.size}"
        if other.size in self.seen:
            same = self.seen[other.size] == other.root
            return [] if same else [Violation(Check.SPLIT_VIEW, about, "two signed roots of the same size")]
        if self.head is None or other.size > self.head.size:
            known = self._foreign.setdefault(other.size, other.root)
            while len(self._foreign) > KEPT:
                del self._foreign[min(self._foreign)]
            same = known == other.root
            return [] if same else [Violation(Check.SPLIT_VIEW, about, "two signed roots of the same size")]
        if other.size >= max(self.since, min(self.seen)):
            return [Violation(Check.SPLIT_VIEW, about, "a signed checkpoint that was never published here")]
        return []

    def _compare_kept(self) -> list[Violation]:
        assert self.head is not None
        ready = [size for size in self._foreign if size <= self.head.size]
        return [
            violation
            for size in sorted(ready)
            for violation in self.compare(TreeHead(self.community, size, self._foreign.pop(size)))
        ]
