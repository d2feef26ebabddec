"""A home's own check of an auction inside limits agrees with the broker's auction, written apart from it."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.clearing.book import Book, Step, book_side
from broker.clearing.operating_envelope import within_envelopes
from broker.clearing.outcome import Rules
from broker.network.grid import Envelope, Grid
from hems.control.day_audit import within_limits
from wire.messages import BookEntry, MemberRule

LEVELS = st.lists(
    st.tuples(st.integers(1, 6).map(lambda p: p * 10_000), st.integers(1, 900)),
    max_size=4,
    unique_by=lambda level: level[0],
)
LIMITS = st.one_of(st.none(), st.integers(0, 4_000))
MEMBERS = st.lists(st.tuples(LEVELS, LEVELS, LIMITS, LIMITS), max_size=5)


@settings(max_examples=60)
@given(MEMBERS, st.sampled_from([5, 15, 60]))
def test_what_no_connection_lets_through_is_cut_off_as_the_broker_cuts_it(
    members: list[tuple[list[tuple[int, int]], list[tuple[int, int]], int | None, int | None]], minutes: int
) -> None:
    entries, rows, envelopes = [], {}, {}
    for number, (buy, sell, export_w, import_w) in enumerate(members):
        name = f"{number:016x}"
        entries.append(
            BookEntry(
                pseudonym=name,
                arrival=0,
                commitment="0" * 64,
                sequence=1,
                salt=None,
                buy=tuple(buy),
                sell=tuple(sell),
            )
        )
        rows[name] = MemberRule(
            pseudonym=name,
            zone=None,
            export_limit_w=export_w,
            import_limit_w=import_w,
            quality="grey",
            min_quality="any",
            partners=None,
            premiums=(),
        )
        limits = [None if power_w is None else power_w * minutes // 60 for power_w in (export_w, import_w)]
        envelopes[name] = Envelope(*limits)
    book = Book(
        book_side([Step(e.pseudonym, price, wh, 0) for e in entries for price, wh in e.buy]),
        book_side([Step(e.pseudonym, price, wh, 0) for e in entries for price, wh in e.sell]),
    )
    ours = within_limits(entries, rows, minutes)
    theirs = within_envelopes(book, Rules(k=Fraction(1, 2), network=Grid(envelopes=envelopes)))
    for side, levels in ((theirs.bids, [e.buy for e in ours]), (theirs.offers, [e.sell for e in ours])):
        kept = sorted(
            (key, price, wh)
            for key, price, wh in zip(side.keys, side.prices.tolist(), side.quantities.tolist(), strict=True)
            if wh
        )
        assert kept == sorted((e.pseudonym, *level) for e, own in zip(ours, levels, strict=True) for level in own)
