"""Documents of the auctions: shapes beyond the published cases, and everything that is wrong with a bad one."""

import json
from decimal import Decimal
from typing import Any

import pytest

from broker.offline.table import OFFLINE


def solved(mechanism: str, text: str | dict[str, Any]) -> Any:
    written = text if isinstance(text, str) else json.dumps(text)
    result = OFFLINE[mechanism](json.loads(written, parse_float=Decimal, parse_constant=Decimal))
    return json.loads(json.dumps(result))


def keys(mechanism: str, text: str | dict[str, Any]) -> list[str]:
    found = solved(mechanism, text)
    assert isinstance(found, list), "the document was taken"
    assert all(all(finding) for finding in found), "key, problem and remedy are there"
    return [key for key, _, _ in found]


def units(buyers: list[float], sellers: list[float], **more: Any) -> dict[str, Any]:
    return {"buyer_values": buyers, "seller_costs": sellers, "unit_demand": True, **more}


def test_the_support_stands_in_for_the_next_pair() -> None:
    # k = 1, no next pair: p0 = (0 + 20) / 2 = 10 lies in [4, 12]; in [0, 40] it would be 20 and the trade is reduced.
    held = solved("mcafee", units([12], [4], support=[0, 20]))
    assert (held["k"], held["trades"], held["p0"], held["buyer_price"], held["welfare"]) == (1, 1, 10, 10, 8)
    reduced = solved("mcafee", units([12], [4], support=[0, 40]))
    assert (reduced["trades"], reduced["p0"], reduced["buyer_price"]) == (0, 20, None)
    assert solved("mcafee", units([12], [4]))["p0"] is None


def test_one_side_of_the_support_is_enough_when_the_other_next_trader_is_there() -> None:
    # b_2 = 3 is there, s_2 is not: p0 = (3 + 9) / 2 = 6 in [5, 8].
    assert solved("mcafee", units([8, 3], [5], support=[0, 9]))["buyer_price"] == 6


@pytest.mark.parametrize("mechanism", ["mcafee", "trade_reduction", "vcg_double_auction"])
@pytest.mark.parametrize(("buyers", "sellers"), [([], []), ([], [3]), ([4], []), ([2], [3])])
def test_no_efficient_pair_is_no_trade(mechanism: str, buyers: list[float], sellers: list[float]) -> None:
    result = solved(mechanism, units(buyers, sellers))
    assert (result["k"], result["trades"], result["welfare"], result["budget_surplus"]) == (0, 0, 0, 0)
    assert result["buyer_price"] is None


def test_touching_values_trade_in_any_order_of_the_lists() -> None:
    result = solved("vcg_double_auction", units([5, 9, 7], [7, 1, 7]))
    # 9 and 7 buy from 1 and 7: k = 2. Buyers pay max(s_2 = 7, b_3 = 5), sellers get min(b_2 = 7, s_3 = 7).
    assert (result["k"], result["buyer_price"], result["seller_price"], result["welfare"]) == (2, 7, 7, 8)
    assert solved("trade_reduction", units([5, 9, 7], [7, 1, 7]))["trades"] == 1


def test_the_single_unit_prices_of_vcg_are_its_clarke_payments() -> None:
    lists = solved("vcg_double_auction", units([100, 90, 80], [80, 85, 95]))
    book = {
        "bids": [{"id": f"b{i}", "price": value, "qty": 1} for i, value in enumerate([100, 90, 80])],
        "offers": [{"id": f"s{i}", "price": cost, "qty": 1} for i, cost in enumerate([80, 85, 95])],
    }
    orders = solved("vcg_double_auction", book)
    assert orders["buyer_payments"] == {"b0": lists["buyer_price"], "b1": lists["buyer_price"]}
    assert orders["seller_receipts"] == {"s0": lists["seller_price"], "s1": lists["seller_price"]}
    assert orders["budget_surplus"] == lists["budget_surplus"]


