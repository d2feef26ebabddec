"""The planning problem of a home: what is installed, what is measured now, what is expected."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from hems.metering.image import DeviceImage, SiteImage
from hems.planning.device import Appliance, Battery, Device, Ev, Lighting, Pv, Session, Zone
from hems.planning.futures.future import Future
from hems.planning.outlook import OUTDOOR_MEAN, ExpectedStay, Outlook, WayOn
from hems.planning.problem import Exchange, Problem, Tariff
from hems.site.comfort import OUTDOOR_MEAN_UNKNOWN_C
from hems.site.home import (
    ApplianceUnit,
    BatteryUnit,
    EvUnit,
    Home,
    LightingUnit,
    PvUnit,
    ZoneUnit,
)

Floats = NDArray[np.float64]

LOST_LOAD_PER_KWH = 10.0
SMALLEST_NEED_KWH = 1e-3
QUARTER_HOUR_S = 900
EXPECTED_PROBABILITY = 1e-6  # of the path that a plan shows; the ways on carry all the weight


def home_problem(home: Home, image: SiteImage, outlook: Outlook, exchange: Exchange | None) -> Problem:
    """The problem of planning a home from the outlook's first slot on; units that do not answer are left out."""
    devices: list[Device] = []
    for unit in home.units:
        seen = image.devices.get(unit.id)
        if seen is None:
            continue
        device = _device(unit, seen, home, shared(outlook, unit, home, image))
        if device is not None:
            devices.append(device)
    n = outlook.slots
    return Problem(
        slot_h=home.slot_h,
        base_kw=np.maximum(outlook.base_kw, 0.0),
        import_limit_kw=np.full(n, home.import_limit_kw),
        export_limit_kw=np.full(n, home.export_limit_kw),
        lost_load_value_per_kwh=LOST_LOAD_PER_KWH,
        tariff=Tariff(import_price_per_kwh=outlook.retail_per_kwh, export_price_per_kwh=outlook.feed_in_per_kwh),
        devices=tuple(devices),
        exchange=exchange,
    )


def home_futures(home: Home, image: SiteImage, outlook: Outlook) -> tuple[Future, ...]:
    """What the planner decides over: the expected load and generation (hardly counting itself), and the ways on."""
    if not outlook.ways_on:
        return ()
    expected = WayOn(probability=EXPECTED_PROBABILITY, base_kw=outlook.base_kw, pv_kw=outlook.pv_kw)
    return tuple(
        Future(
            probability=way.probability,
            base_kw=way.base_kw,
            available_kw={
                unit.id: shared(replace(outlook, pv_kw=way.pv_kw), unit, home, image).pv_kw
                for unit in home.units
                if isinstance(unit, PvUnit) and unit.id in image.devices
            },
        )
        for way in (expected, *outlook.ways_on)
    )


def _device(unit: object, seen: DeviceImage, home: Home, outlook: Outlook) -> Device | None:
    match unit:
        case PvUnit():
            return Pv(id=unit.id, available_kw=np.maximum(outlook.pv_kw, 0.0), curtailable=unit.curtailable)
        case BatteryUnit():
            return _battery(unit, seen, outlook)
        case EvUnit():
            return _ev(unit, seen, home, outlook)
        case ZoneUnit():
            return _zone(unit, seen, home, outlook)
        case LightingUnit():
            return _lighting(unit, seen, outlook)
        case ApplianceUnit():
            return _appliance(unit, seen, home, outlook)
    raise AssertionError(f"no planning model for {unit!r}")


def shared(outlook: Outlook, unit: object, home: Home, image: SiteImage) -> Outlook:
    """The outlook with this roof's share of the generation: as measured now, at night as the peak powers are."""
    roofs = [u for u in home.units if isinstance(u, PvUnit) and u.id in image.devices]
    if not isinstance(unit, PvUnit) or len(roofs) < 2:
        return outlook
    given = {u.id: image.devices[u.id].available_w or 0.0 for u in roofs}
    total = sum(given.values())
    share = given[unit.id] / total if total > 0 else unit.peak_kw / sum(u.peak_kw for u in roofs)
    return replace(outlook, pv_kw=outlook.pv_kw * share)


