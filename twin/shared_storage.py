"""A community with a storage that all its homes share: one more meter with a battery and no load.

The storage grows with the community. It begins empty, as its accounts do, and they follow just what the battery does,
so that the flows they ask for can be done. Homes trade in the default auction, their shares are auctioned daily.
"""

from dataclasses import replace

import numpy as np

from broker.io.stage_config import IntradaySettings, StorageStageSettings
from broker.market.storage_terms import PPM, StorageTerms
from hems.site.home import BatteryUnit, Home
from twin.world import TwinHome, World
from wire.messages import Stage

SHARED_STORAGE = "shared_storage"
METER = "storage"
KWH_PER_HOME, HOURS = 2.5, 4.0
EFFICIENCY = 0.95
SPARE = 0.02  # of the battery beyond what the accounts may hold: they are rounded to whole Wh against their members
BID_PART = 0.5
BIDDING_SLOTS = 2  # before the first period, and from its gate to its beginning


def with_storage(world: World) -> World:
    """The world with the storage among its homes; one that has it already stays as it is."""
    if any(twin.name == METER for twin in world.homes):
        return world
    like = world.homes[0].home
    kwh = capacity_kwh(len(world.homes))
    battery = BatteryUnit(
        id="battery",
        capacity_kwh=kwh * (1.0 + SPARE),
        charge_kw_max=kwh / HOURS,
        discharge_kw_max=kwh / HOURS,
        charge_efficiency=EFFICIENCY,
        discharge_efficiency=EFFICIENCY,
    )
    nothing = np.zeros_like(world.homes[0].load_kw)
    storage = TwinHome(
        home=Home(meter=METER, units=(battery,), timezone=like.timezone, slot_minutes=like.slot_minutes),
        load_kw=nothing,
        pv_kw=nothing,
        soc_initial={"battery": 0.0},
        note=f"the community's storage of {kwh:g} kWh, shared by the homes",
    )
    return replace(world, homes=(*world.homes, storage))


def capacity_kwh(homes: int) -> float:
    """What the accounts of so many homes may hold in all [kWh]."""
    return KWH_PER_HOME * homes


def storage_terms(world: World) -> StorageTerms:
    """What the homes of a world with a storage agree on about it."""
    homes = sum(twin.name != METER for twin in world.homes)
    capacity_wh, slot_s = round(1000 * capacity_kwh(homes)), world.first.duration_s
    return StorageTerms(
        meter=METER,
        capacity_wh=capacity_wh,
        charge_w=round(capacity_wh / HOURS),
        discharge_w=round(capacity_wh / HOURS),
        charge_efficiency_ppm=round(PPM * EFFICIENCY),
        discharge_efficiency_ppm=round(PPM * EFFICIENCY),
        period_days=1,
        first_period_s=world.slot(world.run_from + 2 * BIDDING_SLOTS).start_s,
        allocation_lead_s=BIDDING_SLOTS * slot_s,
    )


def storage_stages(*, gate_lead_s: int, storage_lead_s: int, horizon_slots: int, mechanism: str) -> tuple[Stage, ...]:
    """The calendar: the storage is told `storage_lead_s` before a slot, then the slot is traded."""
    traded = IntradaySettings(
        kind="intraday", mechanism=mechanism, gate_lead_s=gate_lead_s, horizon_slots=horizon_slots
    )
    stored = StorageStageSettings(kind="storage", gate_lead_s=storage_lead_s, horizon_slots=horizon_slots)
    return traded.as_stage(), stored.as_stage()
