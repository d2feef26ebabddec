"""The members of a large community as arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from broker.ledger.log import pseudonym
from broker.market.terms import Member

Ints = NDArray[np.int64]


class Roll:
    """Members by ascending meter: `names`, `keys`, nameplates [W]; `places` gives the index of each meter.

    `aliases` are the pseudonyms of the day, under which members take part in the auction.
    """

    def __init__(self, members: Sequence[Member], secret: bytes, at_s: int) -> None:
        ordered = sorted((m for m in members if not m.suspended), key=lambda m: m.meter)
        self.names = [m.meter for m in ordered]
        self.keys = [m.public_key for m in ordered]
        self.import_w: Ints = np.array([m.nameplate_import_w for m in ordered], dtype=np.int64)
        self.export_w: Ints = np.array([m.nameplate_export_w for m in ordered], dtype=np.int64)
        self.aliases = [pseudonym(secret, name, at_s) for name in self.names]
        self._aliased = {alias: i for i, alias in enumerate(self.aliases)}
        self._places = {name: i for i, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def aliased(self, aliases: Sequence[str]) -> Ints:
        """The index of each pseudonym."""
        return np.array([self._aliased[alias] for alias in aliases], dtype=np.int64)

    def places(self, meters: Sequence[str]) -> Ints:
        """The index of each meter, -1 for those that are no members."""
        return np.array([self._places.get(meter, -1) for meter in meters], dtype=np.int64)
