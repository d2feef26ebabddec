"""A journal folded whole and folded from a state that was carried at a cut: everything has to be the same."""

from broker.market.carrying.carried import read_state, unpacked
from broker.market.carrying.fold import Fold
from broker.market.events import decode_event
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from wire.codec import encode

SECRET = bytes(32)
Sent = list[tuple[int, str, str, bytes]]


def folded(fold: Fold, records: list[bytes]) -> Sent:
    """What the records cause, as it goes out."""
    return [told(pair) for record in records for pair in fold.apply(decode_event(record))]


def told(pair: tuple[int, Outgoing]) -> tuple[int, str, str, bytes]:
    position, out = pair
    return position, out.meter, out.gateway, encode(out.message)


def carried(fold: Fold, terms: Terms) -> Fold:
    """The fold that goes on from the kept bytes of another; it shares nothing with it."""
    body = unpacked(fold.carried().packed())
    again = Fold(Market(terms, SECRET))
    again.go_on_from(read_state(body), body.hashes)
    assert again.carried() == body
    return again


def assert_same_after(records: list[bytes], cut: int, terms: Terms) -> Fold:
    """Folds a journal whole, and from a cut; both give the same messages, and end in the same state."""
    whole, before = Fold(Market(terms, SECRET)), Fold(Market(terms, SECRET))
    expected = folded(whole, records)
    folded(before, records[:cut])
    after = carried(before, terms)
    folded(before, records[cut:])  # what goes on changes nothing of what was carried
    assert folded(after, records[cut:]) == [row for row in expected if row[0] >= cut]
    assert after.carried() == whole.carried()
    assert after.market.accounts.sum_nano() == 0
    assert (after.journaled, after.last_s) == (whole.journaled, whole.last_s)
    assert after.market.due(whole.last_s + 900) == whole.market.due(whole.last_s + 900)
    return after
