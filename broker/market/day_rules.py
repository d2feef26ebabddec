"""What the clearings of a UTC day depend on beside the orders: published under pseudonyms, and read again.

The broker clears by the rows that it has published, so whoever holds them clears by the same. A day's rules are told
with its first gate; what changes them (the configuration, a new member) makes a new revision, told with the next
gate. Only what a mechanism of the calendar asks for is told.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from broker.clearing.preferences import ANYTHING, QUALITIES, Preference, preferences_of
from broker.ledger.log import pseudonym
from broker.market.pages import in_pages
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Asked
from broker.network.grid import Envelope, Grid, Line
from broker.network.grid_text import energy_wh
from wire.calendar import AUCTIONS
from wire.codec import canonical
from wire.messages import ChargeRule, DayRules, LineRule, LossRule, MemberRule, Stage
from wire.slots import Slot, format_utc

DAY_S = 86_400
Row = LineRule | ChargeRule | LossRule | MemberRule
NameOf = Callable[[str], str]


@dataclass(frozen=True)
class Surroundings:
    """The network and the preferences of a day by pseudonym, limits in watts.

    What a clearing takes of them is made once: a day has many.
    """

    lines: tuple[LineRule, ...] = ()
    charges: tuple[ChargeRule, ...] = ()
    members: tuple[MemberRule, ...] = ()
    losses: tuple[LossRule, ...] = ()
    _grids: dict[int, Grid] = field(default_factory=dict, init=False, repr=False, compare=False)

    def grid(self, slot_minutes: int) -> Grid:
        """The network in a slot of some length; a limit in W is rounded down to whole Wh."""
        if slot_minutes not in self._grids:
            self._grids[slot_minutes] = self._made_grid(slot_minutes)
        return self._grids[slot_minutes]

    def _made_grid(self, slot_minutes: int) -> Grid:
        def limit(power_w: int | None) -> int | None:
            return None if power_w is None else energy_wh(power_w, slot_minutes)

        return Grid(
            envelopes={
                row.pseudonym: Envelope(limit(row.export_limit_w), limit(row.import_limit_w))
                for row in self.members
                if (row.export_limit_w, row.import_limit_w) != (None, None)
            },
            zones={row.pseudonym: row.zone for row in self.members if row.zone is not None},
            lines=tuple(Line(row.start, row.end, energy_wh(row.capacity_w, slot_minutes)) for row in self.lines),
            charges={(row.start, row.end): row.micro_per_kwh for row in self.charges},
            losses={(row.start, row.end): row.ppm for row in self.losses},
        )

    @cached_property
    def preferences(self) -> Mapping[str, Preference]:
        """What members sell and want."""
        return {
            row.pseudonym: Preference(
                quality=row.quality,
                min_quality=row.min_quality,
                partners=None if row.partners is None else frozenset(row.partners),
                premiums=dict(row.premiums),
            )
            for row in self.members
        }


NOTHING = Surroundings()


def asked(stages: Iterable[Stage]) -> frozenset[Asked]:
    """What the auctions of a calendar look at beside the orders."""
    return frozenset(what for s in stages if s.kind in AUCTIONS for what in MECHANISMS[s.mechanism].asks)


def surroundings(terms: Terms, meters: Iterable[str], name_of: NameOf) -> Surroundings:
    """What is published of the network and of the preferences of some members."""
    wanted = asked(terms.trading)
    if not wanted:
        return NOTHING
    network = json.loads(terms.network) if terms.network else {}
    zones = {meter: zone for zone, held in network.get("zones", {}).items() for meter in held}
    limits = {row["meter"]: row for row in network.get("envelopes", ())}
    wishes = preferences_of(terms.preferences) if Asked.PREFERENCES in wanted else {}
    rows = [
        _row(
            name_of(meter),
            zone=zones.get(meter) if Asked.ZONES in wanted else None,
            limits=limits.get(meter, {}) if Asked.ENVELOPES in wanted else {},
            wish=wishes.get(meter, ANYTHING).renamed(name_of),
        )
        for meter in meters
    ]
    return Surroundings(
        lines=tuple(
            LineRule(start=row["from"], end=row["to"], capacity_w=row["capacity_w"])
            for row in network.get("lines", ())
            if Asked.LINES in wanted
        ),
        charges=tuple(
            ChargeRule(start=row["from"], end=row["to"], micro_per_kwh=row["micro_per_kwh"])
            for row in network.get("charges", ())
            if Asked.CHARGES in wanted
        ),
        losses=tuple(
            LossRule(start=row["from"], end=row["to"], ppm=row["ppm"])
            for row in network.get("losses", ())
            if Asked.LOSSES in wanted
        ),
        members=tuple(sorted((row for row in rows if _says_something(row)), key=lambda row: row.pseudonym)),
    )


def _row(name: str, *, zone: str | None, limits: Mapping[str, int | None], wish: Preference) -> MemberRule:
    return MemberRule.model_validate(
        {
            "pseudonym": name,
            "zone": zone,
            "export_limit_w": limits.get("export_limit_w"),
            "import_limit_w": limits.get("import_limit_w"),
            "quality": wish.quality if QUALITIES[wish.quality] else "grey",
            "min_quality": wish.min_quality if QUALITIES[wish.min_quality] else "any",
            "partners": None if wish.partners is None else tuple(sorted(wish.partners)),
            "premiums": tuple(sorted(wish.premiums.items())),
        }
    )


def _says_something(row: MemberRule) -> bool:
    places = (row.zone, row.export_limit_w, row.import_limit_w, row.partners)
    is_common = (row.quality, row.min_quality, row.premiums) == ("grey", "any", ())
    return not is_common or any(place is not None for place in places)


def rule_pages(held: Surroundings, *, day_s: int, revision: int, community: str) -> list[DayRules]:
    """A revision in pages that fit a frame."""
    rows: list[Row] = [*held.lines, *held.charges, *held.losses, *held.members]
    pages = list(in_pages(rows, lambda row: len(canonical(row.model_dump(mode="json"))) + 1))
    return [
        DayRules(
            community=community,
            day=format_utc(day_s),
            revision=revision,
            page=i,
            pages=len(pages),
            lines=tuple(row for row in page if isinstance(row, LineRule)),
            charges=tuple(row for row in page if isinstance(row, ChargeRule)),
            losses=tuple(row for row in page if isinstance(row, LossRule)),
            members=tuple(row for row in page if isinstance(row, MemberRule)),
        )
        for i, page in enumerate(pages)
    ]


def read_pages(pages: Sequence[DayRules]) -> Surroundings | None:
    """What the pages of one revision say; None while pages are missing."""
    found = {page.page: page for page in pages}
    if not found or set(found) != set(range(next(iter(found.values())).pages)):
        return None
    ordered = [found[number] for number in sorted(found)]
    return Surroundings(
        lines=tuple(row for page in ordered for row in page.lines),
        charges=tuple(row for page in ordered for row in page.charges),
        losses=tuple(row for page in ordered for row in page.losses),
        members=tuple(row for page in ordered for row in page.members),
    )


@dataclass(slots=True)
class RulesOfDays:
    """The revisions that were published for each day, of which the last one holds, and what it was made of."""

    days: dict[int, list[Surroundings]] = field(default_factory=dict)
    made_of: dict[int, tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)

    def news(self, slot: Slot, meters: Iterable[str], terms: Terms, secret: bytes) -> list[DayRules]:
        """The pages of a new revision for the day of a slot, none when nothing is new."""
        day, source = slot.start_s // DAY_S, (terms.network, terms.preferences, tuple(meters))
        if self.made_of.get(day) == source:
            return []
        self.made_of[day] = source
        for old in [d for d in self.days if d < day - terms.keep_settled_s // DAY_S - 2]:
            del self.days[old], self.made_of[old]
        held = self.days.setdefault(day, [])
        fresh = surroundings(terms, source[2], lambda meter: pseudonym(secret, meter, slot.start_s))
        if fresh == (held[-1] if held else NOTHING):
            return []
        held.append(fresh)
        return rule_pages(fresh, day_s=day * DAY_S, revision=len(held), community=terms.community)

    def revision(self, slot: Slot) -> int:
        """The newest revision of a slot's day, 0 where nothing is told."""
        return len(self.days.get(slot.start_s // DAY_S, ()))

    def at(self, slot: Slot, revision: int) -> Surroundings:
        """What a revision of a slot's day says."""
        return self.days[slot.start_s // DAY_S][revision - 1] if revision else NOTHING
