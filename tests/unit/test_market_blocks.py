"""Block orders in the live day-ahead auction: admitted or refused with the reason, cleared with the simple orders."""

from typing import Any

import pytest
from market_rig import COMMUNITY, FakeJournal, inbound, report
from test_market_stages import HOURLY, LIMIT_WH, MORNING, NOON, STAGES, TERMS, TRADED, answers, market, order

from broker.control.service import MarketService
from broker.market.terms import Terms
from wire.messages import Award, BlockAward, BlockOrder, Clearing, Message, Receipt, Rejection, Settlement, Side
from wire.slots import format_utc

NEXT = TRADED.shifted(1)


def block(number: int, name: str, side: Side, price: int, *energy_wh: int, **keys: Any) -> BlockOrder:
    given: dict[str, Any] = {
        "stage": "day_ahead",
        "sequence": 1,
        "first_slot": TRADED.label,
        "accepted_min_permille": 1_000,
        "parent": None,
        "group": None,
    }
    return BlockOrder(
        community=COMMUNITY,
        meter=f"home-{number}",
        block=name,
        side=side,
        price_micro_per_kwh=price,
        energy_wh=energy_wh,
        sent_at=format_utc(MORNING),
        **{**given, **keys},
    )


def accepted(opened: MarketService, *messages: Message) -> None:
    assert [type(m) for m in answers(opened, MORNING, *messages)] == [Receipt] * len(messages)


def cleared(opened: MarketService) -> list[Message]:
    return [out.message for out in opened.step(NOON)]


def test_a_block_trades_in_all_of_its_slots_against_simple_orders_and_is_settled() -> None:
    opened = market()
    accepted(
        opened,
        block(1, "wash", Side.BUY, 250_000, 600, 400),
        order(2, TRADED, "day_ahead", Side.SELL, 150_000, 1_000),
        order(2, NEXT, "day_ahead", Side.SELL, 150_000, 1_000),
    )
    sent = cleared(opened)
    verdict = next(m for m in sent if isinstance(m, BlockAward))
    assert (verdict.meter, verdict.block, verdict.accepted_permille, verdict.reason) == (
        "home-1",
        "wash",
        1000,
        "accepted",
    )
    bought = {m.slot: m.bought_wh for m in sent if isinstance(m, Award) and m.meter == "home-1"}
    assert bought == {TRADED.label: 600, NEXT.label: 400}
    assert {m.slot: m.volume_wh for m in sent if isinstance(m, Clearing) and m.volume_wh} == bought
    opened.step(TRADED.end_s)
    answers(opened, TRADED.end_s, report(1, TRADED, (0, 600), (0, 0)), report(2, TRADED, (0, 0), (0, 600)))
    settled = [o.message for o in opened.step(TRADED.end_s) if isinstance(o.message, Settlement)]
    assert sum(m.total_nano for m in settled if m.slot == TRADED.label) == 0
    assert opened.market.accounts.sum_nano() == 0 and not opened.market.days


def test_a_block_that_does_not_pay_over_its_slots_together_trades_in_none() -> None:
    opened = market()
    accepted(
        opened,
        block(1, "wash", Side.BUY, 150_000, 500, 500),
        order(2, TRADED, "day_ahead", Side.SELL, 120_000, 500),
        order(2, NEXT, "day_ahead", Side.SELL, 290_000, 500),
    )
    sent = cleared(opened)
    assert [m.reason for m in sent if isinstance(m, BlockAward)] == ["not_competitive"]
    assert not [m for m in sent if isinstance(m, Award) and m.bought_wh]


def test_of_exclusive_blocks_one_trades_and_a_child_follows_its_parent() -> None:
    opened = market()
    accepted(
        opened,
        block(1, "early", Side.BUY, 250_000, 500, 0, group="either"),
        block(1, "late", Side.BUY, 260_000, 0, 500, group="either"),
        block(2, "sun", Side.SELL, 110_000, 0, 400, accepted_min_permille=1),
        block(2, "more", Side.SELL, 110_000, 0, 100, parent="sun"),
        block(1, "orphan", Side.BUY, 250_000, 10, parent="nobody"),
    )
    verdicts = {m.block: m for m in cleared(opened) if isinstance(m, BlockAward)}
    assert sorted(bool(verdicts[name].accepted_permille) for name in ("early", "late")) == [False, True]
    assert verdicts["orphan"].reason == "left_out"
    assert not verdicts["more"].accepted_permille or verdicts["sun"].accepted_permille


