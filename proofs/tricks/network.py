"""Tricks with what a clearing depends on beside the orders: limits, charges, preferences, a consensus of agents.

The operator publishes honest rules, or none, and clears by others for one slot. Each trick needs a community whose
mechanism looks at them: `terms_of` has its network and its preferences.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.clearing import admm_bilateral
from broker.clearing.consensus.protocol import Target
from broker.clearing.outcome import Rules
from broker.clearing.preferences import ANYTHING, preferences_text
from broker.market.outgoing import Outgoing
from broker.market.sessions import auction as auctions
from broker.market.sessions.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from broker.network.grid import Envelope
from broker.network.grid_text import grid_text
from proofs.tricks.plot import Cheat, Plot, Replaced, cheat
from proofs.tricks.results import Result
from wire.audit import Check
from wire.messages import DayRules

ZONES = ("north", "south", "west")
SeenRules = Callable[[Rules, random.Random], Rules]


def _by_other_rules(plot: Plot, change: SeenRules) -> Replaced:
    """Clears the slot by other rules than were published; done when that changes who gets what."""

    def auction(book: SlotBook, listed: Sequence[Listed], terms: Terms, at_s: int, rules: Rules) -> Result:
        honest = auctions.auction(book, listed, terms, at_s, rules)
        if book.slot != plot.slot:
            return honest
        other = auctions.auction(book, listed, terms, at_s, change(rules, plot.rng))
        plot.done = other != honest
        return other

    return {"auction": auction}


def wrong_envelope(plot: Plot) -> Replaced:
    """A competitor's connection is held tighter than its published limits."""

    def change(rules: Rules, rng: random.Random) -> Rules:
        assert rules.network is not None
        limits = dict(rules.network.envelopes)
        limits[rng.choice(sorted(limits))] = Envelope(rng.randint(0, 60), rng.randint(0, 60))
        return replace(rules, network=replace(rules.network, envelopes=limits))

    return _by_other_rules(plot, change)


def wrong_line(plot: Plot) -> Replaced:
    """A line is said to carry more, or less, than published."""

    def change(rules: Rules, rng: random.Random) -> Rules:
        assert rules.network is not None
        lines = tuple(line._replace(capacity_wh=rng.choice((0, 5_000))) for line in rules.network.lines)
        return replace(rules, network=replace(rules.network, lines=lines))

    return _by_other_rules(plot, change)


def wrong_charge(plot: Plot) -> Replaced:
    """Energy between the zones pays another charge than published."""

    def change(rules: Rules, rng: random.Random) -> Rules:
        assert rules.network is not None
        charges = {pair: micro + rng.randint(1, 40_000) for pair, micro in rules.network.charges.items()}
        return replace(rules, network=replace(rules.network, charges=charges))

    return _by_other_rules(plot, change)


def wrong_loss(plot: Plot) -> Replaced:
    """More, or less, is said to be lost between the zones than published."""

    def change(rules: Rules, rng: random.Random) -> Rules:
        assert rules.network is not None
        losses = {pair: rng.choice((0, 2 * ppm)) for pair, ppm in rules.network.losses.items()}
        return replace(rules, network=replace(rules.network, losses=losses))

    return _by_other_rules(plot, change)


def favoured_preference(plot: Plot) -> Replaced:
    """Buyers are said to want the energy of a friend, which nobody has said."""

    def change(rules: Rules, rng: random.Random) -> Rules:
        names = sorted(rules.preferences)
        friend = rng.choice(names)
        wishes = {
            name: replace(own, premiums={**own.premiums, friend: 80_000}) for name, own in rules.preferences.items()
        }
        return replace(rules, preferences=wishes)

    return _by_other_rules(plot, change)


def wrong_consensus(plot: Plot) -> Replaced:
    """The agents' rounds are broken off where it suits the operator, and said to have converged."""
    target = Target(primal=1e-5, dual=1e-5, rounds_max=plot.rng.randint(1, 12))

    def auction(book: SlotBook, listed: Sequence[Listed], terms: Terms, at_s: int, rules: Rules) -> Result:
        honest = auctions.auction(book, listed, terms, at_s, rules)
        if book.slot != plot.slot:
            return honest
        kept, admm_bilateral.TARGET = admm_bilateral.TARGET, target
        try:
            clearing, awards = auctions.auction(book, listed, terms, at_s, rules)
        finally:
            admm_bilateral.TARGET = kept
        said = clearing.model_copy(update={"note": honest[0].note})
        plot.done = (said, awards) != honest
        return said, awards

    return {"auction": auction}


