"""Markets that look at a network or at preferences are given one by the twin, and it changes what they do."""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from comparison_sample import NETWORK, sample_comparison

import twin
from broker.io.config_file import load
from broker.mechanisms.catalogue import LIVE, MECHANISMS
from broker.mechanisms.mechanism import Asked
from broker.network.grid import Grid
from broker.network.grid_text import grid_in_slot
from tests.twin_worlds import small_world
from twin.commands import demo
from twin.commands.comparison_table import table
from twin.demo import files
from twin.errors import InputError
from twin.foresight import PerfectOutlook
from twin.moved_world import begun_later
from twin.neighbourhood.effects import effects, limited_slots, split_slots
from twin.neighbourhood.given import given
from twin.neighbourhood.neighbourhood import Neighbourhood
from twin.neighbourhood.words import EMPTY, described
from twin.report.network import compared_networks, network_section, rows, sentence
from twin.scenario import read_scenario
from twin.schemes.trace import MarketTrace
from twin.schemes.trading import TradingCommunity
from twin.world import World

assert twin.__file__ is not None
SMALL = Path(twin.__file__).parent.parent / "examples" / "scenario-small"
UNIFORM = "uniform_price_k_double_auction"
ASKING = tuple(name for name in LIVE if MECHANISMS[name].asks)
SEED = 1
HOMES = [f"us_ca_fontana_0{k}" for k in (1, 2, 5, 8)]
OWN = """
[network]
zones = [{name = "a", meters = ["us_ca_fontana_01", "us_ca_fontana_02"]}, {name = "b", meters = ["us_ca_fontana_05", "us_ca_fontana_08"]}]
lines = [{from = "a", to = "b", capacity_w = 500}]

[[members]]
meter = "us_ca_fontana_01"
quality = "green"
"""  # noqa: E501


@pytest.fixture(scope="module")
def world() -> World:
    """Ten hours of a day that has sun to trade."""
    return replace(begun_later(small_world(2, homes=5), 8), counted_slots=10)


@pytest.fixture(scope="module")
def runs(world: World) -> Callable[[str], MarketTrace]:
    """A run per mechanism, made once."""
    made: dict[str, MarketTrace] = {}

    def run(mechanism: str) -> MarketTrace:
        if mechanism not in made:
            outlooks = {home.name: PerfectOutlook(world, home) for home in world.homes}
            made[mechanism] = TradingCommunity(world, outlooks, SEED, mechanism=mechanism).run()
        return made[mechanism]

    return run


def around_of(world: World, mechanism: str) -> Neighbourhood:
    around = given(world, mechanism, SEED)
    assert around is not None
    return around


def grid_of(world: World, mechanism: str) -> Grid:
    grid = grid_in_slot(around_of(world, mechanism).network_text(), world.first.minutes)
    assert grid is not None
    return grid


def awards(trace: MarketTrace) -> dict[str, dict[str, tuple[int, int]]]:
    """Bought and sold by slot and home [Wh]."""
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for (slot, home), awarded in trace.awarded_wh.items():
        found[slot][home] = awarded
    return found


Run = Callable[[str], MarketTrace]


@pytest.mark.parametrize("mechanism", ASKING)
def test_what_is_given_changes_the_awards_and_nobody_falls_back(mechanism: str, runs: Run) -> None:
    trace = runs(mechanism)
    assert awards(trace) != awards(runs(UNIFORM))
    assert sum(clearing.volume_wh for clearing in trace.clearings) > 0
    assert not [c.note for c in trace.clearings if c.note and "not converged" not in c.note]
    assert trace.sum_nano == 0


