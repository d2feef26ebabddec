"""Electric car: a session's energy need, filled while plugged in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One stay at the charger: instants [s since 1970 UTC] and the energy wanted in the car [kWh]."""

    arrival_epoch_s: int
    departure_epoch_s: int
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """AC power limits [kW]; charging happens at 0 or at least `charge_kw_min`; discharge above 0 is V2G."""

    charge_kw_max: float
    charge_kw_min: float = 0.0
    discharge_kw_max: float = 0.0
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvState:
    """The session plugged in (None: no car) and the energy it got so far [kWh, in the car]."""

    session: Session | None = None
    delivered_kwh: float = 0.0

    @property
    def plugged(self) -> bool:
        """Whether a car is connected."""
        return self.session is not None

    @property
    def remaining_kwh(self) -> float:
        """What the car still takes [kWh]; 0 without a car."""
        return 0.0 if self.session is None else max(self.session.energy_kwh - self.delivered_kwh, 0.0)


def at(state: EvState, epoch_s: int, sessions: Sequence[Session]) -> EvState:
    """The state at an instant: the car whose stay covers it, with what it got if it was there before."""
    here = next((s for s in sessions if s.arrival_epoch_s <= epoch_s < s.departure_epoch_s), None)
    return state if here == state.session else EvState(session=here)


def step(state: EvState, commanded_kw: float, slot_h: float, charger: Charger) -> tuple[EvState, float]:
    """State and AC power after a slot; nothing without a car, no more than it wants or has got here."""
    if commanded_kw >= 0:
        room_kw = state.remaining_kwh / (slot_h * charger.charge_efficiency)
        power_kw = min(commanded_kw, charger.charge_kw_max, room_kw)
        if commanded_kw < charger.charge_kw_min:
            power_kw = 0.0
        moved_kwh = power_kw * slot_h * charger.charge_efficiency
    else:
        stock_kw = state.delivered_kwh * charger.discharge_efficiency / slot_h
        power_kw = -min(-commanded_kw, charger.discharge_kw_max, stock_kw)
        moved_kwh = power_kw * slot_h / charger.discharge_efficiency
    return EvState(session=state.session, delivered_kwh=max(state.delivered_kwh + moved_kwh, 0.0)), power_kw
