"""Documents of markets with a network, preferences or rounds: unseen shapes of the cases, and malformed ones."""

import copy
import random
from decimal import Decimal
from typing import Any

import pytest

from broker.offline.decimal_book import Finding
from broker.offline.table import OFFLINE

BIDS = [{"id": "L", "price": 20, "qty": 6}]
OFFERS = [{"id": "S1", "price": 10, "qty": 4}, {"id": "S2", "price": 9, "qty": 4}]
ORDERS: dict[str, Any] = {"bids": BIDS, "offers": OFFERS}
AGENTS = [{"id": "G", "a": Decimal("0.1"), "b": 10, "sign": 1}, {"id": "L", "a": 1, "b": 30, "sign": -1, "p_max": 5}]
DOCUMENTS: dict[str, dict[str, Any]] = {
    "operating_envelope": {**ORDERS, "envelopes": {"S1": {"export_limit": 2}}, "k": Decimal("0.5")},
    "zonal_uniform_price": {
        "zones": {"A": {"offers": OFFERS}, "B": {"bids": BIDS}},
        "line": {"frm": "A", "to": "B", "capacity": 3},
    },
    "network_charges": {**ORDERS, "fee": {"S1->L": 2, "L<-S2": 5}},
    "loss_factors": {**ORDERS, "loss": {"S1->L": Decimal("0.1")}},
    "preference_matching": {
        "bids": [{**BIDS[0], "min_quality": "local", "partners": ["S1"], "premium": {"green": 2, "S1": 1}}],
        "offers": [{**offer, "quality": "green"} for offer in OFFERS],
    },
    "admm_bilateral": {"agents": AGENTS, "pref": {"L": {"G": 2}}, "iterations_max": 40},
    "iterated_price": ORDERS,
    "stackelberg_profit": {"agents": AGENTS},
    "stackelberg_nonprofit": ORDERS,
}
JUNK = [None, True, -1, "x", [], {}, Decimal("NaN"), Decimal("1e99"), [None], {"x": None}, Decimal("-0.5"), 0]


def solved(name: str, document: Any) -> dict[str, Any]:
    result = OFFLINE[name](document)
    assert isinstance(result, dict), result
    return result


def spoilt(document: Any, rng: random.Random) -> Any:
    """The document with one value replaced, removed or added somewhere."""
    changed = copy.deepcopy(document)
    place = changed
    while True:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return changed
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.7:
            place = place[key]
            continue
        if isinstance(place, dict) and rng.random() < 0.3:
            del place[key]
        else:
            place[key] = rng.choice(JUNK)
        return changed


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_spoilt_document_gives_a_result_or_findings_but_never_a_traceback(name: str) -> None:
    rng = random.Random(1)
    for junk in JUNK:
        assert OFFLINE[name](junk)
    for _ in range(60):
        result = OFFLINE[name](spoilt(DOCUMENTS[name], rng))
        assert isinstance(result, dict) or all(isinstance(finding, Finding) for finding in result)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_whole_document_has_a_result(name: str) -> None:
    assert solved(name, DOCUMENTS[name])


