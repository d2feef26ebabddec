"""One fake per port of the energy manager and the transactive meter, and small homes and images to start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hems.control.transactive_meter import Frame, MemoryOutbox, TransactiveMeter
from hems.metering.image import DeviceImage, SiteImage
from hems.planning.assembly import rule_based
from hems.planning.outlook import ExpectedStay, Outlook
from hems.planning.plan import Plan, SlotPlan, ValueCurve
from hems.planning.problem import Problem
from hems.site.home import BatteryUnit, ComfortPeriod, EvUnit, Home, LightingUnit, PvUnit, ZoneUnit
from wire.codec import digest, encode
from wire.messages import Clearing, Message
from wire.signing import SigningKey, key_from_seed, seal
from wire.slots import Slot

Floats = NDArray[np.float64]

START_S = 1_800_000_000  # 2027-01-15T08:00:00Z, a Friday
COMMUNITY = "elm"
METER = "home-1"
METER_KEY = key_from_seed(bytes([1]) * 32)
BROKER_KEY = key_from_seed(bytes([9]) * 32)

BATTERY = BatteryUnit(id="battery", capacity_kwh=4.0, charge_kw_max=2.0, discharge_kw_max=2.0)
CAR = EvUnit(id="car", charge_kw_max=4.0)
PV = PvUnit(id="pv")
LAMP = LightingUnit(id="lamp", rated_kw=0.2, lux_at_rated=500.0, required_lux=500.0)
ZONE = ZoneUnit(
    id="zone",
    mode="heat",
    electric_kw_max=2.0,
    cop=3.0,
    thermal_capacity_kwh_per_k=3.0,
    thermal_resistance_k_per_kw=5.0,
    comfort=(ComfortPeriod(from_hour=0.0, to_hour=24.0, temp_min_c=20.0, temp_max_c=23.0),),
)


def slot(number: int = 0, minutes: int = 15) -> Slot:
    """The slot `number` places after the one at `START_S`."""
    return Slot(START_S, minutes).shifted(number)


def home(*units: Any, **changes: Any) -> Home:
    """A home with these units."""
    return Home(meter=METER, units=units, **changes)


def image(
    devices: Mapping[str, DeviceImage] | None = None, *, base_w: float = 1000.0, at_s: int = START_S
) -> SiteImage:
    """An image whose base load is `base_w`."""
    seen = devices or {}
    return SiteImage(at_s=at_s, grid_w=base_w + sum(device.power_w for device in seen.values()), devices=seen)


def clearing(of: Slot, **changes: Any) -> Clearing:
    """The clearing of a slot in which nobody traded, or with these values instead."""
    nothing: dict[str, Any] = {
        "community": COMMUNITY,
        "stage": "intraday",
        "slot": of.label,
        "round": 0,
        "mechanism": "uniform_price_k_double_auction",
        "outcome": "no_trade",
        "price_micro_per_kwh": None,
        "price_low_micro_per_kwh": None,
        "price_high_micro_per_kwh": None,
        "volume_wh": 0,
        "demand": (),
        "supply": (),
        "orders": 0,
        "orders_root": "0" * 64,
        "awards_root": "0" * 64,
        "unrevealed": 0,
        "buyer_price_micro_per_kwh": None,
        "seller_price_micro_per_kwh": None,
        "surplus_nano": 0,
        "note": None,
    }
    return Clearing(**(nothing | changes))


def idle(**state: Any) -> DeviceImage:
    """A device that takes nothing, in some state."""
    return DeviceImage(power_w=0.0, **state)


@dataclass(slots=True)
class FakeOutlooks:
    """The same expectations at any time, or a profile given from `START_S` on; remembers what it was asked."""

    base_kw: float | Floats = 1.0
    pv_kw: float | Floats = 0.0
    retail: float | Floats = 0.3
    feed_in: float | Floats = 0.1
    stays: Mapping[str, tuple[ExpectedStay, ...]] = field(default_factory=dict)
    signals: Mapping[str, Floats] = field(default_factory=dict)
    slot_s: int = 900
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """The part of the profiles that begins at `start_s`."""
        self.asked.append((now_s, start_s, slots))
        first = (start_s - START_S) // self.slot_s

        def cut(values: float | Floats) -> Floats:
            return np.full(slots, values) if isinstance(values, float) else values[first : first + slots].copy()

        return Outlook(
            start_s=start_s,
            base_kw=cut(self.base_kw),
            pv_kw=cut(self.pv_kw),
            retail_per_kwh=cut(self.retail),
            feed_in_per_kwh=cut(self.feed_in),
            stays=self.stays,
            signals={name: cut(values) for name, values in self.signals.items()},
        )


class FailingPlanner:
    """A planner whose solver never gives anything: every plan is the rule-based fallback."""

    def rest(self) -> None:
        """There is nothing to let go of."""

    def plan(self, problem: Problem, **_: Any) -> Plan:
        """The fallback plan."""
        return rule_based(problem)

    def value_curve(self, **_: Any) -> ValueCurve:
        """Refused, as by a planner without a solved plan."""
        raise LookupError("no solved plan")

    def replan_slot0(self, **_: Any) -> SlotPlan:
        """Refused, as by a planner without a solved plan."""
        raise LookupError("no solved plan")


def broker_says(message: Message, *, key: SigningKey = BROKER_KEY, community: str = COMMUNITY) -> bytes:
    """The frame of a message as the broker signs it."""
    return seal(key, message.kind, community, encode(message))


def transactive_meter(outbox: MemoryOutbox | None = None, **changes: Any) -> TransactiveMeter:
    """The meter of `METER` with a memory outbox."""
    return TransactiveMeter(
        meter=METER,
        community=COMMUNITY,
        key=METER_KEY,
        broker_key=BROKER_KEY.public,
        outbox=MemoryOutbox() if outbox is None else outbox,
        **changes,
    )


def payload_digest(frame: Frame) -> str:
    """The digest by which receipts name a frame's payload."""
    return digest(frame.data.split(b".", 2)[2])
