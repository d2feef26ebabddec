"""The nucleolus: the allocation whose most unhappy coalition is as happy as can be, then the next, and so on.

Among all x with x(N) = v(N) and x_i >= v(i) it makes the sorted excesses v(S) - x(S) lexicographically smallest. It
is unique, and in the core when there is one. At most n - 1 exact linear programs: each raises the smallest slack of
the coalitions that are still free; those with a positive dual weight are tight in every optimum and become fixed,
and whatever depends linearly on fixed ones is fixed as well. Where the players are worth more apart than together
no x is individually rational: the same without x_i >= v(i) (the prenucleolus).

The game of a slot has a core, so only its essential coalitions count. It has closed forms, for any number of members:
* the longer side stays longer without any one of its members: the shorter side gets everything (the only core point);
* one member alone on its side: each other member gets half of what all lose without it, the one alone the rest.

Source: Schmeidler 1969, doi 10.1137/0117107; Huberman 1980 (essential coalitions); Kopelowitz 1967; Maschler, Peleg
& Shapley 1979, doi 10.1287/moor.4.4.303; one member alone: Muto, Nakayama, Potters & Tijs 1988, Economic Studies
Quarterly 39 (big boss games). Budget balance: strong. Individually rational. Complexity: O(n) in the closed forms,
else exponential in n.
"""

from collections.abc import Sequence
from fractions import Fraction

from broker.clearing.outcome import Rules
from broker.sharing import shapley
from broker.sharing.coalition import Game, game_of_slot
from broker.sharing.least_core import least_core
from broker.sharing.shares import Need, Shares
from broker.sharing.slot_game import Division, SlotGame, divided

EXACT_MEMBERS_MAX = 10


def nucleolus(game: Game, coalitions: Sequence[int] | None = None) -> dict[str, Fraction]:
    """The exact nucleolus, or the prenucleolus of a game without an individually rational allocation.

    `coalitions` (masks, with every single player) are those that decide it, None for all.
    """
    n, everybody = len(game.players), game.everybody
    floor = [Fraction(level) for level in floors(game)]
    fixed = {everybody: Fraction(game.worth[everybody])}
    span = _Span(n)
    span.add(everybody)
    free = [mask for mask in coalitions or range(1, everybody) if mask not in span]
    payoff: tuple[Fraction, ...] = (Fraction(game.worth[everybody]),)
    while free:
        found = least_core(game, free, fixed, floor)
        payoff = found.payoff
        for mask in sorted(found.weights):
            fixed[mask] = game.worth[mask] + found.slack
            span.add(mask)
        for i in found.at_floor:
            fixed[1 << i] = floor[i]
            span.add(1 << i)
        free = [mask for mask in free if mask not in span]
    return dict(zip(game.players, payoff, strict=True))


def essential(game: Game) -> list[int]:
    """The coalitions that lose when any one member leaves, and the single players; for players worth 0 alone.

    In a game with a core the others have no say in the nucleolus (Huberman 1980).
    """
    return [
        mask
        for mask in range(1, game.everybody)
        if mask.bit_count() == 1
        or all(game.worth[mask] > game.worth[mask ^ 1 << i] for i in range(len(game.players)) if mask >> i & 1)
    ]


def has_imputation(game: Game) -> bool:
    """True when an allocation can give each player at least what it is worth alone."""
    return sum(game.worth[1 << i] for i in range(len(game.players))) <= game.worth[game.everybody]


def floors(game: Game) -> list[int]:
    """What each player gets at least: its worth alone, or a bound that no optimum touches."""
    alone = [game.worth[1 << i] for i in range(len(game.players))]
    return alone if has_imputation(game) else loose_floors(game)


def loose_floors(game: Game) -> list[int]:
    """Below x_i = v(i) + e of every least-core point, because e is at least that of the equal division.

    With M the largest absolute worth, the equal division leaves each coalition a slack of at least -2 M.
    """
    largest = max(abs(worth) for worth in game.worth)
    return [game.worth[1 << i] - 2 * largest - 1 for i in range(len(game.players))]


def share(needs: Sequence[Need], rules: Rules) -> Shares:
    """The bills when each member gets its part of the nucleolus of the slot's game."""
    return divided(needs, lambda slot: division(slot, rules.seed))


def division(slot: SlotGame, seed: bytes) -> Division:
    """The nucleolus of a slot's game; the Shapley value, with a note, where it is too large to solve."""
    wh = closed_form(slot)
    if wh is None and len(slot.energy_wh) <= EXACT_MEMBERS_MAX:
        game = game_of_slot(slot)
        wh = nucleolus(game, essential(game))
    if wh is None:
        parts, note = shapley.division(slot, seed)
        reason = f"{len(slot.energy_wh)} members are too many for the nucleolus: Shapley value"
        return Division(parts, f"{reason}; {note}" if note else reason)
    return Division({meter: slot.spread_micro * part for meter, part in wh.items()})


def closed_form(slot: SlotGame) -> dict[str, Fraction] | None:
    """The nucleolus of a slot's game in Wh where a formula gives it, else None."""
    is_short = {meter: energy > 0 for meter, energy in slot.energy_wh.items()}
    demand, supply = slot.demand_wh, slot.supply_wh
    beyond = abs(demand - supply)
    longer = demand > supply
    if beyond >= max(abs(e) for meter, e in slot.energy_wh.items() if is_short[meter] == longer):
        return {m: Fraction(abs(e) if is_short[m] != longer else 0) for m, e in slot.energy_wh.items()}
    for side in (True, False):
        if sum(short == side for short in is_short.values()) == 1:
            return _one_alone(slot, next(m for m, short in is_short.items() if short == side))
    return None


def _one_alone(slot: SlotGame, alone: str) -> dict[str, Fraction]:
    others = {meter: abs(e) for meter, e in slot.energy_wh.items() if meter != alone}
    total, limit = sum(others.values()), abs(slot.energy_wh[alone])
    parts = {meter: Fraction(slot.matched_wh - min(total - energy, limit), 2) for meter, energy in others.items()}
    return parts | {alone: slot.matched_wh - sum(parts.values(), Fraction(0))}


class _Span:
    """The coalitions that depend linearly on some others, by their indicator vectors."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._rows: list[tuple[int, list[Fraction]]] = []

    def __contains__(self, mask: int) -> bool:
        return not any(self._reduced(mask))

    def add(self, mask: int) -> None:
        row = self._reduced(mask)
        pivot = next((i for i, entry in enumerate(row) if entry), None)
        if pivot is not None:
            self._rows.append((pivot, [entry / row[pivot] for entry in row]))

    def _reduced(self, mask: int) -> list[Fraction]:
        row = [Fraction(mask >> i & 1) for i in range(self._n)]
        for pivot, known in self._rows:
            if factor := row[pivot]:
                row = [a - factor * b for a, b in zip(row, known, strict=True)]
        return row
