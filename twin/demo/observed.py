"""What a live home recorded, as the observation that the report shows."""

import json

from hems.io.edge_store import EdgeStore
from twin.demo.site import DemoSite
from twin.observation import NOON_H, Observation, PlannedDay, Told, first_battery
from twin.world import World
from wire.slots import format_utc


def observe(observation: Observation, world: World, site: DemoSite, store: EdgeStore) -> None:
    """Adds a home's plan of the first noon, its charge per slot, and the reasons of its first day."""
    name, home = site.twin.name, site.twin.home
    first_s = world.slot(world.count_from).start_s
    for slot_s, net_wh, detail in store.rows("plans", "slot_s, net_wh, detail", "slot_s"):
        if slot_s >= first_s and home.local_hour(slot_s) == NOON_H and name not in observation.plans:
            told = json.loads(detail)
            states = told["state"].get(first_battery(site.twin) or "", [])
            observation.plans[name] = PlannedDay(
                first=(slot_s - first_s) // home.slot_s,
                net_kw=tuple(energy / 1000.0 / home.slot_h for energy in json.loads(net_wh)),
                soc=tuple(state for state in states if state is not None),
                marginal_per_kwh=tuple(told["marginal_per_kwh"]),
            )
    if first_battery(site.twin) is not None:
        observation.soc[name] = site.soc[world.count_from - world.run_from :][: world.counted_slots]
    columns = "slot_s, device, power_kw, code, text, worth_per_h"
    codes: dict[str, str] = {}
    for slot_s, device, power_kw, code, text, worth_per_h in store.rows("decisions", columns, "at_s"):
        is_dark = code == "feed_in" and power_kw == 0.0
        if codes.get(device) != code and code != "idle" and not is_dark:
            observation.told.append(
                Told(
                    time=format_utc(slot_s),
                    home=name,
                    device=device,
                    power_kw=power_kw,
                    code=code,
                    text=text,
                    worth_per_h=worth_per_h,
                )
            )
        codes[device] = code
