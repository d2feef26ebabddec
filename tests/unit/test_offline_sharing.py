"""Sharing and coalition documents beyond the published cases: limits, other shapes, and what is malformed."""

import json
from decimal import Decimal
from typing import Any

import pytest

from broker.offline.decimal_book import Finding
from broker.offline.table import OFFLINE

GRID = {"grid_buy": 30, "grid_sell": 10}
NAMES = (
    "mid_market_rate",
    "supply_demand_ratio",
    "bill_sharing",
    "shapley",
    "nucleolus",
    "core_test",
    "nash_bargaining",
)


def solved(name: str, document: Any) -> dict[str, Any]:
    parsed = json.loads(json.dumps(document), parse_float=Decimal)
    result = OFFLINE[name](parsed)
    assert isinstance(result, dict), result
    printed: dict[str, Any] = json.loads(json.dumps(result, allow_nan=False))
    return printed


def keys(name: str, document: Any) -> set[str]:
    """The keys with findings; each says what is wrong and what to do."""
    result = OFFLINE[name](json.loads(json.dumps(document), parse_float=Decimal, parse_constant=Decimal))
    assert isinstance(result, list), result
    assert all(isinstance(finding, Finding) and finding.problem and finding.remedy for finding in result)
    return {finding.key for finding in result}


def game(worth: dict[str, Any], **more: Any) -> dict[str, Any]:
    players = max(worth, key=len).split(",")
    return {"players": players, "v": worth, **more}


def three(*worth: float, **more: Any) -> dict[str, Any]:
    """A game of three by the worth of A, B, C, AB, AC, BC and ABC."""
    return game(dict(zip(["A", "B", "C", "A,B", "A,C", "B,C", "A,B,C"], worth, strict=True)), **more)


@pytest.mark.parametrize(
    ("generation", "demand", "p_buy", "p_sell"),
    [(5, 10, 25, 20), (0, 10, 30, 20), (0, 0, 20, 20), (7, 0, 20, 10), (40, 10, 20, 12.5)],
)
def test_mid_market_rate_by_totals(generation: float, demand: float, p_buy: float, p_sell: float) -> None:
    result = solved("mid_market_rate", {**GRID, "generation": generation, "demand": demand})
    assert (result["p_buy"], result["p_sell"]) == (p_buy, p_sell)


def test_mid_market_rate_bills_the_net_energy_of_members() -> None:
    """A has 4 kWh, B and C lack 6 and 2: p_buy = (4 20 + 4 30) / 8 = 25."""
    result = solved("mid_market_rate", {**GRID, "net": {"A": 4, "B": -6, "C": -2, "D": 0}})
    assert result["bills"] == {"A": -80, "B": 150, "C": 50, "D": 0}
    assert result["community_bill"] == 120
    surplus = solved("mid_market_rate", {**GRID, "net": {"A": 9, "B": -4}})
    assert surplus["bills"] == {"A": pytest.approx(-130), "B": 80}
    assert surplus["community_bill"] == pytest.approx(-50)
    assert solved("mid_market_rate", {**GRID, "net": {}})["community_bill"] == 0


@pytest.mark.parametrize(
    ("supply", "demand", "sdr", "p_sell", "p_buy"),
    [
        (10, 10, 1, 0.4, 0.4),
        (25, 10, 2.5, 0.4, 0.4),
        (3, 0, None, 0.4, 0.4),
        (0, 0, None, 0.4, 1.0),
        (2.5, 10, 0.25, 0.4 / 0.55, 0.4 / 0.55 * 0.25 + 0.75),
    ],
)
def test_supply_demand_ratio(supply: float, demand: float, sdr: float | None, p_sell: float, p_buy: float) -> None:
    grid = {"grid_buy": 1.0, "grid_sell": 0.4, "supply": supply, "demand": demand}
    result = solved("supply_demand_ratio", grid)
    assert result["sdr"] == sdr
    assert result["p_sell"] == pytest.approx(p_sell)
    assert result["p_buy"] == pytest.approx(p_buy)
    assert result["operator_balance"] == 0


def test_a_feed_in_price_of_zero_pays_sellers_nothing() -> None:
    grid = {"grid_buy": 1.0, "grid_sell": 0, "demand": 10}
    assert solved("supply_demand_ratio", {**grid, "supply": 5})["p_sell"] == 0
    assert solved("supply_demand_ratio", {**grid, "supply": 5})["p_buy"] == 0.5
    assert solved("supply_demand_ratio", {**grid, "supply": 0})["p_buy"] == 1.0


