"""Comfort as a household has set it, on top of the periods of the TOML."""

from dataclasses import dataclass, replace

from hems.control.household.settings import Mode, ZoneWish
from hems.site.home import ComfortPeriod, ZoneUnit

SAVE_K, COMFORT_K = 1.0, 1.0  # by how much `save` and `comfort` move the edge that costs energy
AWAY_MIN_C, AWAY_MAX_C = 12.0, 32.0  # neither frost nor mould, and nothing in the rooms spoils


@dataclass(frozen=True, slots=True, kw_only=True)
class WishedPeriod(ComfortPeriod):
    """A period of the TOML with what is set on top; `low_k` and `high_k` move its edges [K]."""

    base: ComfortPeriod
    wish: ZoneWish
    low_k: float
    high_k: float

    def band_c(self, outdoor_mean_c: float) -> tuple[float, float]:
        """The band of the TOML, shifted; a temperature that is set replaces its edge and may push the other."""
        low_c, high_c = self.base.band_c(outdoor_mean_c)
        offset_k = self.wish.offset_k or 0.0
        low_c, high_c = low_c + offset_k, high_c + offset_k
        if self.wish.temp_min_c is not None:
            low_c, high_c = self.wish.temp_min_c, max(high_c, self.wish.temp_min_c)
        if self.wish.temp_max_c is not None:
            low_c, high_c = min(low_c, self.wish.temp_max_c), self.wish.temp_max_c
        low_c, high_c = low_c + self.low_k, high_c + self.high_k
        middle_c = (low_c + high_c) / 2.0
        return min(low_c, middle_c), max(high_c, middle_c)


def wished_zone(unit: ZoneUnit, wish: ZoneWish, mode: Mode) -> ZoneUnit:
    """The zone as the household wants it now.

    `save` lets a heated room be 1 K colder (a cooled one warmer), `comfort` keeps it 1 K warmer (cooler) and pays for
    it whatever energy costs, `away` only keeps it from freezing and overheating.
    """
    if mode == "away":
        guard = ComfortPeriod(from_hour=0.0, to_hour=24.0, temp_min_c=AWAY_MIN_C, temp_max_c=AWAY_MAX_C)
        return replace(unit, comfort=(guard,), discomfort_per_k_hour=None)
    step_k = {"save": -SAVE_K, "comfort": COMFORT_K}.get(mode, 0.0)
    if step_k == 0.0 and wish == ZoneWish(temp_min_c=None, temp_max_c=None, offset_k=None):
        return unit
    heats = unit.mode == "heat"
    comfort = tuple(
        WishedPeriod(
            from_hour=period.from_hour,
            to_hour=period.to_hour,
            temp_min_c=period.temp_min_c,
            temp_max_c=period.temp_max_c,
            base=period,
            wish=wish,
            low_k=step_k if heats else 0.0,
            high_k=0.0 if heats else -step_k,
        )
        for period in unit.comfort
    )
    return replace(
        unit, comfort=comfort, discomfort_per_k_hour=None if mode == "comfort" else unit.discomfort_per_k_hour
    )