def test_vcg_leaves_out_the_other_steps_of_a_participant() -> None:
    # A's second bid at 9 would replace its first one, but it is A's own: what A keeps out is B's 5.
    book = {
        "bids": [
            {"id": "A", "price": 10, "qty": 1},
            {"id": "A", "price": 9, "qty": 1},
            {"id": "B", "price": 5, "qty": 1},
        ],
        "offers": [{"id": "S", "price": 1, "qty": 1}],
    }
    result = solved("vcg_double_auction", book)
    assert result["buyer_payments"] == {"A": 5}
    assert result["seller_receipts"] == {"S": 10}
    assert "community account adds" in result["note"]


@pytest.mark.parametrize(
    ("bids", "offers", "trades"),
    [
        # Sellers are the long side: 0.5 too much, the seller with 0.1 drops out, the others give 0.2 each.
        (
            [(6, 2.5), (3, 1)],
            [(1, 1), (1.5, 0.1), (2, 1.9), (2.5, 2)],
            [("b0", 2.5, 3), ("s0", 0.8, 2.5), ("s2", 1.7, 2.5)],
        ),
        # Equal price setters drop out together.
        ([(6, 1), (3, 1), (3, 1)], [(1, 2), (2, 5)], [("b0", 1, 3), ("s0", 1, 2)]),
        # Only price setters: nobody trades.
        ([(6, 1)], [(1, 2)], []),
        ([], [(1, 2)], []),
    ],
)
def test_huang_cuts_the_long_side(bids: Any, offers: Any, trades: Any) -> None:
    sides = {
        side: [{"id": f"{side[0].replace('o', 's')}{i}", "price": p, "qty": q} for i, (p, q) in enumerate(given)]
        for side, given in (("bids", bids), ("offers", offers))
    }
    result = solved("huang_multiunit", sides)
    assert result["trades"] == [list(row) for row in trades]


def test_a_single_seller_faces_many_buyers_at_a_given_price() -> None:
    # Demand at 50: 90, 80, 70 | 60, 55; supply 2. Accepted 90, 80. Without a: 70, 55 of b and c enter, and so on.
    document = {
        "exogenous_price": 50,
        "buyers": {"a": [90, 60], "b": [80, 55], "c": [70]},
        "seller": {"s": [10, 50, 51]},
    }
    result = solved("muda_vickrey_side", document)
    assert result["trades_qty"] == 2
    assert result["accepted"] == {"a": [90], "b": [80], "c": [], "s": [10, 50]}
    assert result["fees"] == {"a": 20, "b": 20, "c": 0, "s": 0}


def test_sides_of_equal_length_pay_no_fees() -> None:
    result = solved("muda_vickrey_side", {"exogenous_price": 5, "buyers": {"a": [5]}, "sellers": {"s": [5, 6]}})
    assert (result["trades_qty"], result["fees"]) == (1, {"a": 0, "s": 0})


def test_a_cut_order_keeps_its_place_and_a_grown_one_loses_it() -> None:
    orders = [["new", "s1", "sell", 10, 5], ["new", "s2", "sell", 10, 5]]
    buy = ["new", "b1", "buy", 10, 4]
    cut = solved("continuous_double_auction", {"events": [*orders, ["replace", "s1", 10, 3], buy]})
    assert cut["trades"] == [["b1", "s1", 3, 10], ["b1", "s2", 1, 10]]
    assert cut["book"] == {"bids": [], "asks": [["s2", 10, 4]]}
    grown = solved("continuous_double_auction", {"events": [*orders, ["replace", "s1", 10, 6], buy]})
    assert grown["trades"] == [["b1", "s2", 4, 10]]
    assert grown["book"]["asks"] == [["s2", 10, 1], ["s1", 10, 6]]


def test_a_replaced_order_may_trade_at_once_at_the_price_that_rests() -> None:
    events = [["new", "s", "sell", 10, 5], ["new", "b", "buy", 8.5, 7], ["replace", "b", 11, 7]]
    result = solved("continuous_double_auction", {"events": events})
    assert result["trades"] == [["b", "s", 5, 10]]
    assert result["book"] == {"bids": [["b", 11, 2]], "asks": []}


