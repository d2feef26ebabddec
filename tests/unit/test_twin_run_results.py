"""Runs in virtual time: what they leave on disk, that messages may be mistreated, and what the command says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from hems.control.energy_manager import EnergyManager
from tests.twin_worlds import small_world
from twin.cli import main
from twin.commands.table import summary
from twin.expectations import TabledOutlook, forecast_table
from twin.foresight import ForecastOutlook, PerfectOutlook
from twin.observation import Told
from twin.optimum import community_optimum
from twin.output import chosen_reasons, report_data, write_run
from twin.plant import Plant
from twin.results import efficiency, results
from twin.run import Run, RunOptions, stages
from twin.schemes.alone import Outlooks, run_alone, run_unmanaged, settings_for
from twin.schemes.trace import MarketTrace
from twin.schemes.trading import TradingCommunity, shuffled
from twin.world import World

assert twin.__file__ is not None
SMALL = Path(twin.__file__).parent.parent / "examples" / "scenario-small"
PROMISED = {
    *("homes", "slots", "slot_minutes", "seed", "mechanism", "foresight", "cost", "community_optimum", "efficiency"),
    *(
        "traded_kwh",
        "imbalance_kwh",
        "local_share",
        "self_sufficiency",
        "peak_import_kw",
        "price",
        "ledger",
        "wall_s",
    ),
    *("plans", "orders"),
}


def perfect(world: World) -> Outlooks:
    return {twin.name: PerfectOutlook(world, twin) for twin in world.homes}


def in_process(world: World) -> Run:
    """A run without worker processes."""
    unmanaged, alone = run_unmanaged(world), run_alone(world, perfect(world))
    market, optimum = TradingCommunity(world, perfect(world), 1).run(), community_optimum(world)
    found = results(world, {"unmanaged": unmanaged, "ems": alone}, market, optimum, seed=1, foresight="perfect")
    return Run(results={**found, "wall_s": 1.0}, unmanaged=unmanaged, alone=alone, market=market, optimum=optimum)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(0, homes=5, warm_up_days=1)


@pytest.fixture(scope="module")
def done(world: World) -> Run:
    return in_process(world)


def market_of(world: World, disturbed: int | None = None) -> MarketTrace:
    disturbance = None if disturbed is None else shuffled(disturbed, 0.3)
    return TradingCommunity(world, perfect(world), 1, disturbance).run()


def test_results_have_every_promised_key_and_are_plain_json(world: World, done: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "new" / "folder", world, done)
    text = (tmp_path / "new" / "folder" / "results.json").read_text()
    read = json.loads(text)
    assert set(read) >= PROMISED
    assert read == done.results and "NaN" not in text
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == ["report.html", "results.json"]
    assert read["slots"] == 24 and set(read["cost"]) == {"unmanaged", "ems", "market"}
    assert read["ledger"]["sum_nano"] == 0


def test_the_page_shows_the_homes_the_largest_trade_and_reasons(world: World, done: Run, tmp_path: Path) -> None:
    write_run(tmp_path, world, done)
    page = (tmp_path / "report.html").read_text()
    assert all(f">{twin.name}<" in page for twin in world.homes)
    data = report_data(world, done)
    assert data.curve is not None and data.curve.volume_kwh == max(data.traded_kwh)
    assert data.reasons and all(reason[0] in data.times for reason in data.reasons)


def test_flows_of_the_page_balance(world: World, done: Run) -> None:
    flows = report_data(world, done).flows
    came = flows["pv_kwh"] + flows["battery_discharged_kwh"] + flows["import_kwh"]
    went = flows["load_kwh"] + flows["ev_kwh"] + flows["other_devices_kwh"] + flows["battery_charged_kwh"]
    assert came == pytest.approx(went + flows["export_kwh"])


def test_the_example_is_a_noon_plan_of_the_home_with_battery_and_car(world: World, done: Run) -> None:
    example = report_data(world, done).example
    assert example is not None and example.home == "h0" and example.plan_start == 12
    lengths = {
        len(example.plan_net_kw),
        len(example.happened_net_kw),
        len(example.plan_soc),
        len(example.happened_soc),
    }
    assert lengths == {12}


def test_warm_up_leaves_no_trace_in_what_is_counted(world: World, done: Run) -> None:
    assert all(len(net) == 24 for net in done.market.net_kwh.values())
    assert len(done.market.clearings) == 24
    assert len(done.market.settlements) == 24 * len(world.homes)


def test_the_same_world_gives_the_same_results_whatever_happens_to_messages(world: World, done: Run) -> None:
    assert market_of(world) == done.market
    assert market_of(world, disturbed=5) == done.market


def test_another_seed_changes_names_in_the_log_but_no_price(world: World, done: Run) -> None:
    other = TradingCommunity(world, perfect(world), 2).run()
    assert other.head != done.market.head
    assert other.cost(world) == done.market.cost(world)


def test_a_forecast_does_not_know_what_has_not_happened() -> None:
    world = small_world(0, homes=1, days=2)
    home, now = world.homes[0], world.count_from + 7
    start_s = world.slot(now).start_s
    changed: dict[str, Any] = {
        "load_kw": np.where(np.arange(world.end) >= now, 99.0, home.load_kw),
        "pv_kw": np.where(np.arange(world.end) >= now, 99.0, home.pv_kw),
        "signals": {name: np.where(np.arange(world.end) >= now, 99.0, v) for name, v in home.signals.items()},
        "stays": {},
    }
    seen = [
        ForecastOutlook(world, twin, 1).outlook(start_s, start_s, 24) for twin in (home, replace(home, **changed))
    ]
    assert (seen[0].base_kw == seen[1].base_kw).all() and (seen[0].pv_kw == seen[1].pv_kw).all()
    assert all((seen[0].signals[name] == seen[1].signals[name]).all() for name in seen[0].signals)
    assert not seen[0].stays


def test_ways_on_of_a_twin_home_are_of_its_past_only_and_reach_its_plans() -> None:
    world = small_world(0, homes=1, days=2)
    home, now = world.homes[0], world.count_from + 7
    start_s = world.slot(now).start_s
    later = replace(home, load_kw=np.where(np.arange(world.end) >= now, 99.0, home.load_kw))
    one, two = (ForecastOutlook(world, twin, 1, futures=3).outlook(start_s, start_s, 24) for twin in (home, later))
    assert len(one.ways_on) == 3 and sum(way.probability for way in one.ways_on) == pytest.approx(1.0)
    assert all((a.base_kw == b.base_kw).all() for a, b in zip(one.ways_on, two.ways_on, strict=True))
    assert any((way.base_kw != one.base_kw).any() for way in one.ways_on)
    table = forecast_table(world, home, 1, 24, futures=3)
    row = TabledOutlook(world, home, table).outlook(start_s, start_s, 24)
    assert len(row.ways_on) == 3
    manager = EnergyManager(home.home, TabledOutlook(world, home, table), settings=settings_for(world))
    manager.decide(start_s, world.slot(now), Plant(world, home).image(start_s), None)
    assert len(manager.futures) == 4


def test_perfect_foresight_tells_the_own_sessions_that_are_to_come() -> None:
    world = small_world(0, homes=1)
    home = world.homes[0]
    (stay,) = home.stays["ev"]
    start_s = world.slot(world.run_from).start_s - 3600
    early = PerfectOutlook(world, home).outlook(start_s, start_s, 24)
    assert [expected.energy_kwh for expected in early.stays["ev"]] == [stay.energy_kwh]
    assert PerfectOutlook(world, home).outlook(stay.arrival_s, stay.arrival_s, 24).stays["ev"] == ()


def test_homes_plan_a_day_ahead_and_never_against_the_clock() -> None:
    for slot_minutes in (15, 30, 60):
        assert settings_for(small_world(0, homes=1, slot_minutes=slot_minutes)).horizon_slots == 1440 // slot_minutes
    assert settings_for(small_world(0)).time_limit_s >= 1e6


def test_efficiency_is_unknown_when_nothing_could_be_gained() -> None:
    cost = {"ems": {"a": 2.0}, "market": {"a": 1.5}}
    assert efficiency(cost, 1.0) == 0.5
    assert efficiency(cost, 2.0) is None and efficiency(cost, None) is None


def test_stages_name_the_forecasts_only_where_they_are_made(world: World) -> None:
    assert stages(world, RunOptions(foresight="real")) == {"forecasts": 240, "homes alone": 48, "community": 48}
    assert "forecasts" not in stages(world, RunOptions(foresight="perfect"))


def test_of_every_device_and_code_the_reason_worth_most_is_shown_in_order_of_time(done: Run) -> None:
    observation = replace(done.market.observation)
    told = Told(time="t1", home="a", device="ev", power_kw=1.0, code="price_low", text="x", worth_per_h=1.0)
    observation.told = [replace(told, time="t2", code="waiting"), told, replace(told, time="t3", worth_per_h=2.0)]
    assert [reason[0] for reason in chosen_reasons(observation)] == ["t2", "t3"]


def test_the_table_says_what_a_loser_has_more_in_store(done: Run) -> None:
    stored = {"unmanaged": {"h1": 0.0, "h2": 0.0}, "ems": {"h1": 0.4, "h2": 1.0}, "market": {"h1": 5.0, "h2": 1.2}}
    text = summary({**done.results, "losers": ["h1", "h2"], "stored_change_kwh": stored})
    assert "pays more than alone: h1 (ends with 4.6 kWh more in store), h2\n" in text
    found = done.results["stored_change_kwh"]
    assert found == {
        scheme: trace.stored_change_kwh
        for scheme, trace in (("unmanaged", done.unmanaged), ("ems", done.alone), ("market", done.market))
    }


def test_the_table_names_losers_what_is_undone_and_an_unknown_optimum(done: Run) -> None:
    found: dict[str, Any] = {**done.results, "losers": ["h1"], "missed_runs": {"unmanaged": 0, "ems": 0, "market": 2}}
    found["stored_change_kwh"] = {"ems": {"h1": 0.0}, "market": {"h1": 0.0}}
    text = summary(found, "EUR")
    assert "cost [EUR]" in text and "pays more than alone: h1" in text
    assert "left undone: market 0.0 kWh of cars and 2 appliance runs" in text
    assert "(balanced)" in text
    unknown = summary({**done.results, "community_optimum": None, "efficiency": None})
    assert "central optimum not found in time" in unknown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "nowhere"], "name a scenario folder"),
        (["--scenario", str(SMALL), "--mechanism", "magic"], "--mechanism magic: unknown; use one of"),
        (["--scenario", str(SMALL), "--days", "0"], "have to be at least 1"),
        (["--scenario", str(SMALL), "--futures", "99"], "--futures has to be 0 to 20"),
        (["--scenario", str(SMALL), "--homes", "3"], "--homes: a scenario settles this itself"),
        (["--households", "nowhere.csv.gz"], "nowhere.csv.gz: cannot be read"),
    ],
)
def test_bad_input_ends_with_status_2_one_line_and_nothing_written(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments, "--output", str(tmp_path / "out")]) == 2
    out, err = capsys.readouterr()
    assert said in err and err.count("\n") == 1 and out == ""
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_no_folder_is_refused_before_anything_is_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    for target in ("file", "file/below"):
        assert main(["run", "--scenario", str(SMALL), "--output", str(tmp_path / target)]) == 2
        assert "name a folder that can be written" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_demo_of_an_unknown_mechanism_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--mechanism", "lottery"]) == 2
    assert "mid_market_rate" in capsys.readouterr().err
