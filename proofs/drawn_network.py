"""What is drawn of the network for one proof day: zones, lines, losses, and limits that change from slot to slot."""

import random
from collections.abc import Mapping, Sequence

from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Asked
from broker.network.grid_text import grid_text
from broker.network.slot_limits import PowerLimits, SlotLimits
from wire.slots import Slot

EAST, WEST = "east", "west"
WAYS = [(a, b) for a in (EAST, WEST) for b in (EAST, WEST)]
LIMITS_W = (None, None, 0, 300, 3_000, 9_000)
CAPACITIES_W = (0, 1_000, 5_000, 30_000)


def zones(meters: Sequence[str]) -> dict[str, list[str]]:
    """Members in two zones."""
    return {EAST: list(meters[::2]), WEST: list(meters[1::2])}


def drawn_network(seed: int, mechanism: str, meters: Sequence[str]) -> str:
    """The fixed network of a day, with what the mechanism asks for; "" where it asks for nothing."""
    asked, rng = MECHANISMS[mechanism].asks, random.Random(f"network/{seed}")
    if not asked & {Asked.ENVELOPES, Asked.LINES, Asked.CHARGES, Asked.LOSSES}:
        return ""
    document: dict[str, object] = {"zones": zones(meters), "lines": [], "envelopes": [], "charges": []}
    if Asked.LOSSES in asked:
        document["losses"] = [{"from": a, "to": b, "ppm": rng.choice((1, 20_000, 143_211, 500_000))} for a, b in WAYS]
    if Asked.CHARGES in asked:
        document["charges"] = [{"from": a, "to": b, "micro_per_kwh": rng.randint(0, 60_000)} for a, b in WAYS]
    if Asked.LINES in asked:
        document["lines"] = [{"from": EAST, "to": WEST, "capacity_w": rng.choice(CAPACITIES_W)}]
    if Asked.ENVELOPES in asked:
        document["envelopes"] = [
            {"meter": meter, "export_limit_w": rng.choice(LIMITS_W), "import_limit_w": rng.choice(LIMITS_W)}
            for meter in meters
            if rng.random() < 0.3
        ]
    return grid_text(document)


class DrawnLimits:
    """What the network operator says about each slot: of every second one something."""

    def __init__(self, seed: int, mechanism: str, meters: Sequence[str]) -> None:
        self._seed, self._meters, self._asked = seed, meters, MECHANISMS[mechanism].asks

    def limits(self, slot: Slot) -> str:
        """The limits of a slot as the journal has them."""
        return self.drawn(slot).text()

    def drawn(self, slot: Slot) -> SlotLimits:
        """The limits of a slot."""
        rng = random.Random(f"limits/{self._seed}/{slot.start_s}")
        if rng.random() < 0.5:
            return SlotLimits()
        envelopes: Mapping[str, PowerLimits] = {
            meter: PowerLimits(rng.choice(LIMITS_W), rng.choice(LIMITS_W))
            for meter in self._meters
            if rng.random() < 0.4
        }
        lines = {(EAST, WEST): rng.choice(CAPACITIES_W)}
        return SlotLimits(
            envelopes if Asked.ENVELOPES in self._asked else {},
            lines if Asked.LINES in self._asked else {},
        )