def test_what_comes_too_late_changes_nothing_and_is_named() -> None:
    events = [["new", "s", "sell", 1, 1], ["new", "b", "buy", 1, 1], ["cancel", "s"], ["replace", "b", 2, 2]]
    result = solved("continuous_double_auction", {"events": [*events, ["cancel", "nobody"]]})
    assert [index for index, _ in result["ignored"]] == [2, 3, 4]
    assert result["trades"] == [["b", "s", 1, 1]]


def test_pay_as_bid_pairs_the_best_bid_with_the_cheapest_offer() -> None:
    book = {
        "bids": [{"id": "b1", "price": 0.3, "qty": 2}, {"id": "b2", "price": 0.2, "qty": 2}],
        "offers": [{"id": "s1", "price": 0.1, "qty": 3}, {"id": "s2", "price": 0.2, "qty": 5}],
    }
    result = solved("pay_as_bid", book)
    assert result["trades"] == [["b1", "s1", 2, 0.3], ["b2", "s1", 1, 0.2], ["b2", "s2", 1, 0.2]]
    assert result["seller_receipts"] == {"s1": 0.8, "s2": 0.2}
    assert result["budget_surplus"] == 0


@pytest.mark.parametrize(
    ("mechanism", "document", "wrong"),
    [
        ("continuous_double_auction", "[]", ["(top)"]),
        ("continuous_double_auction", "{}", ["events"]),
        ("continuous_double_auction", '{"events": {}}', ["events"]),
        (
            "continuous_double_auction",
            '{"events": [7, [], ["buy"], [null, 1], [["new"]]]}',
            [f"events[{i}]" for i in range(5)],
        ),
        ("continuous_double_auction", '{"events": [["new", "a", "buy", 1]]}', ["events[0]"]),
        (
            "continuous_double_auction",
            '{"events": [["new", "", "up", NaN, -1]]}',
            [f"events[0][{i}]" for i in (1, 2, 3, 4)],
        ),
        (
            "continuous_double_auction",
            '{"events": [["cancel", 7], ["replace", "a", "x", true]]}',
            ["events[0][1]", "events[1][2]", "events[1][3]"],
        ),
        ("mcafee", "7", ["(top)"]),
        ("mcafee", '{"buyer_values": [1, "2"]}', ["buyer_values[1]", "seller_costs"]),
        (
            "mcafee",
            '{"buyer_values": 1, "seller_costs": [1e99], "unit_demand": false}',
            ["buyer_values", "seller_costs[0]", "unit_demand"],
        ),
        ("mcafee", '{"buyer_values": [5], "seller_costs": [1], "support": [2, 9]}', ["support"]),
        ("mcafee", '{"buyer_values": [5], "seller_costs": [1], "support": [9, 0]}', ["support"]),
        ("trade_reduction", '{"buyer_values": [5], "seller_costs": [1], "support": 3}', ["support"]),
        ("vcg_double_auction", '{"bids": []}', ["offers"]),
        ("muda", '{"bids": [], "offers": [], "seed": 7}', ["seed"]),
        ("muda_vickrey_side", "[]", ["(top)"]),
        ("muda_vickrey_side", "{}", ["exogenous_price", "buyers", "sellers"]),
        (
            "muda_vickrey_side",
            '{"exogenous_price": 1, "buyer": [], "buyers": {}, "sellers": []}',
            ["buyers", "sellers"],
        ),
        (
            "muda_vickrey_side",
            '{"exogenous_price": 1, "buyer": {"a": 1}, "sellers": {"a": [null]}}',
            ["buyer.a", "sellers.a[0]", "sellers.a"],
        ),
    ],
)
def test_a_bad_document_names_every_key_that_is_wrong(mechanism: str, document: str, wrong: list[str]) -> None:
    assert keys(mechanism, document) == wrong
