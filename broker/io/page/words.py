"""How the operator's page writes times, prices, energy and money."""

from web.charts.numerals import MISSING, energy, money, price
from wire.quantities import NANO_PER_UNIT, WH_PER_KWH

MICRO_PER_UNIT = 1_000_000
OUTCOMES = {
    "cleared": "cleared",
    "no_trade": "no trade",
    "no_market": "no market",
    "shared": "shared after metering",
}


def moment(slot: str) -> str:
    """A slot's start for people: `2026-06-01 12:15`, in UTC."""
    return slot.removesuffix("Z").replace("T", " ").removesuffix(":00") if slot else MISSING


def price_of(micro: int | None, currency: str) -> str:
    """A price given in micro-currency per kWh; a dash where there is none."""
    return MISSING if micro is None else price(micro / MICRO_PER_UNIT, currency)


def energy_of(wh: int) -> str:
    """Energy given in Wh."""
    return energy(wh / WH_PER_KWH)


def paid(nano: int, currency: str) -> str:
    """What a member pays, in words: `pays 1.20 EUR` or `receives 0.40 EUR`."""
    verb = "pays" if nano >= 0 else "receives"
    return f"{verb} {money(abs(nano) / NANO_PER_UNIT, currency)}"