def stored_value_per_kwh(outlook: Outlook, efficiency: float) -> float:
    """What a stored kWh is worth at the end of the horizon [currency/kWh].

    Beyond the horizon it will replace import or be sold: the middle of the mean feed-in and the lowest retail price,
    less the loss of discharging.
    """
    return float(outlook.feed_in_per_kwh.mean() + outlook.retail_per_kwh.min()) / 2.0 * efficiency


def _battery(unit: BatteryUnit, seen: DeviceImage, outlook: Outlook) -> Battery | None:
    if seen.soc is None:
        return None
    return Battery(
        id=unit.id,
        capacity_kwh=unit.capacity_kwh,
        charge_kw_max=unit.charge_kw_max,
        discharge_kw_max=unit.discharge_kw_max,
        charge_efficiency=unit.charge_efficiency,
        discharge_efficiency=unit.discharge_efficiency,
        soc_min=unit.soc_min,
        soc_max=unit.soc_max,
        soc_initial=min(max(seen.soc, 0.0), 1.0),
        wear_per_kwh=unit.wear_per_kwh,
        reserve_soc=None if unit.reserve_soc is None else np.full(outlook.slots, unit.reserve_soc),
        final_value_per_kwh=stored_value_per_kwh(outlook, unit.discharge_efficiency),
    )