@pytest.mark.parametrize("mechanism", [name for name in ASKING if Asked.ENVELOPES in MECHANISMS[name].asks])
def test_no_award_is_above_an_envelope_and_some_reach_it(world: World, mechanism: str, runs: Run) -> None:
    trace, envelopes = runs(mechanism), grid_of(world, mechanism).envelopes
    reached = set()
    for slot, own in awards(trace).items():
        for home, (bought, sold) in own.items():
            export, most = envelopes[home]
            assert export is not None and most is not None
            assert bought <= most and sold <= export
            if sold == export:
                reached.add(slot)
    around = around_of(world, mechanism)
    assert reached
    assert limited_slots(trace, around, world.first.minutes) == reached
    assert effects(trace, around, world.first.minutes)["limited_slots"] == len(reached)
    free = runs(UNIFORM).awarded_wh.items()
    beyond = [home for (_, home), (_, sold) in free if sold > (envelopes[home].export_wh or 0)]
    assert beyond, "without envelopes somebody sells more"


def test_a_line_is_full_wherever_zones_have_different_prices_and_never_overloaded(world: World, runs: Run) -> None:
    mechanism = "zonal_uniform_price"
    trace, grid = runs(mechanism), grid_of(world, mechanism)
    (line,) = grid.lines
    flows = {
        slot: sum(bought - sold for home, (bought, sold) in own.items() if grid.zones[home] == line.end)
        for slot, own in awards(trace).items()
    }
    assert all(abs(flow) <= line.capacity_wh for flow in flows.values())
    split = split_slots(trace.clearings)
    assert split
    assert all(abs(flows[slot]) == line.capacity_wh for slot in split)
    found = effects(trace, around_of(world, mechanism), world.first.minutes)
    assert found["split_slots"] == len(split)
    assert found["kept"] == pytest.approx(trace.operator_nano / 1e9)


def test_charges_go_to_the_community_account(world: World, runs: Run) -> None:
    trace = runs("network_charges")
    found = effects(trace, around_of(world, "network_charges"), world.first.minutes)
    assert found["kept"] == pytest.approx(trace.operator_nano / 1e9)
    assert found["kept"] > 0


def test_what_is_sold_and_not_bought_is_lost_one_to_five_per_cent(world: World, runs: Run) -> None:
    trace = runs("loss_factors")
    found = effects(trace, around_of(world, "loss_factors"), world.first.minutes)
    bought, sold = (sum(amounts) for amounts in zip(*trace.awarded_wh.values(), strict=True))
    assert found["lost_kwh"] * 1000 == pytest.approx(sold - bought)
    assert sold - bought == -sum(s.award_wh for s in trace.settlements)
    assert 0.01 * sold <= sold - bought <= 0.05 * sold


@pytest.mark.parametrize("mechanism", ["preference_matching", "admm_bilateral"])
def test_energy_is_told_by_quality_and_green_buyers_get_green_only(world: World, mechanism: str, runs: Run) -> None:
    trace = runs(mechanism)
    wishes = around_of(world, mechanism).preferences
    found = effects(trace, around_of(world, mechanism), world.first.minutes)
    total = sum(clearing.volume_wh for clearing in trace.clearings) / 1000
    assert sum(found["sold_kwh"].values()) == pytest.approx(total)
    assert sum(found["bought_kwh"].values()) == pytest.approx(total)
    assert found["bought_kwh"]["green"] > 0
    for own in awards(trace).values():
        green = sum(sold for home, (_, sold) in own.items() if wishes[home].quality == "green")
        assert sum(bought for home, (bought, _) in own.items() if wishes[home].min_quality == "green") <= green


@pytest.mark.parametrize("mechanism", LIVE)
def test_the_demos_broker_reads_what_virtual_time_is_given(mechanism: str, tmp_path: Path) -> None:
    world = small_world(2, homes=5)
    files.write_prices(tmp_path / "prices.csv", world)
    keys = {home.name: files.write_key(tmp_path / home.name / "meter.key", SEED, home.name) for home in world.homes}
    config = load(files.write_broker(tmp_path, world, 1883, SEED, keys, mechanism=mechanism))
    around, agreed = given(world, mechanism, SEED), config.network_agreed(0)
    assert (around is None) == (not MECHANISMS[mechanism].asks)
    texts = ("", "") if around is None else (around.network_text(), around.preferences_text())
    assert (agreed.network, agreed.preferences) == texts
    assert any(texts) == (around is not None)


