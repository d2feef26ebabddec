"""What a market has to know of the network: connection points, zones, lines and what energy pays between zones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

MILLION = 1_000_000


class Envelope(NamedTuple):
    """What a connection point may export and import in a slot [Wh]; None where nothing limits it."""

    export_wh: int | None = None
    import_wh: int | None = None


UNLIMITED = Envelope()


class Line(NamedTuple):
    """A line between two zones that carries at most `capacity_wh` in a slot, in either direction."""

    start: str
    end: str
    capacity_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The network in one slot.

    `envelopes` by participant; `zones`: the zone of each participant; `charges`: what energy pays from the seller's
    zone to the buyer's [micro/kWh], nothing where a pair is not named; `losses`: what is lost of the energy on this
    way [ppm of what is sent, below a million], nothing where a pair is not named.
    """

    envelopes: Mapping[str, Envelope] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    charges: Mapping[tuple[str, str], int] = field(default_factory=dict)
    losses: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def zone_names(self) -> list[str]:
        """All zones in ascending order, also those where nobody is connected."""
        ends = {end for line in self.lines for end in (line.start, line.end)}
        return sorted(ends | set(self.zones.values()))

    def renamed(self, name_of: Callable[[str], str]) -> "Grid":
        """The network of participants under other names; zones keep theirs."""
        return replace(
            self,
            envelopes={name_of(name): envelope for name, envelope in self.envelopes.items()},
            zones={name_of(name): zone for name, zone in self.zones.items()},
        )
