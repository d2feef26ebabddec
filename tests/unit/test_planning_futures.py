"""Plans over several futures: worked by hand, against the plan of one future, and reduced from many."""

from dataclasses import replace

import numpy as np
import pytest

from hems.planning.futures.future import Future, Risk
from hems.planning.futures.reduction import reduced
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from tests.unit.planning_examples import battery, problem

PRICES = [0.2, 0.5]


def home(**changes: object) -> Problem:
    """Two hours: cheap energy now, dear energy later, an empty battery and nothing used for certain."""
    return problem(
        battery(soc_initial=0.0), slots=2, base_load_kw=0.0, import_price_per_kwh=PRICES, export_price_per_kwh=0.0
    )


def futures(*chances: tuple[float, float]) -> tuple[Future, ...]:
    """Futures with these probabilities and loads of the second hour [kW]."""
    return tuple(Future(probability=p, base_kw=np.array([0.0, load]), available_kw={}) for p, load in chances)


@pytest.mark.parametrize(("chance", "stored_kw"), [(0.3, 0.0), (0.5, 2.0)])
def test_energy_is_stored_when_it_is_needed_often_enough(chance: float, stored_kw: float) -> None:
    """One kWh costs 0.20 now and saves 0.50 with a chance: the critical ratio of the newsvendor is 0.4."""
    plan = Planner().plan(home(), futures=futures((chance, 2.0), (1.0 - chance, 0.0)), explain=False)
    assert plan.devices["battery"].power_kw[0] == pytest.approx(stored_kw, abs=1e-6)


def test_who_fears_the_dear_future_stores_for_it() -> None:
    rare = futures((0.3, 2.0), (0.7, 0.0))
    careful = Planner().plan(home(), futures=rare, risk=Risk(weight=0.9, tail=0.3), explain=False)
    assert careful.devices["battery"].power_kw[0] == pytest.approx(2.0, abs=1e-6)


def test_the_plan_shows_the_first_future() -> None:
    plan = Planner().plan(home(), futures=futures((0.5, 2.0), (0.5, 0.0)), explain=False)
    assert plan.devices["battery"].power_kw == pytest.approx([2.0, -2.0], abs=1e-6)


def test_one_future_gives_the_plan_without_futures() -> None:
    given = home()
    given = replace(given, base_kw=np.array([1.0, 3.0]))
    alone = Planner().plan(given, explain=False)
    same = Planner().plan(
        given, futures=(Future(probability=1.0, base_kw=given.base_kw, available_kw={}),), explain=False
    )
    assert same.objective == pytest.approx(alone.objective)
    assert same.marginal_price_per_kwh == pytest.approx(alone.marginal_price_per_kwh)


def test_marginal_prices_are_means_over_the_futures() -> None:
    plan = Planner().plan(home(), futures=futures((0.5, 3.0), (0.5, 0.0)), explain=False)
    # now: the battery is full; later: 0.5 where one more kWh is bought, 0 where it would leave for nothing
    assert plan.marginal_price_per_kwh == pytest.approx([0.2, 0.25], abs=1e-3)


def test_the_value_curve_is_that_of_all_futures() -> None:
    planner = Planner()
    planner.plan(home(), futures=futures((0.5, 2.0), (0.5, 1.0)), explain=False)
    curve = planner.value_curve()
    # the first kWh is used in both futures, the second in one of them
    assert curve.net_kw == pytest.approx([0.0, 1.0, 2.0], abs=1e-6)
    assert curve.marginal_per_kwh == pytest.approx([0.5, 0.25], abs=1e-3)


def test_a_planner_that_rests_answers_again_after_the_next_plan() -> None:
    planner, ways = Planner(), futures((0.5, 2.0), (0.5, 1.0))
    planner.plan(home(), futures=ways, explain=False)
    before = planner.value_curve()
    planner.rest()
    for asked in (planner.value_curve, lambda: planner.replan_slot0(base_kw=1.0)):
        with pytest.raises(LookupError, match="call plan"):
            asked()
    planner.plan(home(), futures=ways, explain=False)
    after = planner.value_curve()
    assert after.net_kw == pytest.approx(before.net_kw)
    assert after.marginal_per_kwh == pytest.approx(before.marginal_per_kwh)


def test_where_no_values_fit_all_futures_the_plan_of_the_expected_one_answers() -> None:
    given = replace(home(), base_kw=np.array([0.0, 1.5]))
    alone, tried = Planner(), Planner()
    expected = alone.plan(given, explain=False)
    made = tried.plan(given, futures=futures((0.5, 1.5), (0.5, np.inf)), explain=False)
    assert made.objective == pytest.approx(expected.objective)
    assert tried.value_curve().net_kw == pytest.approx(alone.value_curve().net_kw)
    assert tried.replan_slot0(base_kw=1.0).grid_kw == pytest.approx(alone.replan_slot0(base_kw=1.0).grid_kw)
    mine, other = (planner.limited({1: 0.5}, "at_most") for planner in (tried, alone))
    assert mine is not None
    assert other is not None
    assert mine.cost == pytest.approx(other.cost)
    assert mine.grid_kw == pytest.approx(other.grid_kw)


