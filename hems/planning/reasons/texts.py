"""Reason texts: a sentence about money, comfort or limits for each code and kind of device."""

from hems.planning.device import Appliance, Battery, Chp, Device, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone
from hems.planning.reasons.codes import Code

_STORAGE = {
    Code.PRICE_LOW: "stores {kwh:.1f} kWh at {price:.3f} per kWh ({mean:.3f} on average in this plan)",
    Code.SOLAR_SURPLUS: "stores {kwh:.1f} kWh of sun that is not needed now",
    Code.RESERVE: "stores {kwh:.1f} kWh to keep the reserve you asked for",
    Code.PRICE_HIGH: "gives {kwh:.1f} kWh that would cost {price:.3f} per kWh ({mean:.3f} on average in this plan)",
    Code.EXPORT_PAYS: "sells {kwh:.1f} kWh, worth {price:.3f} per kWh now",
    Code.GRID_LIMIT: "gives {kwh:.1f} kWh because the connection is at its limit",
    Code.LOST_LOAD: "keeps the house supplied with {kwh:.1f} kWh while the grid is away",
    Code.IDLE: "waits: moving energy now would gain nothing",
}
_CAR = {
    Code.PRICE_LOW: "charges {kwh:.1f} kWh at {price:.3f} per kWh ({mean:.3f} on average while it is here)",
    Code.SOLAR_SURPLUS: "charges {kwh:.1f} kWh from sun that is not needed now",
    Code.DEPARTURE: "charges {kwh:.1f} kWh at {price:.3f} per kWh to be ready for departure",
    Code.PRICE_HIGH: "gives {kwh:.1f} kWh to the house instead of buying at {price:.3f} per kWh",
    Code.EXPORT_PAYS: "sells {kwh:.1f} kWh, worth {price:.3f} per kWh now",
    Code.GRID_LIMIT: "waits: the connection is at its limit",
    Code.IDLE: "waits: other hours of the stay are cheaper, or it has what it needs",
}
_WARM = {
    Code.COMFORT: "uses {kwh:.1f} kWh to keep the temperature you asked for",
    Code.PRICE_LOW: "uses {kwh:.1f} kWh ahead of need at {price:.3f} per kWh ({mean:.3f} on average in this plan)",
    Code.SOLAR_SURPLUS: "uses {kwh:.1f} kWh of sun ahead of need",
    Code.IDLE: "is off: the temperature holds by itself",
}
_APPLIANCE = {
    Code.MUST_RUN: "goes on: a programme is not interrupted",
    Code.DEADLINE: "runs late: it could not finish in its window",
    Code.SOLAR_SURPLUS: "runs on {kwh:.1f} kWh of sun",
    Code.CHEAPEST_WINDOW: "runs where its {kwh:.1f} kWh cost least, at {price:.3f} per kWh",
    Code.IDLE: "does not run: it would cost more than it is worth, or it found no room in its window",
}
_SHED = {
    Code.LOST_LOAD: "is cut below its floor: the supply does not reach",
    Code.PRICE_HIGH: "is lowered: energy costs {price:.3f} per kWh, more than the comfort given up",
    Code.DAYLIGHT: "is off: daylight gives the light required",
    Code.MUST_RUN: "runs as wanted",
}
_SOLAR = {
    Code.GRID_LIMIT: "is curtailed: the connection takes no more",
    Code.PRICE_LOW: "is curtailed: using or feeding in more would cost money",
    Code.FEED_IN: "feeds in what is left, worth {price:.3f} per kWh",
    Code.SOLAR_SURPLUS: "covers {kwh:.1f} kWh of what is used here",
}
_MACHINE = {
    Code.PRICE_HIGH: "makes {kwh:.1f} kWh and heat, cheaper than electricity at {price:.3f} per kWh",
    Code.IDLE: "is off: electricity and heat are cheaper from elsewhere",
}
_TEXTS: dict[type, dict[Code, str]] = {
    Battery: _STORAGE,
    Hydrogen: _STORAGE,
    Ev: _CAR,
    Zone: _WARM,
    Tank: _WARM,
    Appliance: _APPLIANCE,
    Load: _SHED,
    Lighting: _SHED,
    Pv: _SOLAR,
    Chp: _MACHINE,
}


def text(device: Device, code: Code, *, energy_kwh: float, price: float, mean: float) -> str:
    """The sentence for a code; energy in kWh, prices in currency per kWh."""
    return _TEXTS[type(device)][code].format(kwh=abs(energy_kwh), price=price, mean=mean)
