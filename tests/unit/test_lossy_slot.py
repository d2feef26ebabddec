"""A slot with losses on the way in the live market: awards, ledger, bills, corrections, replay, carried state."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from carried_rig import assert_same_after
from market_rig import START_S, TERMS, FakeJournal, inbound, opened, order, report, service, slot
from test_honest_stages import Watched

from broker.audit.archive import read_archive
from broker.audit.verify import verify
from broker.control.service import MarketService
from broker.io.export import archive_lines
from broker.io.page.facts import RoundFacts
from broker.io.page.round_view import round_view
from broker.ledger.transfer import COMMUNITY, LOSSES, MARKET, OUTSIDE, Transfer, account
from broker.market.delivery.posting import slot_due
from broker.market.delivery.slot_positions import current_positions
from broker.market.events import NetworkAgreed
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from broker.network.grid_text import grid_text
from broker.settlement.charges import metered
from broker.settlement.slot import Position, settle
from broker.settlement.statement import statement
from wire.codec import DecodeError, decode, encode
from wire.messages import Award, Clearing, DayRules, Message, Settlement, SettlementItem, Side
from wire.signing import key_from_seed
from wire.telemetry.clearings import clearing_point
from wire.telemetry.community import Clearing as Measured

SELL, BUY = (Side.SELL, 150_000, 800), (Side.BUY, 250_000, 500)
NETWORK = {
    "zones": {"north": ["home-1"], "south": ["home-2", "home-3"]},
    "lines": [],
    "envelopes": [],
    "charges": [],
    "losses": [{"from": a, "to": b, "ppm": 100_000} for a, b in (("north", "south"), ("south", "north"))],
}
LOSSY = replace(TERMS, mechanism="loss_factors", network=grid_text(NETWORK))
KEY = key_from_seed(b"k" * 32)
AT = slot(1)


def traded(terms: Terms = LOSSY, journal: FakeJournal | None = None) -> tuple[MarketService, list[Message]]:
    """A market in which home-1 in the north sells to home-2 in the south, and what its gate says."""
    market = opened(journal, terms=terms)
    market.handle([inbound(1, order(1, AT, SELL)), inbound(2, order(2, AT, BUY))], START_S)
    return market, [out.message for out in market.step(AT.start_s - 60)]


def settled(market: MarketService, exported_wh: int, imported_wh: int) -> dict[str, Settlement]:
    market.step(AT.end_s)
    reports = [report(1, AT, (0, 0), (0, exported_wh)), report(2, AT, (0, imported_wh), (0, 0))]
    market.handle([inbound(n, r) for n, r in enumerate(reports, 1)], AT.end_s)
    sent = [out.message for out in market.step(AT.end_s + 1)]
    return {m.meter: m for m in sent if isinstance(m, Settlement)}


def energy_of(transfers: Iterable[Transfer]) -> dict[str, int]:
    """What every account has drawn more than delivered [Wh]."""
    energies: dict[str, int] = {}
    for t in transfers:
        for name, sign in ((t.payer, 1), (t.payee, -1)):
            energies[name] = energies.get(name, 0) + sign * t.energy_wh
    return energies


def transfers_of(market: MarketService) -> tuple[Transfer, ...]:
    book = market.market.books[AT.start_s]
    return slot_due(current_positions(book), book, market.market.terms).transfers


def test_who_delivers_as_awarded_has_no_imbalance_and_the_ledger_names_what_was_lost() -> None:
    """500 Wh at the buyer are 556 at the seller, the least whole number of which nine tenths are 500."""
    market, sent = traded()
    clearing = next(m for m in sent if isinstance(m, Clearing))
    assert (clearing.volume_wh, clearing.lost_wh, clearing.surplus_nano) == (500, 56, 0)
    assert clearing.price_micro_per_kwh == round(2 * 556 * 150_000 / 1_056)
    awards = {m.meter: m for m in sent if isinstance(m, Award)}
    assert (awards["home-1"].sold_wh, awards["home-1"].amount_nano) == (556, -556 * 150_000)
    assert (awards["home-2"].bought_wh, awards["home-2"].amount_nano) == (500, 556 * 150_000)
    bills = settled(market, 556, 500)
    assert [(line.item, line.energy_wh) for line in bills["home-1"].lines] == [(SettlementItem.AWARD, -556)]
    assert [(line.item, line.energy_wh) for line in bills["home-2"].lines] == [(SettlementItem.AWARD, 500)]
    assert sum(bill.total_nano for bill in bills.values()) == 0
    accounts = market.market.accounts
    assert [accounts.balance(name) for name in (LOSSES, MARKET, COMMUNITY, OUTSIDE)] == [0, 0, 0, 0]
    energies = energy_of(transfers_of(market))
    assert energies == {account("home-1"): -556, account("home-2"): 500, LOSSES: 56, MARKET: 0}


def test_an_imbalance_meets_outside_prices_and_the_lost_energy_none() -> None:
    """The seller feeds in 100 Wh less and the buyer draws 40 Wh more: 140 Wh come from outside at retail."""
    market, _ = traded()
    bills = settled(market, 456, 540)
    assert sum(bill.total_nano for bill in bills.values()) == 140 * 300_000
    assert market.market.accounts.balance(OUTSIDE) == 140 * 300_000
    energies = energy_of(transfers_of(market))
    assert (energies[LOSSES], energies[OUTSIDE], energies[MARKET]) == (56, -140, 0)
    found = statement("home-2", [bills["home-2"]])
    assert found.total_nano == market.market.accounts.balance(account("home-2")) * -1
    assert (found.bought_wh, found.metered_wh) == (500, 540)


def test_what_is_cut_first_in_first_out_loses_its_part_on_the_way() -> None:
    """Half of 556 Wh is delivered: 278 count, of which 250 of 500 Wh arrive and 28 are lost."""
    market, _ = traded(replace(LOSSY, allocation="first_in_first_out"))
    settled(market, 278, 500)
    energies = energy_of(transfers_of(market))
    assert energies[LOSSES] == 28
    assert energies[OUTSIDE] == -250
    assert market.market.accounts.balance(account("home-1")) == 278 * 150_000
    assert market.market.accounts.sum_nano() == 0


def test_a_correction_is_the_difference_and_a_restart_has_the_same_ledger() -> None:
    journal = FakeJournal()
    market, _ = traded(journal=journal)
    market.step(AT.end_s)
    market.handle([inbound(1, report(1, AT, (0, 0), (0, 556)))], AT.end_s)
    due_s = AT.end_s + LOSSY.report_within_s
    market.step(due_s)
    market.handle([inbound(2, report(2, AT, (0, 450), (0, 0)))], due_s + 1)
    market.step(due_s + 2 + LOSSY.report_within_s)
    assert market.market.accounts.balance(OUTSIDE) == -50 * 100_000  # 50 Wh more than the lost ones are left over
    again = service(FakeJournal(journal.kept), terms=LOSSY)
    assert again.market.accounts.balances() == market.market.accounts.balances()
    assert again.market.log.head() == market.market.log.head()


def test_lost_energy_was_sold_inside_also_where_a_charge_asks() -> None:
    positions = [
        Position(meter="a", award_wh=-556, award_nano=-1, metered_wh=-556, retail_micro=3, feed_in_micro=1),
        Position(meter="b", award_wh=500, award_nano=1, metered_wh=500, retail_micro=3, feed_in_micro=1),
    ]
    found = metered(positions, settle(positions, lost_wh=56).transfers)
    assert (found["a"].fed_in_local, found["a"].fed_in_outside) == (556, 0)
    assert (found["b"].drawn_local, found["b"].drawn_outside) == (500, 0)


@pytest.mark.parametrize("lost_wh", [0, 55, 57, -56])
def test_awards_that_do_not_balance_with_what_is_lost_are_not_settled(lost_wh: int) -> None:
    positions = [
        Position(meter="a", award_wh=-556, award_nano=0, metered_wh=0, retail_micro=3, feed_in_micro=1),
        Position(meter="b", award_wh=500, award_nano=0, metered_wh=0, retail_micro=3, feed_in_micro=1),
    ]
    with pytest.raises(ValueError, match="do not balance"):
        settle(positions, lost_wh=lost_wh)


def test_more_bought_than_sold_is_not_settled() -> None:
    position = Position(meter="a", award_wh=5, award_nano=0, metered_wh=0, retail_micro=3, feed_in_micro=1)
    with pytest.raises(ValueError, match="5 Wh more were bought than sold"):
        settle([position], lost_wh=-5)


def test_a_clearing_without_losses_has_the_bytes_that_it_always_had() -> None:
    _, sent = traded(replace(LOSSY, mechanism="uniform_price_k_double_auction"))
    assert b"lost_wh" not in encode(next(m for m in sent if isinstance(m, Clearing)))
    _, sent = traded()
    assert b'"lost_wh":56' in encode(next(m for m in sent if isinstance(m, Clearing)))


def test_the_losses_of_a_day_have_the_bytes_that_other_releases_read() -> None:
    (page,) = [out.message for out in watched().heard if isinstance(out.message, DayRules)]
    ways = [b'{"end":"south","ppm":100000,"start":"north"}', b'{"end":"north","ppm":100000,"start":"south"}']
    assert b'"losses":[' + b",".join(ways) + b"]" in encode(page)
    assert decode(DayRules, encode(page)) == page
    assert b"losses" not in encode(page.model_copy(update={"losses": ()}))
    everything = encode(page).replace(b"100000", b"1000000")
    with pytest.raises(DecodeError, match="less than 1000000"):
        decode(DayRules, everything)


def test_people_and_dashboards_are_told_what_is_lost() -> None:
    _, sent = traded()
    clearing = next(m for m in sent if isinstance(m, Clearing))
    page = str(round_view(RoundFacts(clearing=clearing, gate=None, book=None, awards=()), "EUR"))
    assert "by loss_factors, 0.06\u00a0kWh more are lost on the way." in page
    assert clearing_point(clearing).value(Measured.lost_wh) == 56
    assert clearing_point(clearing.model_copy(update={"lost_wh": None})).value(Measured.lost_wh) is None


def watched() -> Watched:
    """A day's first slot among three members, cleared with losses, delivered and settled."""
    agreed = NetworkAgreed(at_s=START_S, network=grid_text(NETWORK), preferences="")
    found = Watched(replace(LOSSY, network=""), START_S, agreed)
    found.send(START_S, order(1, AT, SELL), order(2, AT, BUY), order(3, AT, (Side.SELL, 170_000, 100)))
    found.step(AT.start_s - 60)
    found.step(AT.end_s)
    found.send(AT.end_s, report(1, AT, (0, 0), (0, 500)), report(2, AT, (0, 450), (0, 0)))
    found.send(AT.end_s, report(3, AT, (0, 0), (0, 90)))
    found.step(AT.end_s + 1)
    return found


def test_the_members_and_an_auditor_clear_again_and_find_the_settled_slot_whole() -> None:
    found = watched().verified()
    assert found.unchecked == []
    assert found.settled_slots == 1


def test_another_lost_energy_than_was_settled_is_found() -> None:
    whole = watched()
    heard = [
        Outgoing(out.message.model_copy(update={"lost_wh": (out.message.lost_wh or 0) + 1}), out.meter)
        if isinstance(out.message, Clearing) and out.message.lost_wh
        else out
        for out in whole.heard
    ]
    found = verify(read_archive(list(archive_lines(heard, KEY)), KEY.public), members=3)
    details = [violation.detail for violation in found.violations]
    assert any(detail.startswith("lost_wh is ") for detail in details)
    assert any("award lines of all members leave 1 Wh" in detail for detail in details)


def test_a_slot_with_losses_goes_on_from_any_cut_of_its_journal() -> None:
    journal = FakeJournal()
    market, _ = traded(journal=journal)
    settled(market, 500, 520)
    for cut in random.Random(1).sample(range(len(journal.kept)), min(len(journal.kept), 8)):
        assert_same_after(journal.kept, cut, LOSSY)
