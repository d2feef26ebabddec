"""Tricks with the result of an auction, under a root of the awards that fits."""

from collections.abc import Callable, Sequence

from broker.clearing.outcome import Rules
from broker.market.sessions import auction as auctions
from broker.market.sessions.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from proofs.tricks.plot import Plot, Replaced
from wire.commitments import leaf_of_award
from wire.merkle import Tree, leaf_hash
from wire.messages import Award, Clearing

Result = tuple[Clearing, list[Award]]


def shift_price(plot: Plot) -> Replaced:
    """All trade at another price than the auction gives."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        price = clearing.buyer_price_micro_per_kwh
        if price is None or not clearing.volume_wh:
            return clearing, awards
        plot.done = True
        new = price + plot.rng.choice((-1, 1)) * plot.rng.randint(1, 30_000)
        prices = {f"{who}price_micro_per_kwh": new for who in ("", "buyer_", "seller_")}
        paid = [
            award.model_copy(
                update={
                    "price_micro_per_kwh": new,
                    "amount_nano": (award.bought_wh - award.sold_wh) * new,
                }
            )
            for award in awards
        ]
        return clearing.model_copy(update=prices), paid

    return _at_auction(plot, change)


def favour(plot: Plot) -> Replaced:
    """A friend's award is better than the auction gives, under a root that fits."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        if not awards:
            return clearing, awards
        plot.done = True
        i = plot.rng.randrange(len(awards))
        gift = awards[i].amount_nano - plot.rng.randint(1, 10**9)
        friend = awards[i].model_copy(update={"amount_nano": gift})
        return clearing, [*awards[:i], friend, *awards[i + 1 :]]

    return _at_auction(plot, change)


def shave(plot: Plot) -> Replaced:
    """A buyer and a seller trade less with each other than the auction gives, under a root that fits."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        buyers = [i for i, award in enumerate(awards) if award.bought_wh]
        sellers = [i for i, award in enumerate(awards) if award.sold_wh]
        if not buyers or not sellers:
            return clearing, awards
        plot.done = True
        changed = [*awards]
        for i, key in ((plot.rng.choice(buyers), "bought_wh"), (plot.rng.choice(sellers), "sold_wh")):
            changed[i] = changed[i].model_copy(update={key: getattr(changed[i], key) - 1})
        return clearing, changed

    return _at_auction(plot, change)


def no_market(plot: Plot) -> Replaced:
    """The operator declares that there is no market in a slot that has one."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        plot.done = True
        nothing = {"bought_wh": 0, "sold_wh": 0, "amount_nano": 0, "price_micro_per_kwh": None}
        void = dict.fromkeys((n for n in Clearing.model_fields if "price_" in n), None)
        void = {**void, "volume_wh": 0, "surplus_nano": 0, "outcome": "no_market", "demand": (), "supply": ()}
        return clearing.model_copy(update=void), [award.model_copy(update=nothing) for award in awards]

    return _at_auction(plot, change)


def _at_auction(plot: Plot, change: Callable[[Clearing, list[Award]], Result]) -> Replaced:
    """Changes the result of the auction; the awards' root and proofs are made again."""

    def auction(book: SlotBook, listed: Sequence[Listed], terms: Terms, at_s: int, rules: Rules) -> Result:
        clearing, awards = auctions.auction(book, listed, terms, at_s, rules)
        if book.slot != plot.slot:
            return clearing, awards
        return _proved_again(*change(clearing, awards))

    return {"auction": auction}


def _proved_again(clearing: Clearing, awards: list[Award]) -> Result:
    placed = sorted(awards, key=lambda award: award.index)
    tree = Tree(leaf_hash(leaf_of_award(award)) for award in placed)
    proved = [
        award.model_copy(update={"award_proof": tuple(node.hex() for node in tree.inclusion_proof(i))})
        for i, award in enumerate(placed)
    ]
    return clearing.model_copy(update={"awards_root": tree.root().hex()}), proved
