"""Why a device gets its command: a code, the price it reacts to, and a sentence for the household."""

from dataclasses import dataclass, replace

from hems.metering.image import DeviceImage
from hems.site.home import ApplianceUnit, BatteryUnit, EvUnit, LightingUnit, PvUnit, Unit, ZoneUnit

IDLE_KW = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Reason of a setpoint: `price_per_kwh` of one more kWh now, `worth_per_h` is what the action gains by it."""

    code: str
    price_per_kwh: float
    worth_per_h: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices around a decision [currency/kWh]: marginal price now, outside prices, worth of stored energy."""

    now: float
    retail: float
    feed_in: float
    later: float


def why(unit: Unit, power_kw: float, seen: DeviceImage, surplus_kw: float, prices: Prices) -> Why:
    """The reason of one command; `surplus_kw` is generation beyond the base load."""
    code, text = _code(unit, power_kw, seen, surplus_kw, prices)
    gain = (prices.later - prices.now) * power_kw if isinstance(unit, BatteryUnit | EvUnit | ZoneUnit) else 0.0
    return Why(code=code, price_per_kwh=prices.now, worth_per_h=max(0.0, gain), text=text)


def also(reason: Why, words: str) -> Why:
    """The reason with something more to say."""
    return replace(reason, text=reason.text + words)


def _code(unit: Unit, kw: float, seen: DeviceImage, surplus_kw: float, prices: Prices) -> tuple[str, str]:
    now, later = f"{prices.now:.3f}", f"{prices.later:.3f}"
    match unit:
        case PvUnit():
            return _of_sun((seen.available_w or 0.0) / 1000.0 + kw, prices)
        case BatteryUnit() if kw > IDLE_KW:
            if surplus_kw >= kw - IDLE_KW:
                return "solar_surplus", f"Stores sun: a kWh of it is worth {now} now and {later} later."
            part = ", partly from the sun" if surplus_kw > IDLE_KW else ""
            return "price_low", f"Charges at {now} per kWh{part}: the energy is worth {later} later."
        case BatteryUnit() if kw < -IDLE_KW:
            return "price_high", f"Gives energy: it saves {now} per kWh now and would be worth {later} later."
        case EvUnit() if seen.stay is None:
            return "idle", "No car is plugged in."
        case EvUnit() if kw > IDLE_KW and seen.stay is not None:
            return "price_low", f"Charges at {now} per kWh; {seen.stay.energy_needed_wh / 1000:.1f} kWh are needed."
        case EvUnit():
            return "waiting", f"Waits: charging now would cost {now} per kWh, there is time until departure."
        case ZoneUnit() if kw > IDLE_KW:
            return (
                "comfort",
                f"{'Heats' if unit.mode == 'heat' else 'Cools'} at {now} per kWh to keep your temperature.",
            )
        case LightingUnit() if kw > IDLE_KW:
            return "occupied", "Gives the light that daylight leaves missing."
        case ApplianceUnit() if kw > IDLE_KW:
            return "cheapest_window", f"Runs now, in the cheapest hours of its window, at {now} per kWh."
        case BatteryUnit():
            return "idle", f"Waits: at {now} per kWh it gains nothing by charging or giving."
        case ZoneUnit():
            return "idle", "Off: the temperature holds by itself."
        case LightingUnit():
            return "idle", "Off: daylight is enough, or nobody is there."
        case ApplianceUnit():
            return "idle", f"Does not run now, at {now} per kWh: its time is another one, or it is done."


def _of_sun(held_back_kw: float, prices: Prices) -> tuple[str, str]:
    if held_back_kw <= IDLE_KW:
        return "feed_in", "All sun is used."
    if prices.now <= 0.0:
        return "price_low", f"Held back: more of it would cost money at {prices.now:.3f} per kWh."
    return "grid_limit", "Held back: the connection cannot take more."