def test_the_running_slot_is_solved_over_all_futures() -> None:
    planner = Planner()
    planner.plan(home(), futures=futures((0.5, 2.0), (0.5, 0.0)), explain=False)
    made = planner.replan_slot0(base_kw=1.0)
    assert made.power_kw["battery"] == pytest.approx(2.0, abs=1e-6)
    assert made.grid_kw == pytest.approx(3.0, abs=1e-6)


def test_deciding_over_futures_costs_no_more_on_average_than_deciding_on_their_mean() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        n = 6
        prices = rng.uniform(0.1, 0.6, n).round(3).tolist()
        base = problem(
            battery(soc_initial=0.3, charge_efficiency=0.9, discharge_efficiency=0.9, wear_per_kwh=0.01),
            slots=n,
            base_load_kw=1.0,
            import_price_per_kwh=prices,
            export_price_per_kwh=0.05,
        )
        paths = rng.gamma(1.0, 1.5, (5, n))
        paths[:, 0] = 1.0
        many = tuple(Future(probability=0.2, base_kw=path, available_kw={}) for path in paths)
        mean = replace(base, base_kw=paths.mean(axis=0))
        both = [Planner().plan(mean, explain=False, futures=f).devices["battery"].power_kw[0] for f in ((), many)]
        on_mean, over_all = (average(base, paths, float(power)) for power in both)
        assert over_all <= on_mean + 1e-5


def average(base: Problem, paths: np.ndarray, power_kw: float) -> float:
    """Mean cost when the battery is held at a power in slot 0 and every future is then known."""
    cost = 0.0
    (store,) = base.devices
    for path in paths:
        moved = power_kw * (0.9 if power_kw > 0 else 1 / 0.9)
        then = replace(store, soc_initial=store.soc_initial + moved / store.capacity_kwh)  # type: ignore[union-attr]
        tariff = base.tariff
        rest = replace(
            base,
            base_kw=path[1:],
            import_limit_kw=base.import_limit_kw[1:],
            export_limit_kw=base.export_limit_kw[1:],
            tariff=replace(
                tariff,
                import_price_per_kwh=tariff.import_price_per_kwh[1:],
                export_price_per_kwh=tariff.export_price_per_kwh[1:],
                co2_g_per_kwh=None,
            ),
            devices=(then,),
        )
        net = path[0] + power_kw
        now = net * float(tariff.import_price_per_kwh[0] if net > 0 else tariff.export_price_per_kwh[0])
        cost += now + 0.01 * max(0.0, -power_kw) + Planner().plan(rest, explain=False).objective
    return cost / len(paths)


def test_on_off_decisions_are_those_of_the_plan_in_every_future() -> None:
    wash = {"id": "wash", "kind": "appliance", "profile_kw": [1.0]}
    given = problem(wash, battery(soc_initial=0.0), slots=3, base_load_kw=0.5, import_price_per_kwh=[0.3, 0.1, 0.3])
    several = tuple(
        Future(probability=0.5, base_kw=np.array([0.5, load, load]), available_kw={}) for load in (0.2, 4.0)
    )
    planner = Planner()
    plan = planner.plan(given, futures=several, explain=False)
    assert plan.devices["wash"].power_kw == pytest.approx([0.0, 1.0, 0.0])
    assert len(planner.value_curve().net_kw) > 1


def test_reduction_keeps_the_paths_that_stand_for_the_others() -> None:
    paths = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]])
    chosen, share = reduced(paths, 2)
    assert sorted(int(c) // 3 for c in chosen) == [0, 1]
    assert share == pytest.approx([0.5, 0.5])


def test_reduction_to_one_path_takes_the_best_of_all() -> None:
    paths = np.random.default_rng(1).normal(size=(12, 4))
    (chosen,), _ = reduced(paths, 1)
    distance = [np.abs(paths - path).mean(axis=1).sum() for path in paths]
    assert chosen == int(np.argmin(distance))


def test_reduced_probabilities_are_those_of_the_paths_nearby() -> None:
    paths = np.random.default_rng(2).normal(size=(20, 3))
    chosen, share = reduced(paths, 5)
    assert len(set(chosen.tolist())) == 5
    assert share.sum() == pytest.approx(1.0)
    for number, path in enumerate(paths):
        gaps = [float(np.abs(path - paths[c]).mean()) for c in chosen]
        assert share[int(np.argmin(gaps))] > 0.0, number