def zones(line: dict[str, Any], a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return solved("zonal_uniform_price", {"zones": {"A": a, "B": b}, "line": {"frm": "A", "to": "B", **line}})


A = {"bids": [{"id": "LA", "price": 20, "qty": 2}], "offers": [{"id": "SA", "price": 5, "qty": 12}]}
B = {"bids": [{"id": "LB", "price": 20, "qty": 8}], "offers": [{"id": "SB", "price": 15, "qty": 10}]}


def test_congestion_the_other_way_makes_the_flow_negative_and_the_rent_stays_positive() -> None:
    result = zones({"capacity": 3}, B, A)
    assert (result["flow"], result["congestion_rent"], result["price"]) == (-3, 30, {"A": 15, "B": 5})


def test_a_line_with_room_gives_one_price_by_the_k_rule() -> None:
    result = zones({"capacity": 100}, A, B)
    assert (result["price"], result["flow"], result["congestion_rent"]) == ({"A": 5, "B": 5}, 8, 0)
    assert result["accepted"] == {"LA": 2, "LB": 8, "SA": 10}


def test_a_closed_line_leaves_each_zone_alone() -> None:
    result = zones({"capacity": 0}, A, B)
    assert (result["price"], result["flow"]) == ({"A": 5, "B": 15}, 0)


def test_a_zone_without_bids_sells_through_the_line_only() -> None:
    result = zones({"capacity": 3}, {"bids": [], "offers": A["offers"]}, {"bids": B["bids"], "offers": []})
    assert (result["price"], result["flow"], result["congestion_rent"]) == ({"A": 5, "B": 20}, 3, 45)


def test_a_market_without_a_trade_has_no_prices() -> None:
    result = zones({"capacity": 3}, {"bids": [], "offers": A["offers"]}, {"bids": [], "offers": []})
    assert (result["price"], result["volume"]) == ({"A": None, "B": None}, 0)


def test_several_lines_give_a_flow_each() -> None:
    document = {
        "zones": {"A": A, "B": B, "C": {"bids": [{"id": "LC", "price": 30, "qty": 1}], "offers": []}},
        "lines": [{"from": "A", "to": "B", "capacity": 3}, {"from": "C", "to": "B", "capacity": 1}],
    }
    result = solved("zonal_uniform_price", document)
    assert result["flow"] == {"A->B": 3, "C->B": -1}
    assert result["price"] == {"A": 5, "B": 15, "C": 22.5}  # the line to C is just full: [15, 30]


def test_a_charge_above_the_spread_leaves_the_pair_without_a_trade() -> None:
    result = solved("network_charges", {**ORDERS, "fee": {"S1->L": 11, "S2->L": 2}})
    assert (result["flows"], result["fee_revenue"], result["volume"]) == ({"S2->L": 4}, 8, 4)


def test_without_charges_pairs_trade_at_one_price() -> None:
    result = solved("network_charges", ORDERS)
    assert result["price_at"] == {"L": 10, "S1": 10, "S2": 10}
    assert result["fee_revenue"] == 0


def test_an_import_limit_holds_back_a_bid_and_lets_the_price_fall() -> None:
    bids = [{"id": "L", "price": 20, "qty": 6, "import_limit": 3}]
    result = solved("operating_envelope", {**ORDERS, "bids": bids})
    assert (result["accepted"], result["price_at"]["L"]) == ({"L": 3, "S2": 3}, 9)


def test_a_premium_moves_green_energy_to_the_one_that_adds_it() -> None:
    bids = [{"id": "B1", "price": 20, "qty": 5}, {"id": "B2", "price": 18, "qty": 5, "premium": {"green": 3}}]
    offers = [{"id": "Sg", "price": 12, "qty": 5, "quality": "green"}, {"id": "Sx", "price": 8, "qty": 5}]
    result = solved("preference_matching", {"bids": bids, "offers": offers})
    assert result["flows"] == {"B1<-Sx": 5, "B2<-Sg": 5}
    assert result["welfare"] == 5 * (20 - 8) + 5 * (18 + 3 - 12)


def test_a_quality_that_nobody_offers_is_an_answer() -> None:
    bids = [{**BIDS[0], "min_quality": "green"}]
    result = solved("preference_matching", {**ORDERS, "bids": bids})
    assert (result["volume"], result["welfare"], result["flows"]) == (0, 0, {})


def test_findings_name_the_key_and_come_all_at_once() -> None:
    lines = {"frm": "A", "to": "X", "capacity": -1}
    found = OFFLINE["zonal_uniform_price"](
        {"zones": {"A": {"bids": [{"id": "b", "price": "x"}]}}, "line": lines, "k": 2}
    )
    assert isinstance(found, list)
    keys = {finding.key for finding in found}
    assert keys == {"zones.A.bids[0].price", "zones.A.bids[0].qty", "line.to", "line.capacity", "k"}