@pytest.mark.parametrize("name", ["mid_market_rate", "supply_demand_ratio"])
def test_inverted_outside_prices_are_said_and_nobody_trades_inside(name: str) -> None:
    result = solved(name, {"grid_buy": 10, "grid_sell": 30, "net": {"A": 5, "B": -5}})
    assert result["bills"] == {"A": -150, "B": 50}
    assert "outside" in result["note"]


def test_bill_sharing_in_surplus() -> None:
    """11 generated, 5 used: 6 sold at 10, shared by what each generated."""
    slot = {"consumption": {"A": 2, "B": 3}, "generation": {"A": 5, "B": 6}}
    result = solved("bill_sharing", {**GRID, "slots": [slot]})
    assert result["p_import"] == 0
    assert result["p_export"] == pytest.approx(60 / 11)
    assert result["bills"] == {"A": pytest.approx(-300 / 11), "B": pytest.approx(-360 / 11)}
    assert result["community_bill"] == -60


def test_bill_sharing_over_slots() -> None:
    """Slot 1 lacks 4 (120), slot 2 has 6 left (60): 12 kWh used at 10, 14 made at 60 / 14; members may be absent."""
    slots = [
        {"consumption": {"A": 6, "B": 4}, "generation": {"B": 6}},
        {"consumption": {"A": 2}, "generation": {"C": 8}},
    ]
    result = solved("bill_sharing", {**GRID, "slots": slots})
    assert result["p_import"] == 10
    assert result["p_export"] == pytest.approx(60 / 14)
    assert result["bills"] == pytest.approx({"A": 80, "B": 40 - 6 * 60 / 14, "C": -8 * 60 / 14})
    assert result["community_bill"] == 60
    assert sum(result["bills"].values()) == pytest.approx(60)
    dear = solved("bill_sharing", {"grid_buy": [30, 50], "grid_sell": [10, 20], "slots": slots})
    assert dear["community_bill"] == 0


def test_bill_sharing_without_energy_costs_nothing() -> None:
    empty = {"consumption": {"A": 0}, "generation": {"A": 0}}
    result = solved("bill_sharing", {**GRID, "slots": [empty]})
    assert result == {"p_import": 0, "p_export": 0, "bills": {"A": 0}, "community_bill": 0}


@pytest.mark.parametrize("name", ["shapley", "nucleolus"])
def test_a_cost_game_gives_what_each_pays(name: str) -> None:
    """Costs alone 6, 6, any together 8: the saving of 4 is split evenly."""
    result = solved(name, game({"A": 6, "B": 6, "A,B": 8}, cost_game=True))
    assert result["value"] == result["cost_share"] == {"A": 4, "B": 4}
    assert result["saving"] == {"A": 2, "B": 2}
    assert result["in_core"] is True


def test_the_airport_game() -> None:
    """Littlechild & Owen 1973: runway costs 10, 20, 30; each piece is shared by those who need it.

    Nucleolus (Littlechild 1974): A pays min(10 / 2, 20 / 3, 30 / 3) = 5, B min((20 - 5) / 2, (30 - 5) / 2) = 7.5, and
    C the rest.
    """
    document = three(10, 20, 30, 20, 30, 30, 30, cost_game=True)
    assert solved("shapley", document)["value"] == pytest.approx({"A": 10 / 3, "B": 25 / 3, "C": 55 / 3})
    assert solved("nucleolus", document)["value"] == pytest.approx({"A": 5, "B": 7.5, "C": 17.5})


@pytest.mark.parametrize(
    ("estate", "shares"),
    [(100, [100 / 3] * 3), (200, [50, 75, 75]), (300, [50, 100, 150]), (400, [50, 125, 225])],
)
def test_the_talmud(estate: int, shares: list[float]) -> None:
    """Aumann & Maschler 1985, claims 100, 200, 300: v(S) is what the others leave over."""
    claims = {"A": 100, "B": 200, "C": 300}
    names = ["A", "B", "C", "A,B", "A,C", "B,C", "A,B,C"]
    worth = {s: max(0, estate - sum(c for p, c in claims.items() if p not in s.split(","))) for s in names}
    value = solved("nucleolus", game(worth))["value"]
    assert list(value.values()) == pytest.approx(shares)


