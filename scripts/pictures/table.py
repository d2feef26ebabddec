"""Which picture each mechanism has: name -> function that draws it from what the mechanism computes."""

from collections.abc import Callable, Mapping
from typing import Any

from broker.offline.table import OFFLINE
from scripts.pictures.bars import bars
from scripts.pictures.curves import curves
from scripts.pictures.examples import case, community, evening_book, values_book
from scripts.pictures.flows import flows
from scripts.pictures.lines import lines

Draw = Callable[[], str]


def solved(name: str, document: Any) -> dict[str, Any]:
    """What a mechanism makes of a document.

    Raises: ValueError when the document is not good.
    """
    result = OFFLINE[name](document)
    if isinstance(result, list):
        raise ValueError(f"{name}: {result}")
    return result


def _auction(name: str, title: str, document: Any, prices: Mapping[str, str]) -> Draw:
    """Curves of a book with the prices that the result has under some keys (key -> words)."""

    def draw() -> str:
        result = solved(name, document)
        book = document if "bids" in document else values_book(document)
        volume = float(result.get("volume", result.get("trades", 0)))
        found = {words: float(result[key]) for key, words in prices.items() if result.get(key) is not None}
        if len(set(found.values())) == 1:
            found = {"price": next(iter(found.values()))}
        return curves(title, book["bids"], book["offers"], volume, found)

    return draw


def _pairs(name: str, title: str, arrow: str, price: str | None = None) -> Draw:
    """Flows between sellers and buyers; `arrow` splits the names of a pair: "->" seller first, "<-" buyer first."""

    def draw() -> str:
        result = solved(name, case(name))
        rows = []
        for pair, energy in result["flows"].items():
            first, second = pair.split(arrow)
            seller, buyer = (first, second) if arrow == "->" else (second, first)
            words = f"{energy:.4g} kWh" if price is None else f"{energy:.4g} kWh at {result[price][pair]:.4g}"
            rows.append((seller, buyer, round(float(energy), 6), words))
        return flows(title, rows)

    return draw


def _trades(name: str, title: str, document: Any) -> Draw:
    """Flows from a list of trades (buyer, seller, quantity, price)."""

    def draw() -> str:
        rows = [(s, b, float(q), f"{q:g} kWh at {p:g}") for b, s, q, p in solved(name, document)["trades"]]
        return flows(title, rows)

    return draw


def _values(name: str, title: str, document: Any, unit: str, keys: Mapping[str, str]) -> Draw:
    """Bars of some result keys that hold numbers by member (key -> words)."""

    def draw() -> str:
        result = solved(name, document)
        return bars(title, unit, {words: dict(result[key]) for key, words in keys.items()})

    return draw


def _bills(name: str, title: str) -> Draw:
    """Bills of a community under a rule that gives them, beside those of everybody alone."""

    def draw() -> str:
        document = community()
        retail, feed_in = float(document["grid_buy"]), float(document["grid_sell"])
        net = {member: float(energy) for member, energy in document["net"].items()}
        alone = {member: -energy * (feed_in if energy > 0 else retail) for member, energy in net.items()}
        return bars(title, "bill of the slot", {"alone": alone, "shared": solved(name, document)["bills"]})

    return draw


def _zones() -> str:
    document = case("zonal_uniform_price")
    result = solved("zonal_uniform_price", document)
    series = {"sold": {}, "bought": {}, "price": result["price"]}
    for zone, book in document["zones"].items():
        for words, key in (("sold", "offers"), ("bought", "bids")):
            series[words][zone] = sum(result["accepted"].get(order["id"], 0.0) for order in book[key])
    return bars(f"Two zones: {result['flow']:g} kWh flow over the full line", "kWh, price per kWh", series)


def _clearing_rounds() -> str:
    result = solved("iterated_price", evening_book())
    rounds = result["rounds"] if isinstance(result["rounds"], list) else []
    prices = [float(row["price"] if isinstance(row, dict) else row) for row in rounds]
    return lines("The price is asked again until demand meets supply", "price per kWh", "rounds", {"price": prices})


def _admm() -> str:
    result = solved("admm_bilateral", case("admm_bilateral"))
    rows = [
        (
            pair.split("->")[0],
            pair.split("->")[1],
            round(energy, 3),
            f"{energy:.4g} at {result['trade_price'][pair]:.4g}",
        )
        for pair, energy in result["trades"].items()
    ]
    return flows(f"Bilateral consensus after {result['iterations']} rounds", rows)