def _on_rules(plot: Plot, change: Callable[[str, DayRules], DayRules | None]) -> Replaced:
    def tamper(name: str, out: Outgoing) -> Outgoing | None:
        if not isinstance(out.message, DayRules):
            return out
        changed = change(name, out.message)
        plot.done = plot.done or changed != out.message
        return None if changed is None else Outgoing(changed)

    plot.community.tamper = tamper
    _publish_anew(plot)
    return {}


def _publish_anew(plot: Plot) -> None:
    """A member's limits change, so that the next gate tells the rules again."""
    market = plot.community.service.market
    other = _network(plot.community.members, export_limit_w=plot.rng.randint(1, 400))
    market.agree(network=other, preferences=market.terms.preferences, roles=market.terms.roles)


def hidden_rules(plot: Plot) -> Replaced:
    """The rules that a round follows are never published."""
    return _on_rules(plot, lambda _name, _rules: None)


def two_rules(plot: Plot) -> Replaced:
    """One member is told of other limits than the others, and than the log fixes."""

    def change(name: str, rules: DayRules) -> DayRules:
        if name != plot.community.witness:
            return rules
        wider = tuple(row.model_copy(update={"export_limit_w": 9_999}) for row in rules.members)
        return rules.model_copy(update={"members": wider})

    return _on_rules(plot, change)


def _network(members: int, *, export_limit_w: int = 1_200) -> str:
    """Every member in a zone, every second one with limits, lines that are soon full, charges between zones."""
    names = [f"home-{n}" for n in range(1, members + 1)]
    pairs = [(a, b) for a in ZONES for b in ZONES]
    return grid_text(
        {
            "zones": {zone: names[i :: len(ZONES)] for i, zone in enumerate(ZONES)},
            "lines": [{"from": "north", "to": end, "capacity_w": 800} for end in ZONES[1:]],
            "envelopes": [
                {"meter": name, "export_limit_w": export_limit_w, "import_limit_w": 2_000} for name in names[::2]
            ],
            "charges": [{"from": a, "to": b, "micro_per_kwh": 0 if a == b else 9_000} for a, b in pairs],
            "losses": [{"from": a, "to": b, "ppm": 10_000 if a == b else 60_000} for a, b in pairs],
        }
    )


def wishes(members: int) -> str:
    """Some sell green energy, some add something for it or for a neighbour's."""
    rows = {}
    for n in range(1, members + 1):
        premiums = {"green": 5_000, f"home-{n % members + 1}": 12_000} if n % 3 else {}
        rows[f"home-{n}"] = {
            "quality": "green" if n % 2 else "local",
            "min_quality": ANYTHING.min_quality,
            "partners": None,
            "premiums": premiums,
        }
    return preferences_text(rows)


def terms_of(name: str, members: int) -> dict[str, Any]:
    """The terms that the community of a trick has beside the usual ones."""
    mechanism = MECHANISM_OF.get(name)
    if mechanism is None:
        return {}
    return {"mechanism": mechanism, "network": _network(members), "preferences": wishes(members)}


MECHANISM_OF: Mapping[str, str] = {
    "wrong_envelope": "operating_envelope",
    "wrong_line": "zonal_uniform_price",
    "wrong_charge": "network_charges",
    "wrong_loss": "loss_factors",
    "favoured_preference": "preference_matching",
    "wrong_consensus": "admm_bilateral",
    "hidden_rules": "operating_envelope",
    "two_rules": "operating_envelope",
}
MEMBERS_MAX: Mapping[str, int] = {"wrong_consensus": 4}  # every replay takes hundreds of rounds


NETWORK_CHEATS: dict[str, Cheat] = {
    one.trick.__name__: one
    for one in (
        cheat(wrong_envelope, Check.CLEARING, Check.AWARDS_ROOT),
        cheat(wrong_line, Check.CLEARING, Check.AWARDS_ROOT),
        cheat(wrong_charge, Check.CLEARING, Check.AWARDS_ROOT),
        cheat(wrong_loss, Check.CLEARING, Check.AWARDS_ROOT),
        cheat(favoured_preference, Check.CLEARING, Check.AWARDS_ROOT),
        cheat(wrong_consensus, Check.CLEARING, Check.AWARDS_ROOT),
        cheat(hidden_rules, Check.RULES),
        cheat(two_rules, Check.LOG),
    )
}