def test_four_players() -> None:
    """Three pairs of gloves short by one: A and B have left ones, C and D right ones, worth 1 a pair."""
    left, names = {"A", "B"}, "ABCD"
    worth = {}
    for mask in range(1, 16):
        inside = {p for i, p in enumerate(names) if mask >> i & 1}
        worth[",".join(sorted(inside, reverse=True))] = min(len(inside & left), len(inside - left))
    document = {"players": list(names), "v": worth}
    for name in ("shapley", "nucleolus"):
        assert solved(name, document)["value"] == dict.fromkeys(names, 0.5)


def test_names_may_stand_in_any_order_and_numbers_may_be_fractions() -> None:
    document = {"players": ["B", " A"], "v": {"A": 0.1, "B": 0.2, "B , A": 0.7}}
    assert solved("shapley", document)["value"] == pytest.approx({"A": 0.3, "B": 0.4})


def test_a_nucleolus_without_imputation_says_so() -> None:
    result = solved("nucleolus", game({"A": 5, "B": 3, "A,B": 4}))
    assert result["value"] == {"A": 3, "B": 1}
    assert "prenucleolus" in result["note"]
    assert result["in_core"] is False


def test_one_player_has_it_all() -> None:
    for name in ("shapley", "nucleolus"):
        assert solved(name, {"players": ["A"], "v": {"A": 7}})["value"] == {"A": 7}
    assert solved("core_test", {"players": ["A"], "v": {"A": 7}})["core_empty"] is False


def test_the_core_of_a_majority_game_is_empty_and_the_proof_is_printed() -> None:
    result = solved("core_test", three(0, 0, 0, 1, 1, 1, 1, allocation={"A": 0.5, "B": 0.5, "C": 0}))
    assert result["core_empty"] is True
    assert result["balanced_collection"] == {"A,B": 0.5, "A,C": 0.5, "B,C": 0.5}
    assert (result["balanced_worth"], result["grand_worth"]) == (1.5, 1)
    assert result["in_core"] is False
    assert result["blocking"]["gains"] == 0.5


def test_the_core_of_a_cost_game() -> None:
    document = three(10, 20, 30, 20, 30, 30, 30, cost_game=True, allocation={"A": 10, "B": 10, "C": 10})
    assert solved("core_test", document)["in_core"] is True
    dear = document | {"allocation": {"A": 11, "B": 9, "C": 10}}
    assert solved("core_test", dear)["blocking"] == {"coalition": "A", "gains": 1}
    short = document | {"allocation": {"A": 9, "B": 10, "C": 10}}
    assert solved("core_test", short)["is_efficient"] is False


def test_nash_bargaining_with_weights_and_fees() -> None:
    deal = {"retail": 30, "feed_in": 10, "qty": 5}
    strong = solved("nash_bargaining", {**deal, "network_fee": 4, "alpha_seller": 0.75})
    assert (strong["seller_price"], strong["buyer_price"]) == (22, 26)
    assert (strong["seller_gain"], strong["buyer_gain"]) == (60, 20)
    assert solved("nash_bargaining", deal)["seller_price"] == 20
    edge = solved("nash_bargaining", {**deal, "network_fee": 20})
    assert (edge["seller_price"], edge["buyer_price"], edge["seller_gain"]) == (10, 30, 0)
    none = solved("nash_bargaining", {**deal, "network_fee": 25})
    assert (none["trade"], none["qty"], none["seller_gain"], none["buyer_gain"]) == (False, 0, 0, 0)
    assert none["seller_price"] is none["buyer_price"] is None


def test_nash_bargaining_over_a_bill() -> None:
    alone = {"A": 100, "B": 80, "C": 60}
    weighted = {"total_cost_alone": alone, "joint_cost": 200, "weights": {"A": 2, "B": 1, "C": 1}}
    assert solved("nash_bargaining", weighted)["cost_share"] == {"A": 80, "B": 70, "C": 50}
    dearer = solved("nash_bargaining", {"total_cost_alone": alone, "joint_cost": 300})
    assert dearer["cost_share"] == alone
    assert dearer["agreement"] is False


def test_nash_bargaining_on_a_frontier() -> None:
    plain = {"frontier": {"a": [1, 2], "b": 12}, "disagreement": [2, 1]}
    assert solved("nash_bargaining", plain)["utilities"] == [6, 3]
    goods = {"frontier": {"a": [1, 2, 4], "b": 12}, "disagreement": [0, 0, 0], "weights": [1, 1, 2]}
    assert solved("nash_bargaining", goods)["utilities"] == [3, 1.5, 1.5]
    outside = {"frontier": {"a": [1, 1], "b": 1}, "disagreement": [1, 1]}
    assert solved("nash_bargaining", outside)["agreement"] is False


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("document", [None, [], "x", 3, True, {}])
def test_a_document_of_another_kind_is_a_finding(name: str, document: Any) -> None:
    assert keys(name, document)


