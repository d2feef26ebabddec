"""Members with auditors in a market that asks: nothing is found of an honest operator, a silenced member finds it."""

import random
from dataclasses import replace

import pytest

from broker.market.terms import Terms
from proofs.watched_community import COMMUNITY, WatchedCommunity, slot
from wire.audit import Check
from wire.messages import Clearing, Convergence, Message, PairQuestion, Question, ReplyBook

TERMS = Terms(
    community=COMMUNITY, horizon_slots=4, group_min=2, mechanism="iterated_price", sealed=True, reveal_within_s=32
)


def traded(
    members: int, seed: int, *, silenced: str | None = None, mechanism: str = "iterated_price"
) -> WatchedCommunity:
    """A slot from its orders to its checkpoint; the operator forgets what `silenced` has answered."""
    community = WatchedCommunity(members=members, terms=replace(TERMS, mechanism=mechanism))
    at, market = slot(1), community.service.market
    gate_s = at.start_s - TERMS.gate_lead_s
    community.order(random.Random(seed), at, at.start_s - 300)
    book = market.books[at.start_s]
    for _ in range(40):
        community.step(gate_s)
        asked = book.session.iteration
        if silenced is not None and asked is not None and silenced in asked.names:
            asked.rounds.heard.pop(asked.names[silenced], None)
            asked.rounds._summed = {}
            asked.names = {meter: name for meter, name in asked.names.items() if meter != silenced}
            asked.asked = asked.names.keys()
    assert book.state == "cleared"
    return community


@pytest.mark.parametrize(("mechanism", "asked"), [("iterated_price", Question), ("admm_bilateral", PairQuestion)])
def test_meters_answer_by_themselves_and_find_nothing_wrong(mechanism: str, asked: type[Message]) -> None:
    volumes, kinds = 0, set()
    for seed in range(4):
        community = traded(4, seed, mechanism=mechanism)
        volumes += community.service.market.totals.traded_wh
        assert not community.live_findings()
        report = community.verified()
        assert not report.violations
        assert not any("not replayed" in line for line in report.unchecked)
        assert report.replies
        kinds |= {line.split(" ", 1)[0].rsplit("/", 1)[-1] for line in community.heard}
        assert any(f"/{Convergence.kind} " in line for line in community.heard)
        assert not any("/reveal " in line for line in community.heard)
    assert volumes > 0
    assert asked.kind in kinds


def test_a_member_whose_receipted_replies_are_dropped_finds_it() -> None:
    community = traded(3, 1, silenced="home-2")
    found = community.live_findings()
    assert Check.OWN_AWARD in {violation.check for violation in found}
    assert any("counts as silent" in violation.detail for violation in found)


def test_a_meter_keeps_no_replies_of_a_round_that_it_has_checked_also_when_they_come_again() -> None:
    community = traded(3, 2)
    auditor = community.meters["home-1"].auditor
    assert auditor is not None
    page = next(line for line in community.heard if f"/{ReplyBook.kind} " in line and slot(1).label in line)
    community.meters["home-1"].receive(ReplyBook.kind, page.partition(" ")[2].encode())
    rounds = auditor._rounds.values()
    assert any(known.replies.said for known in rounds)
    assert not any(known.replies.pages for known in rounds)


def test_a_slot_has_one_report_one_clearing_and_bounded_questions() -> None:
    community = traded(3, 2)
    about = [line for line in community.heard if f'"slot":"{slot(1).label}"' in line]
    kinds = [line.split(" ", 1)[0].rsplit("/", 1)[-1] for line in about]
    assert kinds.count(Clearing.kind) == 1
    assert kinds.count(Convergence.kind) == 1
    assert 1 <= kinds.count(Question.kind) <= 16
