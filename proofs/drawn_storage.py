"""What is drawn of a storage that a proof day's members share: its terms, bids and requests, what its meter does."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from broker.market.storage_terms import DAY_S, PPM, StorageTerms
from broker.market.terms import Terms
from hems.bidding.storage import ShareBid, StorageOffers, StorageUse
from wire.messages import Stage, StageKind
from wire.slots import Slot

STORAGE_SHARE = 0.25  # of the days
METER = "store"
STAGE = "store"
SECOND_PERIOD_S = 2 * 3_600  # how long the second period is lived
DOUBT = 0.1  # of the wishes are beyond what any rule allows

Habit = Literal["follows", "deviates", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnStorage:
    """A shared storage, how long before a slot [s] requests for it count, and what its own meter does."""

    seed: int
    agreed: StorageTerms
    gate_lead_s: int
    habit: Habit

    def shared_in(self, terms: Terms) -> Terms:
        """The terms of a community with the storage."""
        stage = Stage(
            stage=STAGE,
            kind=StageKind.STORAGE,
            mechanism="shared_storage",
            takes_orders=False,
            k_permille=terms.k_permille,
            gate_lead_s=self.gate_lead_s,
            horizon_slots=3,
            gate_at=None,
            time_zone=None,
            rounds=1,
            rounds_every_s=0,
        )
        return replace(terms, stages=(*terms.trading, stage), storage=self.agreed.text())

    @property
    def periods_s(self) -> tuple[int, int]:
        """When the two periods of the day begin [s since 1970]."""
        return self.agreed.first_period_s, self.agreed.first_period_s + self.agreed.period_s

    def bid(self, meter: str, period_s: int, turn: int) -> StorageOffers:
        """What a member bids for a period: nothing, a falling curve, a request, or what does not count."""
        rng = random.Random(f"share/{self.seed}/{meter}/{period_s}/{turn}")
        if rng.random() < 0.2:
            return StorageOffers()
        most = self.agreed.capacity_wh
        is_auction = self.agreed.allocation == "auction" if rng.random() >= DOUBT else rng.random() < 0.5
        if not is_auction:
            return StorageOffers(bid=ShareBid(period_s=period_s, request_wh=rng.randint(0, most + most // 8)))
        prices = sorted(rng.choice((0, 100_000, rng.randint(0, 400_000))) for _ in range(rng.randint(0, 3)))
        steps = tuple((price, rng.randint(1, max(1, most // 3))) for price in reversed(prices))
        return StorageOffers(bid=ShareBid(period_s=period_s, steps=steps))

    def wish(self, meter: str, slot: Slot, turn: int, level_wh: int, share_wh: int) -> StorageOffers:
        """What a member asks for in a slot: a part of what it has or has free, nothing, or more than that."""
        rng = random.Random(f"ask/{self.seed}/{meter}/{slot.start_s}/{turn}")
        if rng.random() < 0.2:
            return StorageOffers()
        most = self.agreed.capacity_wh
        free_wh = max(share_wh - level_wh, 0)
        asked = rng.choice(
            (
                rng.randint(0, free_wh),
                -rng.randint(0, level_wh),
                rng.choice((free_wh, -level_wh)),
                rng.randint(-most, most),
                0,
            )
        )
        beyond = rng.choice((1, -1)) * (most + 1)
        energy_wh = beyond if rng.random() < DOUBT / 2 else asked
        return StorageOffers(uses=(StorageUse(slot=slot, energy_wh=energy_wh),))


def drawn_storage(seed: int, terms: Terms, homes: Sequence[str], start_s: int) -> DrawnStorage | None:
    """The storage of a seed's day that begins at `start_s`; None on most days."""
    rng = random.Random(f"storage/{seed}")
    if rng.random() >= STORAGE_SHARE:
        return None
    allocation: Literal["auction", "reputation", "shares"] = rng.choice(
        ("auction", "auction", "reputation", "shares")
    )
    capacity_wh = rng.choice((1, 7)) if rng.random() < 0.1 else rng.randint(10, 20_000)
    left = capacity_wh if allocation == "shares" else 0
    shares: dict[str, int] = {}
    for home in homes:
        shares[home] = rng.randint(0, left)
        left -= shares[home]
    agreed = StorageTerms(
        meter=METER,
        capacity_wh=capacity_wh,
        charge_w=_power_w(rng),
        discharge_w=_power_w(rng),
        charge_efficiency_ppm=_efficiency_ppm(rng),
        discharge_efficiency_ppm=_efficiency_ppm(rng),
        standing_loss_per_day_ppm=rng.choice((0, rng.randint(1, 500_000), 10_000)),
        allocation=allocation,
        period_days=1,
        first_period_s=start_s + rng.choice((3, 4)) * 3_600,
        allocation_lead_s=rng.choice((600, 1_800, 3_600)),
        reserve_price_micro=rng.choice((0, 50_000)) if allocation == "auction" else 0,
        handover_price_micro=rng.choice((0, 120_000)),
        shares={home: wh for home, wh in shares.items() if wh},
    )
    assert agreed.period_s == DAY_S, "the day is lived until its second period"
    habit: Habit = rng.choice(("follows", "follows", "deviates", "silent"))
    lead_s = terms.gate_lead_s + rng.choice((60, 120, 300))
    return DrawnStorage(seed=seed, agreed=agreed, gate_lead_s=lead_s, habit=habit)


def _power_w(rng: random.Random) -> int:
    """The most that a storage draws or gives [W]; one in ten hardly does anything."""
    return 1 if rng.random() < 0.1 else rng.randint(500, 8_000)


def _efficiency_ppm(rng: random.Random) -> int:
    return rng.choice((PPM, 950_000, rng.randint(500_000, PPM)))