def test_a_higher_sequence_replaces_a_block_and_an_empty_profile_withdraws_it() -> None:
    opened = market()
    first = block(1, "wash", Side.BUY, 250_000, 600)
    accepted(opened, first, first, block(1, "wash", Side.BUY, 250_000, 300, sequence=2))
    accepted(
        opened, order(2, TRADED, "day_ahead", Side.SELL, 150_000, 1_000), block(1, "wash", Side.BUY, 0, sequence=3)
    )
    sent = cleared(opened)
    assert not [m for m in sent if isinstance(m, BlockAward)]
    assert not [m for m in sent if isinstance(m, Clearing) and m.volume_wh]


@pytest.mark.parametrize(
    ("reason", "wrong"),
    [
        ("wrong_stage", block(1, "a", Side.BUY, 200_000, 10, stage="intraday")),
        ("wrong_stage", block(1, "a", Side.BUY, 200_000, 10, stage="weekly")),
        ("foreign_slot", block(1, "a", Side.BUY, 200_000, 10, first_slot="2027-01-15T10:07:00Z")),
        ("foreign_slot", block(1, "a", Side.BUY, 200_000, 10, first_slot="2028-01-15T10:00:00Z")),
        ("foreign_slot", block(1, "a", Side.BUY, 200_000, *[0] * 20, 10)),
        ("gate_closed", block(1, "a", Side.BUY, 200_000, 10, first_slot="2027-01-14T20:00:00Z")),
        ("price_out_of_band", block(1, "a", Side.BUY, 300_001, 10)),
        ("price_out_of_band", block(1, "a", Side.SELL, 99_999, 10)),
        ("over_nameplate", block(1, "a", Side.BUY, 200_000, LIMIT_WH + 1)),
        ("bad_link", block(1, "a", Side.BUY, 200_000, 10, parent="a")),
        ("stale_sequence", block(1, "known", Side.BUY, 200_000, 10, sequence=1)),
        ("conflicting_sequence", block(1, "known", Side.BUY, 200_000, 10, sequence=2)),
        ("quota_exceeded", block(1, "third", Side.BUY, 200_000, 10)),
    ],
)
def test_a_refused_block_is_told_why_and_changes_nothing(reason: str, wrong: BlockOrder) -> None:
    opened = market(Terms(**HOURLY, stages=STAGES, blocks_max=2))  # type: ignore[arg-type]
    accepted(opened, block(1, "known", Side.BUY, 210_000, 20, sequence=2))
    if reason == "quota_exceeded":
        accepted(opened, block(1, "second", Side.BUY, 210_000, 20))
    before = {key: dict(day.blocks) for key, day in opened.market.days.items()}
    (answer,) = answers(opened, MORNING, wrong)
    assert isinstance(answer, Rejection) and answer.code == reason, answer
    assert {key: dict(day.blocks) for key, day in opened.market.days.items()} == before


def test_blocks_and_simple_orders_share_the_nameplate() -> None:
    opened = market()
    accepted(
        opened, block(1, "a", Side.BUY, 200_000, 6_000, group="g"), block(1, "b", Side.BUY, 200_000, 6_000, group="g")
    )
    (full,) = answers(opened, MORNING, order(1, TRADED, "day_ahead", Side.BUY, 200_000, 5_001))
    assert isinstance(full, Rejection) and full.code == "over_nameplate"
    accepted(opened, order(1, TRADED, "day_ahead", Side.BUY, 200_000, 5_000))
    (over,) = answers(opened, MORNING, block(1, "c", Side.BUY, 200_000, 1))
    assert isinstance(over, Rejection) and over.code == "over_nameplate" and over.field == "energy_wh.0"
    accepted(opened, block(1, "d", Side.SELL, 200_000, LIMIT_WH))


def test_blocks_are_in_the_journal_and_replay_to_the_same_day() -> None:
    journal = FakeJournal()
    opened = market(journal=journal)
    accepted(opened, block(1, "wash", Side.BUY, 250_000, 600, 400), block(2, "sun", Side.SELL, 150_000, 600, 400))
    opened.step(NOON)
    again = market(journal=FakeJournal(journal.kept), now_s=NOON)
    for start_s, book in opened.market.books.items():
        assert again.market.books[start_s].holdings == book.holdings
    assert opened.market.books[NEXT.start_s].position_wh("home-1") == 400
    assert TERMS.blocks_max == 20 and inbound(1, block(1, "x", Side.BUY, 1, 1)).kind == "block_order"
