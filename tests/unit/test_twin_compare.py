"""One community under several mechanisms: the same numbers as runs by themselves, the table, and the command."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from broker.mechanisms.catalogue import LIVE
from tests.twin_worlds import small_world
from twin.cli import main
from twin.commands.comparison_table import table
from twin.comparison import comparison, fairness, metered_needs
from twin.output import write_comparison
from twin.report import compare_page
from twin.run import Run, RunOptions, run, run_each
from twin.world import World

UNIFORM, MID = "uniform_price_k_double_auction", "mid_market_rate"
PERFECT = RunOptions(foresight="perfect", processes=2)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(2, homes=4)


@pytest.fixture(scope="module")
def runs(world: World) -> dict[str, Run]:
    return run_each(world, PERFECT, (UNIFORM, MID))


@pytest.fixture(scope="module")
def found(world: World, runs: dict[str, Run]) -> dict[str, Any]:
    return comparison(world, runs)


def test_a_mechanism_costs_the_same_beside_others_as_by_itself(world: World, runs: dict[str, Run]) -> None:
    by_itself = run(world, PERFECT).results
    beside = runs[UNIFORM].results
    assert {k: v for k, v in beside.items() if k != "wall_s"} == {k: v for k, v in by_itself.items() if k != "wall_s"}


def test_winners_and_losers_make_up_what_is_saved(found: dict[str, Any]) -> None:
    alone = found["cost"]["ems"]
    for column in found["mechanisms"].values():
        won, lost = sum(column["winners"].values()), sum(column["losers"].values())
        assert column["saved"] == pytest.approx(won - lost)
        assert column["saved"] == pytest.approx(sum(alone.values()) - column["total"])
        assert set(column["winners"]).isdisjoint(column["losers"])
        assert column["ledger"]["sum_nano"] == 0


def test_money_that_homes_and_account_have_is_what_was_settled(world: World, runs: dict[str, Run]) -> None:
    """Homes pay what the community pays outside and what its account keeps."""
    for made in runs.values():
        outside = 0
        for needs in metered_needs(world, made.market):
            net = sum(need.energy_wh for need in needs)
            outside += net * (needs[0].retail_micro if net > 0 else needs[0].feed_in_micro)
        assert sum(made.market.cost_nano.values()) == outside + made.market.operator_nano


def test_the_shapley_value_is_fair_to_itself(world: World, runs: dict[str, Run]) -> None:
    from broker.clearing.outcome import Rules
    from broker.sharing.fairness import shapley_bills

    market = runs[MID].market
    bills = shapley_bills((needs, Rules()) for needs in metered_needs(world, market))
    own, market.cost_nano = market.cost_nano, dict(bills)
    try:
        assert fairness(world, market, dict.fromkeys(bills, 1.0)) == {"gini_of_savings": 0.0, "shapley_distance": 0.0}
    finally:
        market.cost_nano = own
    distance = fairness(world, market, dict.fromkeys(bills, 0.0))
    assert distance["gini_of_savings"] is None
    assert distance["shapley_distance"] is not None
    assert 0.0 < distance["shapley_distance"] < 1.0


def test_the_table_has_every_mechanism_and_both_bounds(found: dict[str, Any]) -> None:
    text = table(found)
    for name in (UNIFORM, MID, "each home alone", "alone, then shared", "central optimum"):
        assert name in text


class _Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta", "link", "input", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_names_everybody(found: dict[str, Any], tmp_path: Path) -> None:
    write_comparison(tmp_path, found)
    assert json.loads((tmp_path / "compare.json").read_text("utf-8"))["mechanisms"].keys() == {UNIFORM, MID}
    page = (tmp_path / "compare.html").read_text("utf-8")
    parser = _Balanced()
    parser.feed(page)
    assert not parser.open
    assert "http" not in page.replace("http-equiv", "")
    for text in (*found["homes"], "Mid-market rate", "Uniform-price k-double auction", "balanced"):
        assert text in page


def test_the_page_copes_with_nothing_gained(found: dict[str, Any]) -> None:
    column = {**found["mechanisms"][MID], "efficiency": None, "efficiency_with_operator": None, "winners": {}}
    column |= {"saved": -1.0, "losers": {found["homes"][0]: 1.0}, "price": {"mean": None, "min": None, "max": None}}
    column |= {"fairness": {"gini_of_savings": None, "shapley_distance": None}, "operator_balance": -0.5}
    poor = {**found, "mechanisms": {MID: column}, "community_optimum": None, "efficiency_shared_alone": None}
    assert "None of 1" in compare_page.claim(poor)
    assert "nan" not in compare_page.render(poor)
    assert f"{found['homes'][0]} 1.00" in table(poor)


def test_the_shipped_homes_are_compared_in_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--mechanisms", f"{UNIFORM},{MID}", "--homes", "2", "--foresight", "perfect", "--json"]
    assert main(["compare", *options, "--output", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["homes"] == ["us_ca_fontana_01", "office"]
    assert (tmp_path / "compare.html").exists()


def test_all_means_every_live_mechanism() -> None:
    from twin.commands.compare import chosen

    assert chosen("all") == tuple(LIVE)
    assert chosen(f"{MID}, {UNIFORM},{MID}") == (MID, UNIFORM)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mechanisms", "core_test"], "core_test cannot run a community"),
        (["--mechanisms", "all", "--homes", "some"], "--homes"),
        (["--mechanisms", "all", "--homes", "99"], "--homes"),
        (["--mechanisms", "all", "--days", "0"], "--days"),
        (["--mechanisms", "all", "--start", "2017-06-20"], "--start"),
        (["--mechanisms", "all", "--scenario", "nowhere"], "nowhere"),
        (["--mechanisms", "all", "--processes", "0"], "--processes"),
    ],
)
def test_bad_options_are_told_and_nothing_is_written(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert main(["compare", *options, "--output", str(folder)]) == 2
    assert told in capsys.readouterr().err
    assert not folder.exists()
