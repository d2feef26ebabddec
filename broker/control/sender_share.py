"""What each sender may send in a slot.

A frame that is read goes into the journal, also one that is refused: without a bound one member could fill the disk.
"""

from collections import Counter


class SenderShares:
    """Bytes of each meter or gateway in the running slot of `slot_s` seconds, at most `bytes_max`."""

    def __init__(self, *, bytes_max: int, slot_s: int) -> None:
        self._bytes_max = bytes_max
        self._slot_s = slot_s
        self._slot = 0
        self._used: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def refused(self, sender: str, size: int, now_s: int) -> int:
        """Counts a frame of `size` bytes: 0 when it may be read, n when it is the n-th in the slot that may not."""
        if now_s // self._slot_s != self._slot:
            self._slot = now_s // self._slot_s
            self._used.clear()
            self._refused.clear()
        if self._used[sender] + size <= self._bytes_max:
            self._used[sender] += size
            return 0
        self._refused[sender] += 1
        return self._refused[sender]
