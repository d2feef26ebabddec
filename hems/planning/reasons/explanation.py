"""Explanation: why a device does what it does, what doing otherwise would cost, and what would change it."""

from dataclasses import dataclass
from enum import StrEnum

from hems.planning.device import Device
from hems.planning.reasons.actions import Action, Otherwise
from hems.planning.reasons.codes import Code
from hems.planning.reasons.limits import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A wish that would be broken (further): sum over all slots in `unit`, and `worst`, the most in one slot."""

    device: Device | None  # None: the base load of the site
    wish: str
    amount: float
    worst: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """Doing otherwise: `cost` is what it costs more [currency], `broken` the wishes that it breaks (further).

    The site then imports `moved_kwh` more (negative: less) in the slots in question, at `price_now` on average; the
    opposite happens at other times at `price_other`, mostly in `other_slot`. None: nothing that has a price moves.
    """

    what: Otherwise
    cost: float
    exact: bool  # False: on/off decisions had to stay fractional, it costs at least as much
    broken: tuple[Shortfall, ...] = ()
    moved_kwh: float = 0.0
    price_now: float | None = None
    price_other: float | None = None
    other_slot: int | None = None
    temp_c: float | None = None  # farthest temperature outside a priced comfort band; None: no farther than planned


class Lever(StrEnum):
    """What a person or the market could change."""

    PRICE_BELOW = "price_below"
    PRICE_ABOVE = "price_above"
    TARGET = "target"
    TEMPERATURE = "temperature"
    VALUE = "value"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A change after which the device would do otherwise: `value` instead of `was`, both in `unit`."""

    lever: Lever
    then: Otherwise
    value: float
    was: float | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why `device` does `action` from slot `first` up to `end` (not included), asked about `slot`.

    `worth` [currency] is the least cost of doing otherwise less the cost of the plan, of ways that break no wish if
    there are any; None when there is no other way. `price` [currency/kWh] is that of the slot asked about, for
    selling where `sells`. `state` is the charge (fraction) or temperature [degC] at the end of that slot, None where
    the device has none.
    """

    device: Device
    action: Action
    code: Code
    first: int
    end: int
    slot: int
    power_kw: float
    energy_kwh: float
    state: float | None
    price: float
    sells: bool
    worth: float | None
    instead: tuple[Instead, ...]
    limits: tuple[Limit, ...]
    remedies: tuple[Remedy, ...]
