"""Lighting: the lux a space needs, what daylight gives, and the power that delivers the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighting:
    """Dimmable group: power and illuminance at full output; power is proportional to the lux it gives."""

    rated_kw: float
    lux_at_rated: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LightingState:
    """Illuminance at the work plane during the last slot, daylight and lamps [lux]."""

    delivered_lux: float = 0.0


def required_lux(occupancy: float, task_lux: float = 500.0) -> float:
    """Illuminance wanted [lux] at an occupancy of 0..1: the task's level as soon as anybody is there.

    Source: EN 12464-1:2021, offices, writing and reading, maintained 500 lx.
    """
    return task_lux if occupancy > 0.0 else 0.0


def power_kw(lighting: Lighting, lux: float) -> float:
    """Power that gives `lux` from the lamps [kW], at most rated."""
    return min(max(lux, 0.0) * lighting.rated_kw / lighting.lux_at_rated, lighting.rated_kw)


def step(
    state: LightingState,
    commanded_kw: float,
    slot_h: float,
    lighting: Lighting,
    *,
    required_lux: float,
    daylight_lux: float,
) -> tuple[LightingState, float]:
    """Illuminance and power of a slot; the sensor caps the lamps at what daylight leaves to give.

    Light has no memory: `state` and `slot_h` do not matter and are there so that all devices step alike.
    """
    need_kw = power_kw(lighting, required_lux - daylight_lux)
    actual_kw = min(max(commanded_kw, 0.0), need_kw)
    lamps_lux = actual_kw * lighting.lux_at_rated / lighting.rated_kw
    return LightingState(delivered_lux=daylight_lux + lamps_lux), actual_kw
