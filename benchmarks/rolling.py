"""A horizon that moves: the case of the next slot after the first slot of a plan was carried out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hems.planning.plan import Plan

Floats = NDArray[np.float64]
Document = dict[str, Any]

STATE_KEY = {
    "battery": "soc_initial",
    "zone": "temp_initial_c",
    "tank": "temp_initial_c",
    "hydrogen": "level_initial",
}
ON_KW = 1e-4


@dataclass(slots=True)
class Home:
    """A world of many slots of which a planner sees `horizon` from slot `now` on; what was done changes what it sees.

    Lists of the world have one value per slot of the world. Devices carry out the plan exactly.
    """

    world: Document
    horizon: int
    now: int = 0
    state: dict[str, float] = field(default_factory=dict)
    done_kw: dict[str, list[float]] = field(default_factory=dict)
    imported_kwh: float = 0.0
    peak_kw: float = 0.0

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each device."""
        return {device["id"]: device["kind"] for device in self.world["devices"]}

    def seen(self) -> Document:
        """The case that is planned now."""
        tariff = self._cut(self.world["tariff"])
        if tariff.get("tiers"):
            tariff["imported_so_far_kwh"] = self.imported_kwh
        if tariff.get("demand_charge_per_kw"):
            tariff["peak_so_far_kw"] = max(tariff.get("peak_so_far_kw", 0.0), self.peak_kw)
        devices = [self._device(device) for device in self.world["devices"]]
        return {
            **self.world,
            "slots": self.horizon,
            "site": self._cut(self.world["site"]),
            "tariff": tariff,
            "base_load_kw": self._view(self.world["base_load_kw"]),
            "devices": [device for device in devices if device is not None],
        }

    def carry_out(self, plan: Plan) -> None:
        """Do the first slot of a plan and go to the next slot."""
        for id_, made in plan.devices.items():
            self.done_kw.setdefault(id_, []).append(float(made.power_kw[0]))
            if made.state is not None and not np.isnan(made.state[0]):
                fraction = self.kinds[id_] in ("battery", "ev", "hydrogen")
                # solvers end a band some 1e-9 outside of it, and no charge is below 0 or above 1
                self.state[id_] = float(np.clip(made.state[0], 0.0, 1.0) if fraction else made.state[0])
        first_kw = max(0.0, float(plan.grid_kw[0]))
        self.imported_kwh += first_kw * self.world["slot_minutes"] / 60.0
        self.peak_kw = max(self.peak_kw, first_kw)
        self.now += 1

    def _view(self, value: Any) -> Any:
        if isinstance(value, list) and len(value) == self.world["slots"]:
            return value[self.now : self.now + self.horizon]
        return value

    def _cut(self, part: Mapping[str, Any]) -> Document:
        return {key: self._view(value) for key, value in part.items()}

    def _device(self, device: Document) -> Document | None:
        """The device as it is now; None when nothing of it is left in the horizon."""
        kind, id_ = device["kind"], device["id"]
        if kind == "appliance":
            return self._appliance(device)
        seen = {key: value if key == "sessions" else self._view(value) for key, value in device.items()}
        if kind == "ev":
            seen["sessions"] = self._sessions(device)
        elif kind in STATE_KEY and id_ in self.state:
            seen[STATE_KEY[kind]] = self.state[id_]
        if kind in ("zone", "chp") and device.get("electric_kw_min") and self.now:
            seen |= self._been(self.done_kw[id_])
        return seen

    def _sessions(self, device: Document) -> list[Document]:
        stays = []
        for stay in device["sessions"]:
            arrival, departure = stay["arrival_slot"] - self.now, stay["departure_slot"] - self.now
            if departure > 0 and arrival < self.horizon:
                here = self.state[device["id"]] if arrival < 0 else stay["soc_arrival"]
                stays.append(
                    {**stay, "arrival_slot": max(0, arrival), "departure_slot": departure, "soc_arrival": here}
                )
        return stays

    def _been(self, done_kw: list[float]) -> Document:
        on = [abs(power) > ON_KW for power in done_kw]
        lasted = next((age for age, was in enumerate(reversed(on)) if was != on[-1]), None)
        if on[-1]:
            return {"initial_on_slots": len(on) if lasted is None else lasted}
        return {} if lasted is None else {"initial_off_slots": lasted}

    def _appliance(self, device: Document) -> Document | None:
        """Mandatory runs come into sight with their whole window, and leave it when done."""
        earliest, due = device.get("earliest_slot"), device.get("latest_end_slot")
        end: int = self.world["slots"] if due is None else due
        done = [power > ON_KW for power in self.done_kw.get(device["id"], [])]
        seen = {**device, "earliest_slot": max(0, (earliest or 0) - self.now), "latest_end_slot": end - self.now}
        if end - self.now > self.horizon:
            return None
        if "profile_kw" in device:
            since = len(done) - done.index(True) if True in done else 0
            over = since >= len(device["profile_kw"])
            return None if over or (end <= self.now and not since) else {**seen, "running_since_slots": since}
        ran = sum(done)
        if ran >= device["slots_required"] or end <= self.now:
            return None
        running = next((age for age, was in enumerate(reversed(done)) if not was), len(done))
        return {**seen, "slots_done": ran, "running_since_slots": running}


def cyclic(case: Document, more: int) -> Document:
    """The case, begun again after its end for `more` slots, as a world to roll over."""
    n = case["slots"]

    def longer(part: Mapping[str, Any]) -> Document:
        lists = {k: v for k, v in part.items() if isinstance(v, list) and len(v) == n and k != "profile_kw"}
        return {**part, **{key: (value * (2 + more // n))[: n + more] for key, value in lists.items()}}

    devices = []
    for device in case["devices"]:
        # a window that ends with the horizon still ends there
        window = {"latest_end_slot": device.get("latest_end_slot", n)} if device["kind"] == "appliance" else {}
        devices.append({**longer(device), **window})
    return {
        **case,
        "slots": n + more,
        "site": longer(case["site"]),
        "tariff": longer(case["tariff"]),
        "base_load_kw": longer({"base": case["base_load_kw"]})["base"],
        "devices": devices,
    }
