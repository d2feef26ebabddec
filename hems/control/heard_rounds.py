"""The frames of one market that a home needs to have rounds cleared again by a program that knows their mechanism.

A checkpoint of the log ends rounds: what was heard of them, and what holds for their days, is one archive. No more
than the open rounds and a few days are kept.
"""

from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from wire import messages as m
from wire.audit import day_of
from wire.commitments import RoundName, round_of

DAYS_KEPT = 4
CONDITIONS_KEPT = 300
ROUNDS_KEPT = 600
PAUSES_KEPT = 40
KeyT = TypeVar("KeyT")
T = TypeVar("T")
OfRound = m.Gate | m.Question | m.PairQuestion | m.Convergence | m.Clearing | m.Award | m.Book | m.ReplyBook


@dataclass(slots=True)
class _Heard:
    """The lines of one round."""

    lines: dict[str, None] = field(default_factory=dict)
    gate: m.Gate | None = None
    is_cleared: bool = False


@dataclass(slots=True)
class HeardRounds:
    """Collects frames, as lines of an archive, until their rounds are over.

    They are public but for the home's own questions and award: what it was asked alone is checked with the rest.
    """

    _calendar: str = ""
    _days: dict[str, dict[str, None]] = field(default_factory=dict)
    _rules: set[tuple[str, int]] = field(default_factory=set)
    _conditions: dict[str, str] = field(default_factory=dict)
    _switched: dict[str, str] = field(default_factory=dict)
    _rounds: dict[RoundName, _Heard] = field(default_factory=dict)
    _blocks: list[str] = field(default_factory=list)

    def hear(self, message: m.Message, line: str) -> list[str]:
        """Keeps the line of a verified message; returns the archive of the rounds that it ends, else [].

        Rounds whose gate or rules were not heard are left out: nobody could clear them again.
        """
        match message:
            case m.Calendar():
                self._calendar = line
            case m.Roster() | m.DayRules():
                self._hear_day(message, line)
            case m.Conditions():
                self._conditions[message.slot] = line
                _trim(self._conditions, CONDITIONS_KEPT)
            case m.Trading():
                self._switched[message.since] = line
                _trim(self._switched, PAUSES_KEPT)
            case m.Gate() | m.Question() | m.Convergence() | m.Clearing() | m.Book() | m.ReplyBook():
                self._hear_round(message, line)
            case m.PairQuestion() | m.Award() if round_of(message) in self._rounds:
                self._hear_round(message, line)
            case m.BlockBook():
                self._blocks.append(line)
            case m.Checkpoint():
                return self._ended()
            case _:
                pass
        return []

    def _hear_day(self, message: m.Roster | m.DayRules, line: str) -> None:
        self._days.setdefault(message.day, {})[line] = None
        if isinstance(message, m.DayRules):
            self._rules.add((message.day, message.revision))
        for old in sorted(self._days)[:-DAYS_KEPT]:
            del self._days[old]
            self._rules = {(day, revision) for day, revision in self._rules if day != old}

    def _hear_round(self, message: OfRound, line: str) -> None:
        heard = self._rounds.setdefault(round_of(message), _Heard())
        heard.lines[line] = None
        if isinstance(message, m.Gate):
            heard.gate = message
        heard.is_cleared = heard.is_cleared or isinstance(message, m.Clearing)
        _trim(self._rounds, ROUNDS_KEPT)

    def _ended(self) -> list[str]:
        ended = {name: heard for name, heard in self._rounds.items() if heard.is_cleared}
        for name in ended:
            del self._rounds[name]
        known = {name: heard for name, heard in ended.items() if self._is_known(name, heard)}
        blocks, self._blocks = self._blocks, []
        if not known or not self._calendar:
            return []
        slots = sorted({name.slot for name in known})
        days = [self._days[day] for day in sorted({day_of(slot) for slot in slots}) if day in self._days]
        conditions = [self._conditions[slot] for slot in slots if slot in self._conditions]
        rounds = chain.from_iterable(heard.lines for heard in known.values())
        switched = self._switched.values()
        return [self._calendar, *switched, *chain.from_iterable(days), *conditions, *rounds, *blocks]

    def _is_known(self, name: RoundName, heard: _Heard) -> bool:
        gate = heard.gate
        return gate is not None and (not gate.rules or (day_of(name.slot), gate.rules) in self._rules)


def _trim(held: dict[KeyT, T], most: int) -> None:
    """Forgets the oldest entries."""
    while len(held) > most:
        del held[next(iter(held))]