def _blocks() -> str:
    document = case("day_ahead_blocks")
    result = solved("day_ahead_blocks", document)
    sold: dict[str, dict[str, float]] = {}
    for slot, filled in enumerate(result["sold"], start=1):
        for member, energy in filled.items():
            sold.setdefault(member, {})[f"slot {slot}"] = float(energy)
    return bars("A block runs over both slots or not at all", "sold, kWh", sold)


def _flexibility() -> str:
    document = case("flexibility_auction")
    call = document["calls"][0]
    result = solved("flexibility_auction", document)
    ask = [{"price": call["reserve_price"], "qty": call["request"]}]
    volume = sum(result["awarded"][0].values())
    return curves("A call for less energy", ask, call["offers"], volume, {"price": result["prices"][0]})


def _leader(name: str, title: str) -> Draw:
    return _auction(name, title, evening_book(), {"buy_price": "buyers pay", "sell_price": "sellers get"})


UNIT = case("mcafee")
TWO_PRICES = {"buyer_price": "buyers", "seller_price": "sellers"}
PICTURES: dict[str, Draw] = {
    "uniform_price_k_double_auction": _auction(
        "uniform_price_k_double_auction",
        "One price for all",
        case("uniform_price_k_double_auction"),
        {"price": "price"},
    ),
    "pay_as_bid": _trades("pay_as_bid", "Every buyer pays its own bid", evening_book()),
    "continuous_double_auction": _trades(
        "continuous_double_auction", "Best price first, then who came first", case("continuous_double_auction")
    ),
    "mcafee": _auction("mcafee", "A price that no trader has set", UNIT, {"buyer_price": "price"}),
    "trade_reduction": _auction(
        "trade_reduction",
        "The last pair sets both prices",
        UNIT,
        TWO_PRICES,
    ),
    "vcg_double_auction": _auction(
        "vcg_double_auction",
        "Each pays what its presence costs the others",
        UNIT,
        TWO_PRICES,
    ),
    "huang_multiunit": _auction(
        "huang_multiunit",
        "The price setters drop out",
        evening_book(),
        TWO_PRICES,
    ),
    "muda_vickrey_side": _values(
        "muda_vickrey_side", "Fees of those who keep others out", case("muda_vickrey_side"), "fee", {"fees": "fee"}
    ),
    "operating_envelope": _values(
        "operating_envelope",
        "PV1 may export 6 kWh at most",
        case("operating_envelope"),
        "accepted, kWh",
        {"accepted": "accepted"},
    ),
    "zonal_uniform_price": _zones,
    "network_charges": _pairs("network_charges", "The nearer seller comes first", "->"),
    "preference_matching": _pairs("preference_matching", "Green buyers get green energy", "<-", "price_at"),
    "admm_bilateral": _admm,
    "iterated_price": _clearing_rounds,
    "stackelberg_profit": _leader("stackelberg_profit", "A provider takes the margin"),
    "stackelberg_nonprofit": _leader("stackelberg_nonprofit", "A provider without profit"),
    "mid_market_rate": _bills("mid_market_rate", "Mid-market rate"),
    "supply_demand_ratio": _bills("supply_demand_ratio", "Supply-demand ratio"),
    "bill_sharing": _values(
        "bill_sharing", "One bill, shared by use", case("bill_sharing"), "bill", {"bills": "bill"}
    ),
    "shapley": _values("shapley", "The mean of what each adds", case("shapley"), "value", {"value": "value"}),
    "nucleolus": _values("nucleolus", "The least unhappy coalition", case("nucleolus"), "value", {"value": "value"}),
    "nash_bargaining": _values(
        "nash_bargaining", "The saving in equal parts", case("nash_bargaining", 1), "cost", {"cost_share": "cost"}
    ),
    "day_ahead_blocks": _blocks,
    "flexibility_auction": _flexibility,
    "energy_donation": _values(
        "energy_donation", "Surplus goes to those in need", case("energy_donation"), "kWh", {"received": "received"}
    ),
    "shared_storage": _values(
        "shared_storage", "Shares of a storage", case("shared_storage"), "kWh", {"shares": "share"}
    ),
}