def test_pages_and_summary_name_the_network_and_what_it_did(world: World, runs: Run) -> None:
    found = effects(runs("zonal_uniform_price"), around_of(world, "zonal_uniform_price"), world.first.minutes)
    slots = world.counted_slots
    assert "2 zones of 2 + 3 homes, lines of 1 kW, connections export at most 1.5 to 5 kW" in found["note"]
    said = sentence(found, slots)
    assert f"slots with a full line between prices {found['split_slots']} of {slots}" in said
    page = str(network_section(found, slots))
    assert found["note"] in page and all(name in page for name, _ in rows(found, slots))
    assert str(network_section(None, slots)) == ""
    columns: list[dict[str, Any]] = [{"title": "Zones", "network": found}, {"title": "Plain"}]
    compared = str(compared_networks({"slots": slots, "mechanisms": columns}, columns))
    assert "Zones" in compared and "Plain" not in compared and said in compared
    assert str(compared_networks({"slots": slots, "mechanisms": columns}, columns[1:])) == ""


def test_the_commands_tell_of_a_network_only_where_one_is_given(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.tell_network(world, Namespace(mechanism=UNIFORM, seed=SEED))
    assert capsys.readouterr().out == ""
    demo.tell_network(world, Namespace(mechanism="zonal_uniform_price", seed=SEED))
    assert "network: example: 2 zones" in capsys.readouterr().out
    compared = table(sample_comparison())
    assert f"preference_matching: {NETWORK['note']}" in compared
    assert "sold as green 31.5 kWh" in compared and "mid_market_rate: " not in compared


def test_a_scenario_without_an_own_network_is_given_the_example() -> None:
    world = read_scenario(SMALL)
    assert world.neighbourhood is None
    assert described(around_of(world, "zonal_uniform_price")).startswith("example: 2 zones of 2 + 2 homes")


def own_scenario(folder: Path, text: str) -> Path:
    copytree(SMALL, folder, dirs_exist_ok=True)
    (folder / "network.toml").write_text(text)
    return folder


def test_a_scenario_brings_its_own_network(tmp_path: Path) -> None:
    world = read_scenario(own_scenario(tmp_path, OWN))
    around = around_of(world, "zonal_uniform_price")
    assert described(around) == "network.toml of the scenario: 2 zones of 2 + 2 homes, lines of 0.5 kW"
    assert grid_of(world, "zonal_uniform_price").lines == (("a", "b", 500),)
    assert around_of(world, "preference_matching").preferences["us_ca_fontana_01"].quality == "green"
    assert described(around_of(world, "operating_envelope")).endswith(EMPTY)
    assert given(world, UNIFORM, SEED) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[network", "is not TOML"),
        ("[net]\n", "net: Extra inputs"),
        ('[network]\nzones = [{name = "a", meters = ["nobody"]}]', "'nobody' is no member"),
        ('[network]\nzones = [{name = "a", meters = ["us_ca_fontana_01"]}]', "'us_ca_fontana_08' is in no zone"),
        ('[network]\nlines = [{from = "a", to = "b", capacity_w = 1}]', "there is no zone 'a'"),
        ('[[members]]\nmeter = "nobody"', f"'nobody' is no home; the homes are {', '.join(HOMES)}"),
        ('[[members]]\nmeter = "us_ca_fontana_01"\n' * 2, "us_ca_fontana_01 stands 2 times: keep one"),
        ('[[members]]\nmeter = "us_ca_fontana_01"\nquality = "blue"', "members.0.quality"),
    ],
)
def test_a_broken_network_is_told_with_its_file(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_scenario(own_scenario(tmp_path, text))
    assert said in str(error.value)
    assert str(tmp_path / "network.toml") in str(error.value)