PAIR = {"players": ["A", "B"], "v": {"A": 0, "B": 0, "A,B": 1}}


@pytest.mark.parametrize(
    ("name", "document", "key"),
    [
        ("mid_market_rate", {**GRID, "generation": -1, "demand": 2}, "generation"),
        ("mid_market_rate", {**GRID, "generation": 1}, "demand"),
        ("mid_market_rate", {**GRID, "net": [1, 2]}, "net"),
        ("mid_market_rate", {**GRID, "net": {"A": "much"}}, "net.A"),
        ("mid_market_rate", {**GRID, "generation": True, "demand": 2}, "generation"),
        ("mid_market_rate", {**GRID, "generation": 1e40, "demand": 2}, "generation"),
        ("mid_market_rate", {**GRID, "generation": float("nan"), "demand": 2}, "generation"),
        ("supply_demand_ratio", {"grid_buy": 30, "grid_sell": -1, "supply": 1, "demand": 2}, "grid_sell"),
        ("supply_demand_ratio", {**GRID, "supply": 1, "demand": None}, "demand"),
        ("bill_sharing", {**GRID, "slots": []}, "slots"),
        ("bill_sharing", {**GRID, "slots": [3]}, "slots[0]"),
        ("bill_sharing", {**GRID, "slots": [{"consumption": {}}]}, "slots[0].generation"),
        ("bill_sharing", {**GRID, "slots": [{"consumption": {"A": -1}, "generation": {}}]}, "slots[0].consumption.A"),
        ("bill_sharing", {**GRID, "grid_buy": [1, 2], "slots": [{"consumption": {}, "generation": {}}]}, "grid_buy"),
        ("shapley", {"players": ["A", "B"], "v": {"A": 0, "A,B": 1}}, "v.B"),
        ("shapley", {**PAIR, "v": {**PAIR["v"], "B,A": 1}}, "v.B,A"),  # type: ignore[dict-item]
        ("shapley", {**PAIR, "v": {**PAIR["v"], "A,C": 1}}, "v.A,C"),  # type: ignore[dict-item]
        ("shapley", {**PAIR, "v": {**PAIR["v"], "A,A": 1}}, "v.A,A"),  # type: ignore[dict-item]
        ("shapley", {**PAIR, "v": {**PAIR["v"], "": 1}}, "v."),  # type: ignore[dict-item]
        ("shapley", {**PAIR, "players": ["A", "A"]}, "players"),
        ("shapley", {**PAIR, "players": ["A", 2]}, "players"),
        ("shapley", {**PAIR, "players": ["A,B"]}, "players"),
        ("shapley", {**PAIR, "cost_game": "yes"}, "cost_game"),
        ("nucleolus", {"players": list("ABCDEFGHIJK"), "v": {}}, "players"),
        ("core_test", {**PAIR, "allocation": {"A": 1}}, "allocation"),
        ("nash_bargaining", {"retail": 30, "feed_in": 10}, "qty"),
        ("nash_bargaining", {"retail": 30, "feed_in": 10, "qty": 1, "alpha_seller": 2}, "alpha_seller"),
        ("nash_bargaining", {"retail": 30, "feed_in": 10, "qty": 1, "network_fee": -1}, "network_fee"),
        ("nash_bargaining", {"total_cost_alone": {}, "joint_cost": 1}, "total_cost_alone"),
        ("nash_bargaining", {"total_cost_alone": {"A": 1}}, "joint_cost"),
        ("nash_bargaining", {"total_cost_alone": {"A": 1}, "joint_cost": 1, "weights": {"B": 1}}, "weights"),
        ("nash_bargaining", {"total_cost_alone": {"A": 1}, "joint_cost": 1, "weights": {"A": 0}}, "weights"),
        ("nash_bargaining", {"frontier": {"a": [1, 0], "b": 1}, "disagreement": [0, 0]}, "frontier.a"),
        ("nash_bargaining", {"frontier": {"a": [1, 1], "b": 1}, "disagreement": [0]}, "disagreement"),
        ("nash_bargaining", {"frontier": {"a": [1, 1], "b": 1}, "weights": [0, 0]}, "weights"),
        ("nash_bargaining", {"frontier": 3}, "frontier"),
    ],
)
def test_what_is_malformed_is_named(name: str, document: Any, key: str) -> None:
    assert key in keys(name, document)
