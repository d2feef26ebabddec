"""What the energy manager hands to Home Assistant's connection at each step, on a clock that the test moves."""

import json
from pathlib import Path
from typing import Any

from hems.app.home_assistant import FRESH_S, HomeAssistantApp
from hems.app.spending import SpentBook
from hems.control.household.changes import Change
from hems.control.household.household import Household
from hems.io.edge_store import EdgeStore
from hems.metering.image import DeviceImage, SiteImage
from hems.metering.reading import Reading
from hems.site.config import HomeAssistantTable
from tests.fakes import BATTERY, PV, START_S, home, image
from wire.messages import Clearing

HOME = home(PV, BATTERY)


class App:
    """An app that is not connected: what it tells lies in its queue."""

    def __init__(self, folder: Path) -> None:
        self.now_s = START_S
        self.store = EdgeStore(folder / "ems.db")
        self.household = Household(HOME, self.store, now=lambda: self.now_s)
        self.spent = SpentBook(self.store, 15, lambda _: (0.3, 0.1))
        self.app = HomeAssistantApp(
            HomeAssistantTable(),
            folder,
            HOME,
            store=self.store,
            household=self.household,
            spent=self.spent.slots,
            now=lambda: self.now_s,
            jitter=lambda: 0.0,
            version="0.1.0",
        )

    def step(self, after_s: int, there: SiteImage | None, import_wh: int = 5000) -> None:
        self.now_s = START_S + after_s
        reading = Reading(at_epoch_s=self.now_s, power_w=0, import_wh=import_wh, export_wh=0)
        if there is not None:
            self.spent.measured(there, reading)
        clearings: dict[str, Clearing] = {}
        self.app.step(there, None, reading=reading, prices=(0.3, 0.1), clearings=clearings)

    def told(self, topic: str) -> Any:
        """What waits to be published on a topic; None when nothing does."""
        state = self.app._link._states.pop(f"hearthgrid/home-1/{topic}", None)
        return None if state is None else state.payload


def giving(after_s: int, power_w: float = -6000.0) -> SiteImage:
    return image({"battery": DeviceImage(power_w=power_w, soc=0.5)}, at_s=START_S + after_s)


def test_data_that_is_old_is_said_to_be_and_is_fresh_again_with_the_next_image(tmp_path: Path) -> None:
    app = App(tmp_path)
    app.step(0, None)
    assert app.told("fresh") == "offline" and app.told("live") is None
    app.step(10, giving(10))
    assert app.told("fresh") == "online" and json.loads(app.told("live"))["battery_w"] == 6000
    app.step(10 + FRESH_S, None)
    assert app.told("fresh") is None
    app.step(11 + FRESH_S, None)
    assert app.told("fresh") == "offline"
    app.step(90, giving(90))
    assert app.told("fresh") == "online"
    app.store.close()


def test_what_is_retained_is_told_only_when_it_changes(tmp_path: Path) -> None:
    app = App(tmp_path)
    app.step(0, giving(0))
    assert app.told("settings") is not None and app.told("live") is not None
    app.step(20, giving(20))
    assert app.told("settings") is None and app.told("live") is not None
    app.household.change([Change(name="mode", value="away")], by="page")
    app.step(40, giving(40))
    assert json.loads(app.told("settings"))["mode"] == "away"
    app.store.close()


def test_counters_and_money_go_on_over_a_restart(tmp_path: Path) -> None:
    app = App(tmp_path)
    app.step(0, giving(0))
    app.step(60, giving(60), import_wh=6000)
    before = json.loads(app.told("energy"))
    assert before["battery_discharged"] == 0.1 and before["money_today"] == 0.3
    app.store.close()
    again = App(tmp_path)
    again.step(120, giving(120))
    after = json.loads(again.told("energy"))
    assert after["battery_discharged"] == 0.1 and after["money_today"] == 0.3
    again.step(180, giving(180))
    assert json.loads(again.told("energy"))["battery_discharged"] == 0.2
    again.store.close()
