"""The broker settles a slot by each sharing rule: signed settlements sum to the ledger."""

from dataclasses import replace
from pathlib import Path

import pytest
from market_rig import START_S, TERMS, enrolled, inbound, report, service, slot

from broker.io.records_sqlite import SqliteRecords
from broker.ledger.transfer import COMMUNITY, OUTSIDE, account
from broker.mechanisms.sharing_rules import SHARING_RULES
from broker.settlement.statement import NoteSum, statement
from wire.codec import decode, encode
from wire.messages import Settlement

LIVE = [m.name for m in SHARING_RULES if m.share is not None]
NET_WH = {1: 1_000, 2: 601, 3: -401, 4: 0}
OUTSIDE_NANO = 1_200 * 300_000


@pytest.mark.parametrize("name", LIVE)
def test_a_slot_is_shared_and_settlements_sum_to_what_is_paid_outside(name: str) -> None:
    market = service(terms=replace(TERMS, mechanism=name))
    market.agree([enrolled(n) for n in NET_WH], START_S)
    market.step(START_S)
    market.step(slot(1).end_s)
    market.handle(
        [inbound(n, report(n, slot(1), (0, max(e, 0)), (0, max(-e, 0)))) for n, e in NET_WH.items()], slot(1).end_s
    )
    out = market.step(slot(1).end_s)
    settled = [o.message for o in out if isinstance(o.message, Settlement)]
    accounts = market.market.accounts
    assert {s.meter: s.metered_wh for s in settled} == {f"home-{n}": e for n, e in NET_WH.items()}
    assert sum(s.total_nano for s in settled) == OUTSIDE_NANO == accounts.balance(OUTSIDE)
    assert accounts.balance(COMMUNITY) == 0
    for s in settled:
        assert s.total_nano == sum(line.amount_nano for line in s.lines) == -accounts.balance(account(s.meter))
        assert decode(Settlement, encode(s)) == s


def test_the_bound_of_a_sampled_share_reaches_settlements_records_and_statement(tmp_path: Path) -> None:
    """16 members with energy are too many for the exact value: who checks a bill has to know how close it is."""
    records = SqliteRecords(tmp_path / "records.db")
    nets = {n: 100 * n if n % 2 else -90 * n for n in range(1, 17)}
    market = service(terms=replace(TERMS, mechanism="shapley"), recorder=records)  # type: ignore[arg-type]
    market.agree([enrolled(n) for n in nets], START_S)
    market.step(START_S)
    market.step(slot(1).end_s)
    sent = [inbound(n, report(n, slot(1), (0, max(e, 0)), (0, max(-e, 0)))) for n, e in nets.items()]
    market.handle(sent, slot(1).end_s)
    settled = [o.message for o in market.step(slot(1).end_s) if isinstance(o.message, Settlement)]
    (note,) = {s.note for s in settled}
    assert note is not None and "sampled orders: within" in note
    assert records.database.execute("SELECT DISTINCT note FROM settlement").fetchall() == [(note,)]
    assert statement("home-1", settled).notes == (NoteSum(note=note, slots=1, first=slot(1).label),)
    records.close()
