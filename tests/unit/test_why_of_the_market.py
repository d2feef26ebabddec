"""`hems why` of a home in a community counts by the price that the home reacted to, and says by which."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hems.app.learnt import Learnt
from hems.app.step_records import StepRecords
from hems.cli import main
from hems.control.decision import Decision
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.history import History
from hems.control.home_loop import Actions
from hems.control.live_outlook import LiveOutlook
from hems.control.market_view import MarketView
from hems.io.edge_store import EdgeStore
from hems.io.page.why_answers import WhyAnswers
from hems.io.problem_file import unpacked
from hems.site.tariff import DailyPrices
from tests.fakes import BATTERY, COMMUNITY, START_S, FakeOutlooks, clearing, home, idle, image, slot
from wire.messages import CurveStep
from wire.messages import Path as PlanPath

HOME = """
[home]
meter = "home-1"
state_dir = "state"
[meter]
port = 5020
[tariff]
import_price_per_kwh = 0.30
export_price_per_kwh = 0.10
"""
HALF_FULL = image({"battery": idle(soc=0.5)})
HEAVY = image({"battery": idle(soc=0.5)}, base_w=2500.0)
SHORT = clearing(slot(), demand=(CurveStep(price_micro_per_kwh=300_000, energy_wh=5000),), orders=2)


class RecordedHome:
    """A home whose steps are recorded as a running one does; a path of surplus is what it expects."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "home.toml"
        self.config.write_text(HOME, encoding="utf-8")
        self.store = EdgeStore(folder / "state" / "ems.db")
        self.manager = EnergyManager(home(BATTERY), FakeOutlooks(), settings=Settings(horizon_slots=16))
        live = LiveOutlook(
            History(slot_minutes=15), DailyPrices(0.3, 0.1, (), "UTC"), timezone="UTC", slot_s=slot().duration_s
        )
        learnt = Learnt(self.store, live, None)
        self.planned: list[int] = []
        self.records = StepRecords(self.store, self.manager, learnt, live, trades=True, planned=self.planned.append)

    def view(self) -> MarketView:
        view = MarketView()
        nets = (-5000, *[0] * 15)
        view.learn(
            PlanPath(
                community=COMMUNITY,
                round=1,
                first_slot=slot().label,
                members=3,
                net_wh=nets,
                price_micro_per_kwh=(),
            )
        )
        return view

    def prepare(self, view: MarketView | None) -> None:
        strategy = self.manager.prepare(START_S - 180, slot(), HALF_FULL, view)
        self.records.record(START_S - 180, Actions(leases={}, strategy=strategy))

    def decide(self, now_s: int, view: MarketView | None, *, seen: Any = HALF_FULL) -> Decision:
        decision = self.manager.decide(now_s, slot(), seen, view)
        self.records.record(now_s, Actions(leases={}, decision=decision))
        return decision

    def stored_at(self) -> list[Any]:
        return [row[0] for row in self.store.rows("problems", "at_s", "slot_s")]


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedHome:
    return RecordedHome(tmp_path)


def why(recorded: RecordedHome, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    recorded.store.close()
    assert main(["why", "battery", "--config", str(recorded.config), "--at", slot().label, *words]) == 0
    return capsys.readouterr().out


def test_a_slot_is_explained_at_the_price_the_auction_left_as_it_was_decided(
    recorded: RecordedHome, capsys: pytest.CaptureFixture[str]
) -> None:
    view = recorded.view()
    recorded.prepare(view)
    view.learn(SHORT)  # the path promised surplus, the cleared book shows a community that is short
    (setpoint,) = recorded.decide(START_S, view).setpoints
    (battery,) = json.loads(why(recorded, capsys, "--json"))["devices"]
    assert setpoint.power_kw < 0.0
    assert battery["power_kw"] == pytest.approx(setpoint.power_kw, abs=1e-3) and battery["as_planned_then"]
    assert (battery["basis"], battery["price_is"]) == ("local_price", "local")
    assert battery["price_per_kwh"] == pytest.approx(setpoint.why.price_per_kwh, abs=1e-3)
    assert battery["told"]["price_per_kwh"] == setpoint.why.price_per_kwh
    assert battery["told"]["worth_per_h"] == setpoint.why.worth_per_h


def test_people_read_by_which_prices_it_counts(recorded: RecordedHome, capsys: pytest.CaptureFixture[str]) -> None:
    recorded.decide(START_S, recorded.view())
    said = why(recorded, capsys)
    assert "Counted by the local price of the community: at " in said
    assert "the more this home takes the higher." in said
    assert "  local price " in said and "  reacted to " in said


def test_a_home_alone_is_counted_by_its_tariff(recorded: RecordedHome, capsys: pytest.CaptureFixture[str]) -> None:
    recorded.decide(START_S, None)
    said = why(recorded, capsys)
    assert "Counted by the tariff: at " in said and "0.300 per kWh bought, 0.100 sold." in said


def test_a_slot_is_recorded_as_planned_and_as_decided_first_and_no_oftener(recorded: RecordedHome) -> None:
    recorded.prepare(recorded.view())
    assert recorded.stored_at() == [START_S - 180]
    recorded.decide(START_S, recorded.view(), seen=HEAVY)
    recorded.decide(START_S + 20, recorded.view())
    (document,) = (row[0] for row in recorded.store.rows("problems", "document", "slot_s"))
    stored = unpacked(document)
    assert recorded.stored_at() == [START_S] and recorded.planned == [START_S - 180]
    assert stored.problem.base_kw[0] == 2.5 and stored.problem.base_kw[1] == 1.0
    assert len(recorded.store.rows("plans", "status", "slot_s")) == 1
    recorded.store.close()


def test_the_page_asks_about_the_slot_that_it_shows_whatever_the_clock_of_the_machine_says(
    recorded: RecordedHome,
) -> None:
    recorded.decide(START_S, None)
    recorded.store.close()
    said = asyncio.run(WhyAnswers(recorded.config).answer("battery", START_S))
    assert said.startswith("The battery ") and "Counted by the tariff: at " in said


def test_now_of_a_home_in_announced_time_is_its_newest_decision(
    recorded: RecordedHome, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded.config.write_text(HOME + '[clock]\nmode = "driven"\n', encoding="utf-8")
    recorded.decide(START_S, None)
    recorded.store.close()
    assert main(["why", "battery", "--config", str(recorded.config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["at"] == datetime.fromtimestamp(START_S, UTC).isoformat()