def _ev(unit: EvUnit, seen: DeviceImage, home: Home, outlook: Outlook) -> Ev | None:
    stays = list(outlook.stays.get(unit.id, ()))
    if seen.stay is not None:
        left = -(-(seen.stay.departure_s - outlook.start_s) // home.slot_s)
        needed = seen.stay.energy_needed_wh / 1000.0
        if left > 0 and needed > SMALLEST_NEED_KWH:
            stays.insert(0, ExpectedStay(arrival_slot=0, departure_slot=int(left), energy_kwh=needed))
    stays = [stay for stay in stays if stay.arrival_slot < outlook.slots and stay.energy_kwh > SMALLEST_NEED_KWH]
    if not stays:
        return None
    capacity = max(stay.energy_kwh for stay in stays)
    sessions = tuple(
        Session(
            arrival_slot=stay.arrival_slot,
            departure_slot=stay.departure_slot,
            soc_arrival=1.0 - stay.energy_kwh / capacity,
            soc_departure_min=1.0,
        )
        for stay in stays
    )
    return Ev(
        id=unit.id,
        capacity_kwh=capacity,
        charge_kw_max=unit.charge_kw_max,
        charge_kw_min=unit.charge_kw_min,
        sessions=sessions,
        final_value_per_kwh=stored_value_per_kwh(outlook, 1.0),
    )


def local_hours(home: Home, outlook: Outlook) -> Floats:
    """The local hour of the day at the middle of each slot, 0..24, shape (n,)."""
    zone = ZoneInfo(home.timezone)
    hours = []
    for k in range(outlook.slots):
        moment = datetime.fromtimestamp(outlook.start_s + home.slot_s * k + home.slot_s // 2, zone)
        hours.append(moment.hour + moment.minute / 60.0)
    return np.array(hours)


def _zone(unit: ZoneUnit, seen: DeviceImage, home: Home, outlook: Outlook) -> Zone | None:
    if seen.temp_c is None:
        return None
    low, high = comfort_band_c(unit, seen, home, outlook)
    outdoor = seen.temp_c if seen.outdoor_temp_c is None else seen.outdoor_temp_c
    return Zone(
        id=unit.id,
        heats=unit.mode == "heat",
        electric_kw_max=unit.electric_kw_max,
        electric_kw_min=unit.electric_kw_min,
        cop=np.full(outlook.slots, unit.cop),
        thermal_capacity_kwh_per_k=unit.thermal_capacity_kwh_per_k,
        thermal_resistance_k_per_kw=unit.thermal_resistance_k_per_kw,
        outdoor_temp_c=outlook.signal(f"{unit.id}.outdoor_temp_c", outdoor),
        gain_kw=outlook.signal(f"{unit.id}.gain_kw", unit.gain_kw),
        temp_initial_c=seen.temp_c,
        temp_min_c=low,
        temp_max_c=high,
        discomfort_per_k_hour=unit.discomfort_per_k_hour,
    )


def comfort_band_c(unit: ZoneUnit, seen: DeviceImage, home: Home, outlook: Outlook) -> tuple[Floats, Floats]:
    """(lowest, highest) room temperature wished for at the end of each slot [degC], (n,) each; infinite: no wish.

    An adaptive band follows the prevailing mean outdoor temperature; a home that has just begun to measure takes the
    temperature of now for it.
    """
    now_c = OUTDOOR_MEAN_UNKNOWN_C if seen.outdoor_temp_c is None else seen.outdoor_temp_c
    mean_c = outlook.signal(OUTDOOR_MEAN, now_c).tolist()
    low, high = np.full(outlook.slots, -np.inf), np.full(outlook.slots, np.inf)
    for k, hour in enumerate(local_hours(home, outlook).tolist()):
        for period in unit.comfort:
            if period.holds_at(hour):
                low[k], high[k] = period.band_c(mean_c[k])
    return low, high


def _lighting(unit: LightingUnit, seen: DeviceImage, outlook: Outlook) -> Lighting:
    required = outlook.signal(f"{unit.id}.required_lux", seen.required_lux or 0.0)
    return Lighting(
        id=unit.id,
        rated_kw=unit.rated_kw,
        lux_at_rated=unit.lux_at_rated,
        daylight_lux=outlook.signal(f"{unit.id}.daylight_lux", seen.daylight_lux or 0.0),
        required_lux=np.minimum(required, unit.required_lux),
        dim_fraction_max=unit.dim_fraction_max,
        discomfort_per_kwh=unit.discomfort_per_kwh,
    )


def _appliance(unit: ApplianceUnit, seen: DeviceImage, home: Home, outlook: Outlook) -> Appliance | None:
    """Today's run while it is still to come or under way; a run that is over is left to tomorrow's plan."""
    profile = appliance_profile_kw(unit, home.slot_s)
    if seen.running_since_s is not None:
        done = (outlook.start_s - seen.running_since_s) // home.slot_s
        if done >= len(profile):
            return None
        return Appliance(
            id=unit.id, profile_kw=profile, latest_end_slot=len(profile), running_since_slots=max(int(done), 0)
        )
    if seen.done_today:
        return None
    hours = local_hours(home, outlook)
    first, end = _window(hours, unit.earliest_hour, unit.latest_end_hour)
    if end - first < len(profile):
        return None
    return Appliance(id=unit.id, profile_kw=profile, earliest_slot=first, latest_end_slot=end)


def appliance_profile_kw(unit: ApplianceUnit, slot_s: int) -> Floats:
    """The programme as mean power per slot [kW]; its energy is kept."""
    fine = np.repeat(np.array(unit.quarter_hour_kw), QUARTER_HOUR_S // 60)
    width = slot_s // 60
    padded = np.concatenate([fine, np.zeros(-len(fine) % width)])
    return np.asarray(padded.reshape(-1, width).mean(axis=1))


def _window(hours: Floats, earliest: float, latest: float) -> tuple[int, int]:
    """(first, end) of the next stretch of slots between two local hours, which may pass midnight."""
    after, before = hours >= earliest, hours < latest
    inside = (after & before if earliest <= latest else after | before).tolist()
    if True not in inside:
        return 0, 0
    first = inside.index(True)
    rest = inside[first:]
    return first, first + (rest.index(False) if False in rest else len(rest))
