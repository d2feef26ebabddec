"""A fixed-seed hundredth of the proof days, and days that are made to break their promises on purpose."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from broker.audit.archive import read_archive
from broker.audit.verify import verify
from broker.contracts.storage_account import Operated, operate
from broker.io.export import archive_lines
from broker.ledger.accounts import Accounts
from broker.market.events import Received, decode_event
from broker.market.outgoing import Outgoing
from broker.market.sessions.auctioneer import Auctioneer
from broker.market.storage import shared_storage
from broker.mechanisms.catalogue import LIVE
from broker.settlement import slot as settlement_slot
from proofs.checks import replayed, violations
from proofs.community import ProofCommunity
from proofs.days import main, prove_day
from proofs.drawn_day import CALM, drawn_day
from proofs.own_clock import Member
from wire import messages as m
from wire.codec import digest
from wire.signing import key_from_seed, split

TROUBLED = 4  # a seed with crashes, lost and late messages
OFF_IN_CALM = (17, 7)  # calm seeds with a clock that is ahead, and one that is behind
ASKED = 5  # a seed with crashes, silence and trade in a market that asks
LIMITED = 7  # a seed in which limits of single slots bind, those of connections and those of a line
STORED = 63  # a seed with a storage that members share: troubled, auctioned anew and handed over
CUT_AT_THE_END = 3391  # the power fails in both acts that would have settled the last slot


@pytest.mark.parametrize("first", range(1, 101, 20))
def test_a_hundredth_of_the_proof_days_holds(first: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--days", "20", "--first-seed", str(first)]) == 0
    assert "20 of 20 days hold" in capsys.readouterr().out


@pytest.mark.parametrize("mechanism", sorted(LIVE))
def test_a_day_of_every_mechanism_holds(mechanism: str) -> None:
    assert prove_day(TROUBLED, mechanism).broken == ()


def test_a_day_that_ends_in_a_power_cut_is_settled_when_the_broker_is_back() -> None:
    assert prove_day(CUT_AT_THE_END).broken == ()


def test_a_troubled_day_really_has_trouble_and_trade() -> None:
    community = ran()
    traded = [
        out.message
        for out in replayed(community).of(m.Clearing)
        if isinstance(out.message, m.Clearing) and out.message.volume_wh
    ]
    assert community.crashes > 0
    assert len(community.receipts) > 50
    assert len(traded) > 5


def test_a_troubled_day_of_questions_has_replies_silence_and_trade() -> None:
    community = ran(ASKED, "iterated_price")
    assert violations(community) == []
    reports = [o.message for o in replayed(community).of(m.Convergence) if isinstance(o.message, m.Convergence)]
    assert any(report.replied < report.asked for report in reports)
    assert all(report.questions <= report.questions_max for report in reports)
    assert sum(receipt.of == "reply" for receipt in community.receipts) > 10
    assert community.service.market.totals.traded_wh > 0


def test_a_day_with_a_shared_storage_really_shares_and_uses_it() -> None:
    community = ran(STORED)
    assert violations(community) == []
    found = replayed(community)
    grants = [out.message for out in found.of(m.StorageGrant) if isinstance(out.message, m.StorageGrant)]
    assert (
        len({out.message.period for out in found.of(m.StorageShare) if isinstance(out.message, m.StorageShare)}) == 2
    )
    assert sum(grant.granted_wh > 0 for grant in grants) > 5 and sum(grant.granted_wh < 0 for grant in grants) > 5
    assert any(grant.handed_wh for grant in grants)
    assert any(abs(grant.granted_wh) < abs(grant.requested_wh) for grant in grants)


@pytest.mark.parametrize("part", ["levels", "losses"])
def test_a_storage_that_is_operated_wrongly_is_found(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*args: object) -> Operated:
        done = operate(*args)  # type: ignore[arg-type]
        if not done.levels or not done.flow:
            return done
        first, energies = min(done.levels), getattr(done, part)
        return replace(done, **{part: {**energies, first: energies[first] + 1}})

    monkeypatch.setattr(shared_storage, "operate", wrong)
    assert any(found.startswith("storage") for found in violations(ran(STORED)))


@pytest.mark.parametrize("mechanism", ["operating_envelope", "zonal_uniform_price"])
def test_a_day_whose_limits_change_keeps_them_and_one_that_forgets_them_is_found(
    mechanism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert violations(ran(LIMITED, mechanism)) == []
    monkeypatch.setattr(Auctioneer, "_terms_in", lambda market, _: market.terms)
    assert any(found.startswith("network: ") for found in violations(ran(LIMITED, mechanism)))


def test_a_member_whose_clock_is_off_neither_trades_nor_reports_is_told_so_and_recovers() -> None:
    """Of calm days one with a clock that is ahead and one that is behind."""
    for seed in OFF_IN_CALM:
        community = ran(seed)
        (wrong,) = community.day.wrong_clocks
        assert community.day.trouble == CALM
        away = [s.label for s in community.day.slots if wrong.from_s + 3 * s.duration_s < s.end_s < wrong.until_s]
        quality = {
            out.message.slot: out.message.quality
            for out in replayed(community).of(m.Settlement)
            if isinstance(out.message, m.Settlement) and out.message.meter == wrong.meter
        }
        assert away
        assert all(quality[label] != "measured" for label in away)
        assert quality[community.day.slots[-1].label] == "measured"
        assert community.members[wrong.meter].noticed
        assert violations(community) == []


def test_a_member_that_goes_by_its_wrong_clock_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Member, "may_act", property(lambda _: True))
    for seed in OFF_IN_CALM:
        assert any(found.startswith("clock") for found in violations(ran(seed)))


@pytest.mark.parametrize("mechanism", ["iterated_price", "admm_bilateral"])
def test_a_troubled_day_of_questions_is_asked_and_cleared_again_by_anyone(mechanism: str) -> None:
    community = ran(ASKED, mechanism)
    key, market = key_from_seed(bytes(32)), community.service.market
    calendar = Outgoing(market.terms.calendar(key.public_hex, market.publisher.key.public_hex))
    said = [Outgoing(out.message) for out in replayed(community).said if not out.meter]
    report = verify(read_archive(list(archive_lines([calendar, *said], key)), key.public))
    assert report.violations == []
    assert report.replies > 100
    assert not any("not replayed" in text for text in report.unchecked)


def ran(seed: int = TROUBLED, mechanism: str = "uniform_price_k_double_auction") -> ProofCommunity:
    community = ProofCommunity(drawn_day(seed, mechanism))
    community.run()
    return community


def without_an_order(community: ProofCommunity) -> None:
    receipted = next(r.digest for r in community.receipts if r.of == "order")
    community.journal.kept = [r for r in community.journal.kept if digest_of(r) != receipted]


def digest_of(record: bytes) -> str:
    event = decode_event(record)
    return digest(split(event.frame.encode("latin-1"))[1]) if isinstance(event, Received) else ""


def without_a_gate(community: ProofCommunity) -> None:
    kept = community.journal.kept
    slot = community.day.slots[-1].start_s
    ends = ("gate_closed", "delivery_ended", "settlement_due")
    community.journal.kept = [
        r for r in kept if not (json.loads(r)["type"] in ends and json.loads(r)["slot_s"] == slot)
    ]


@pytest.mark.parametrize(("tamper", "promise"), [(without_an_order, "R1"), (without_a_gate, "R14")])
def test_a_tampered_journal_is_found(tamper: Callable[[ProofCommunity], None], promise: str) -> None:
    community = ran()
    tamper(community)
    assert any(found.startswith(promise) for found in violations(community))


def test_money_that_appears_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    community = ran()

    def generous(self: Accounts, name: str) -> int:
        return self._balances.get(name, 0) + (1 if name.startswith("member:") else 0)

    monkeypatch.setattr(Accounts, "balance", generous)
    assert any(found.startswith("R4") for found in violations(community))


def test_energy_that_is_not_settled_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    community = ran()
    whole = settlement_slot.Position.need.fget

    def short(self: settlement_slot.Position) -> object:
        need = whole(self)  # type: ignore[misc]
        return need._replace(energy_wh=need.energy_wh - 1) if need.energy_wh > 1 else need

    monkeypatch.setattr(settlement_slot.Position, "need", property(short))
    assert any(found.startswith("R5") for found in violations(community))


def test_a_receipt_that_the_journal_does_not_know_is_found() -> None:
    community = ran()
    first = next(r for r in community.receipts if r.of == "order")
    community.receipts.append(first.model_copy(update={"digest": "0" * 64}))
    assert any("R1" in found for found in violations(community))
    assert isinstance(first, m.Receipt)
