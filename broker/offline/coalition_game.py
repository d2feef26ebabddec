"""The documents of coalition games: players and the worth (or cost) of every coalition, by comma-joined names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from broker.offline.decimal_book import Finding
from broker.offline.fields import ZERO, Fields, printed, top
from broker.sharing.coalition import Excess, Game, common_unit, is_in_core, largest_excess, members
from broker.sharing.core_test import core_verdict
from broker.sharing.nucleolus import has_imputation, nucleolus
from broker.sharing.shapley import shapley_value

EXAMPLE = '{"players": ["A", "B"], "v": {"A": 0, "B": 0, "A,B": 10}}'
SHAPLEY_PLAYERS_MAX = 16
LEAST_CORE_PLAYERS_MAX = 10

Payoff = Mapping[str, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadGame:
    """A game in whole multiples of 1 / `unit`. A cost game is held as what coalitions gain: minus their costs."""

    game: Game
    unit: int
    is_cost: bool

    def payoff(self, scaled: Payoff) -> dict[str, Fraction]:
        """What each player gets, or pays in a cost game, in the units of the file."""
        return {player: self.amount(value) for player, value in scaled.items()}

    def amount(self, scaled: Fraction | int) -> Fraction:
        """A worth, or a cost in a cost game, in the units of the file."""
        return Fraction(scaled) / self.unit * (-1 if self.is_cost else 1)

    def scaled(self, payoff: Payoff) -> dict[str, Fraction]:
        """The inverse of `payoff`."""
        return {player: value * self.unit * (-1 if self.is_cost else 1) for player, value in payoff.items()}

    def name(self, mask: int) -> str:
        """A coalition as the file writes it."""
        return ",".join(members(self.game, mask))


def solve_shapley(document: Any) -> dict[str, Any] | list[Finding]:
    """The Shapley value and whether it is in the core."""
    return _solved(document, SHAPLEY_PLAYERS_MAX, shapley_value)


def solve_nucleolus(document: Any) -> dict[str, Any] | list[Finding]:
    """The nucleolus and whether it is in the core, which it is unless the core is empty."""
    return _solved(document, LEAST_CORE_PLAYERS_MAX, nucleolus, _note)


def solve_core_test(document: Any) -> dict[str, Any] | list[Finding]:
    """A point of the core or the proof that it is empty; and whether `allocation`, if given, is in it."""
    fields = top(document, EXAMPLE)
    read = _game(fields, LEAST_CORE_PLAYERS_MAX)
    allocation = fields.amounts("allocation", "the unit of v") if "allocation" in fields else None
    if read is not None and allocation is not None and set(allocation) != set(read.game.players):
        fields.wrong("allocation", "does not name exactly the players", "write one number for each player")
    if read is None or fields.findings:
        return fields.findings
    verdict = core_verdict(read.game)
    result: dict[str, Any] = {
        "core_empty": verdict.is_empty,
        "slack": float(verdict.slack / read.unit),
        "core_point": None if verdict.is_empty else printed(read.payoff(verdict.payoff)),
        "balanced_collection": {read.name(mask): float(weight) for mask, weight in verdict.balanced.items()},
        "balanced_worth": float(read.amount(verdict.balanced_worth)) if verdict.is_empty else None,
        "grand_worth": float(read.amount(read.game.worth[read.game.everybody])),
    }
    return result if allocation is None else result | _judged(read, read.scaled(allocation))


def _judged(read: ReadGame, payoff: Payoff) -> dict[str, Any]:
    worst = largest_excess(read.game, payoff)
    return {
        "in_core": is_in_core(read.game, payoff),
        "is_efficient": sum(payoff.values(), ZERO) == read.game.worth[read.game.everybody],
        "blocking": None if worst is None or worst.amount <= 0 else _blocking(read, worst),
    }


def _blocking(read: ReadGame, worst: Excess) -> dict[str, Any]:
    return {"coalition": read.name(worst.mask), "gains": float(worst.amount / read.unit)}


def _solved(
    document: Any,
    players_max: int,
    rule: Callable[[Game], dict[str, Fraction]],
    note: Callable[[Game], dict[str, str]] = lambda _game: {},
) -> dict[str, Any] | list[Finding]:
    fields = top(document, EXAMPLE)
    read = _game(fields, players_max)
    if read is None:
        return fields.findings
    scaled = rule(read.game)
    value = printed(read.payoff(scaled))
    cost = {"cost_share": value, "saving": printed(_savings(read, scaled))} if read.is_cost else {}
    return {"value": value, **cost, "in_core": is_in_core(read.game, scaled), **note(read.game)}


def _savings(read: ReadGame, scaled: Payoff) -> dict[str, Fraction]:
    """What each player of a cost game pays less than alone."""
    return {
        player: (scaled[player] - read.game.worth[1 << i]) / read.unit for i, player in enumerate(read.game.players)
    }


def _note(game: Game) -> dict[str, str]:
    if has_imputation(game):
        return {}
    return {"note": "the players are worth more apart than together: prenucleolus, not individually rational"}


def _game(fields: Fields, players_max: int) -> ReadGame | None:
    """The game of a document, None with findings."""
    players = _players(fields, players_max)
    is_cost = fields.flag("cost_game", default=False)
    worth = fields.amounts("v", "currency")
    if fields.findings:
        return None
    masks = _masks(fields, players, worth)
    missing = [mask for mask in range(1, 1 << len(players)) if mask not in masks]
    for mask in missing[:10]:
        name = ",".join(player for i, player in enumerate(players) if mask >> i & 1)
        fields.wrong(f"v.{name}", "is missing", f"add what this coalition is worth ({len(missing)} are missing)")
    if fields.findings:
        return None
    unit = common_unit(masks.values())
    sign = -1 if is_cost else 1
    game = Game(players, [int(masks.get(mask, ZERO) * unit) * sign for mask in range(1 << len(players))])
    return ReadGame(game=game, unit=unit, is_cost=is_cost)


def _players(fields: Fields, players_max: int) -> tuple[str, ...]:
    """The names of the players in ascending order."""
    names = fields.entry.get("players")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        fields.wrong("players", "is not a list of names", 'write ["A", "B"]')
        return ()
    players = sorted(name.strip() for name in names)
    if any(not name or "," in name for name in players):
        fields.wrong("players", "has an empty name or one with a comma", "use names without commas")
    if len(set(players)) < len(players):
        fields.wrong("players", "has a name twice", "name each player once")
    if len(players) > players_max:
        fields.wrong("players", f"has {len(players)} players", f"use at most {players_max}")
    return tuple(players)


def _masks(fields: Fields, players: tuple[str, ...], worth: Payoff) -> dict[int, Fraction]:
    """The worth by coalition; names in any order, with or without spaces."""
    bits = {player: 1 << i for i, player in enumerate(players)}
    masks: dict[int, Fraction] = {}
    for name, value in worth.items():
        parts = [part.strip() for part in name.split(",")] if name.strip() else []
        unknown = [part for part in parts if part not in bits]
        mask = sum(bits.get(part, 0) for part in set(parts))
        if unknown:
            fields.wrong(f"v.{name}", f"names {unknown[0]!r}, who is no player", "use names of 'players'")
        elif len(set(parts)) < len(parts):
            fields.wrong(f"v.{name}", "names a player twice", "name each member once")
        elif mask in masks:
            fields.wrong(f"v.{name}", "is there twice, in another order", "write each coalition once")
        elif not mask and value:
            fields.wrong(f"v.{name}", "gives the empty coalition a worth", "leave it out or write 0")
        else:
            masks[mask] = value
    return masks
