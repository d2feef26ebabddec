"""What is measured now against what an outlook expected, and how far net load may be from it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hems.metering.image import SiteImage
from hems.planning.outlook import Outlook

Floats = NDArray[np.float64]

LUX_TOLERANCE = 25.0
SENSED_SLOTS = 4


def net_spread_kw(outlook: Outlook, least_kw: float) -> Floats:
    """How far net load may be from what is expected in each slot [kW] (n,), by the ways on that are known."""
    if not outlook.ways_on:
        return np.full(outlook.slots, least_kw)
    net = np.stack([way.base_kw - way.pv_kw for way in outlook.ways_on])
    weights = np.array([way.probability for way in outlook.ways_on])[:, None] / sum(
        way.probability for way in outlook.ways_on
    )
    variance = (weights * (net - (weights * net).sum(axis=0)) ** 2).sum(axis=0)
    return np.asarray(np.maximum(np.sqrt(variance), least_kw))


def with_measured(outlook: Outlook, image: SiteImage) -> Outlook:
    """The outlook with what is measured now: load and generation of the running slot, sensors for an hour on."""
    base, pv = outlook.base_kw.copy(), outlook.pv_kw.copy()
    base[0], pv[0] = image.base_load_w / 1000.0, image.generation_w / 1000.0
    signals = dict(outlook.signals)
    for name, measured in sensed(image).items():
        signals[name] = outlook.signal(name, measured).copy()
        signals[name][:SENSED_SLOTS] = measured
    return replace(outlook, base_kw=base, pv_kw=pv, signals=signals)


def sensed(image: SiteImage) -> dict[str, float]:
    """What sensors tell now, by the names of an outlook's signals."""
    found = {}
    for device, seen in image.devices.items():
        for name in ("outdoor_temp_c", "daylight_lux", "required_lux"):
            value = getattr(seen, name)
            if value is not None:
                found[f"{device}.{name}"] = value
    return found


def is_lit_as_expected(outlook: Outlook, image: SiteImage) -> bool:
    """Whether people and daylight are as the plan assumed: lamps must not wait for a forecast to come true."""
    return all(
        abs(float(outlook.signal(name, measured)[0]) - measured) <= LUX_TOLERANCE
        for name, measured in sensed(image).items()
        if name.endswith("_lux")
    )
