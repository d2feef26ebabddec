"""A market goes on from its carried state as if it had folded everything, wherever the cut is."""

import json
import random
from pathlib import Path

import pytest
from carried_rig import SECRET, Sent, assert_same_after, carried, folded
from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import FakeJournal
from rounds_rig import Session
from test_bilateral_rounds_live import BOTH, PAIRING
from test_market_ancillary import CALLED, SECOND, Evening, activation
from test_market_ancillary import TERMS as CALLING
from test_market_stage_days import (
    BLOCKS,
    COMMUNITY,
    CONTRACTS,
    DAY_S,
    DRAWN,
    NOON_S,
    TERMS,
    Drawn,
    block_frames,
    contract_frames,
    run,
    sealed,
)

from broker.audit.archive import read_archive
from broker.audit.report import Report
from broker.audit.verify import named, verify
from broker.io.export import archive_lines
from broker.ledger.accounts import NotConserved
from broker.market.carrying.carried import Body, read_state, unpacked
from broker.market.carrying.fold import Fold
from broker.market.carrying.state_codec import UnknownState
from broker.market.events import (
    Event,
    MarketPaused,
    MarketResumed,
    MemberReadmitted,
    MemberRevoked,
    NetworkAgreed,
    Received,
    RegulationAgreed,
    decode_event,
    encode_event,
)
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms, TermsChanged
from broker.settlement.regulation import Charge, Regulation, Subscription
from wire import merkle
from wire.audit import Check
from wire.codec import digest, encode
from wire.messages import Acceptance, Message, Proposal, Roster, SettlementItem, Side
from wire.signing import key_from_seed
from wire.slots import Slot


def repeated(records: list[bytes], rng: random.Random) -> list[bytes]:
    """The records of a journal in which frames came again later: receipts and refusals depend on what is kept."""
    frames = [record for record in records if b'"type":"received"' in record]
    copies = rng.sample(frames, len(frames) // 2)
    newest = max(json.loads(record)["at_s"] for record in records)
    late = [json.dumps({**json.loads(record), "at_s": newest}).encode() for record in copies]
    return [*records, *late]


REGULATION = Regulation(
    name="levies",
    charges=(
        Charge(
            item=SettlementItem.NETWORK_CHARGE, label="grid", payee="grid", on="drawn", rate_nano_per_kwh=70_000_000
        ),
    ),
    subscriptions=(
        Subscription(
            item=SettlementItem.NETWORK_CHARGE, label="meter", payee="grid", per="day", amount_nano=9_000_000
        ),
    ),
)
LATER = Slot(DAY_S + 90_000, 60)  # of a day that is not open yet


def agreed_for_later() -> list[bytes]:
    """A contract of two members for slots that are not open yet, and one that waits for its answer."""
    found = []
    for name, accepts in (("far", True), ("open", False)):
        proposal = Proposal(
            community=COMMUNITY,
            meter="home-3",
            contract=name,
            counterparty="home-4",
            side=Side.BUY,
            price_micro_per_kwh=170_000,
            first_slot=LATER.label,
            energy_wh=(300, 200),
            expires_at=LATER.label,
            sent_at=LATER.label,
        )
        answer = Acceptance(
            community=COMMUNITY,
            meter="home-4",
            proposer="home-3",
            contract=name,
            proposal_digest=digest(encode(proposal)),
            accepts=True,
            sent_at=LATER.label,
        )
        found += [sealed("home-3", proposal), *([sealed("home-4", answer)] if accepts else [])]
    return [
        encode_event(Received(at_s=NOON_S, kind=i.kind, meter=i.meter, frame=i.frame.decode("latin-1")))
        for i in found
    ]


def acted(rng: random.Random) -> list[bytes]:
    """What the operator does now and then, in the order in which it makes sense."""
    network = NetworkAgreed(at_s=NOON_S, network="", preferences="", roles='{"home-1":[true,1]}')
    switched: list[list[Event]] = [
        [MarketPaused(at_s=NOON_S, reason="drill"), MarketResumed(at_s=NOON_S + 60, reason="over")],
        [MemberRevoked(at_s=NOON_S, meter="home-4", reason="moved")],
        [
            MemberRevoked(at_s=NOON_S, meter="home-3", reason="?"),
            MemberReadmitted(at_s=DAY_S, meter="home-3", reason="!"),
        ],
        [RegulationAgreed(at_s=NOON_S, regulation=REGULATION.text()), network],
    ]
    chosen = rng.sample(switched, rng.randint(0, len(switched)))
    return [encode_event(event) for events in chosen for event in events[: rng.randint(1, len(events))]]


def mixed(records: list[bytes], others: list[bytes], rng: random.Random) -> list[bytes]:
    """A journal with other records in between, after the members are enrolled, each in its order."""
    first = 1 + max(place for place, record in enumerate(records) if b'"type":"enrolled"' in record)
    places = sorted(rng.randint(first, len(records)) for _ in others)
    found = list(records)
    for place, record in reversed(list(zip(places, others, strict=True))):
        found.insert(place, record)
    return found


@settings(max_examples=40)
@given(st.tuples(DRAWN, DRAWN, DRAWN), BLOCKS, CONTRACTS, st.floats(0, 1), st.randoms(use_true_random=False))
def test_days_with_all_stages_go_on_from_any_cut(
    drawn: tuple[list[Drawn], list[Drawn], list[Drawn]],
    blocks: list[tuple[str, Side, int, list[int], int]],
    contracts: list[tuple[Side, int, list[int]]],
    part: float,
    rng: random.Random,
) -> None:
    seed = rng.randint(0, 1_000)
    _, _, journal = run(drawn, seed, rng, [*contract_frames(contracts), *block_frames(blocks)])
    records = mixed(repeated(journal.kept, rng), agreed_for_later() + acted(rng), rng)
    assert_same_after(records, round(part * len(records)), TERMS)


@pytest.fixture(scope="module")
def evening() -> list[bytes]:
    """A journal with calls, activations, missing reports and corrections."""
    lived = Evening()
    lived.activate(activation(), CALLED.start_s)
    lived.use(CALLED, 1_000, 2_000)
    lived.use(SECOND, 900, 1_700)
    return lived.journal.kept


@settings(max_examples=30)
@given(part=st.floats(0, 1))
def test_calls_and_their_baselines_go_on_from_any_cut(evening: list[bytes], part: float) -> None:
    assert_same_after(evening, round(part * len(evening)), CALLING)


@pytest.fixture(scope="module")
def questions() -> list[bytes]:
    """A journal of a session that is cleared in questions about prices and pairs."""
    journal = FakeJournal()
    Session(BOTH, terms=PAIRING, journal=journal).run()
    return journal.kept


@settings(max_examples=30)
@given(part=st.floats(0, 1))
def test_a_session_goes_on_between_its_questions(questions: list[bytes], part: float) -> None:
    assert_same_after(questions, round(part * len(questions)), PAIRING)


@pytest.mark.parametrize("part", [0.7, 0.8, 0.9])
def test_a_session_goes_on_from_a_state_of_a_release_that_kept_no_replies(
    questions: list[bytes], part: float
) -> None:
    cut = round(part * len(questions))
    whole, before = (Fold(Market(PAIRING, SECRET)) for _ in range(2))
    expected = folded(whole, questions)
    folded(before, questions[:cut])
    body = before.carried()
    older = Body(json.dumps(without(json.loads(body.text), "told", "asked_at_s")).encode(), body.hashes)
    assert older != body, "a session was in its questions"
    after = Fold(Market(PAIRING, SECRET))
    after.go_on_from(read_state(older), older.hashes)
    wanted = results([row for row in expected if row[0] >= cut])
    assert len(wanted) > 2
    assert results(folded(after, questions[cut:])) == wanted


def results(sent: Sent) -> list[bytes]:
    """The clearings and awards among the messages."""
    return [payload for *_, payload in sent if b'"awards_root"' in payload or b'"award_proof"' in payload]


def without(value: object, *keys: str) -> object:
    if isinstance(value, dict):
        return {key: without(part, *keys) for key, part in value.items() if key not in keys}
    return [without(part, *keys) for part in value] if isinstance(value, list) else value


def test_every_older_log_is_shown_to_be_a_part_of_the_log_that_goes_on(evening: list[bytes]) -> None:
    whole = Fold(Market(CALLING, SECRET))
    heads: dict[int, str] = {}
    for record in evening:
        folded(whole, [record])
        heads[len(whole.market.log)] = whole.market.log.head()
    log = carried(whole, CALLING).market.log
    size, head = len(log), bytes.fromhex(log.head())
    for old, old_head in heads.items():
        if old:
            proof = [bytes.fromhex(node) for node in log.consistency(old)]
            assert merkle.extends(old, bytes.fromhex(old_head), size, head, proof), old


def published(records: list[bytes], cut: int) -> Report:
    """What an archive shows that begins after a cut."""
    return checked(sent_of(records, cut))


def test_an_archive_that_begins_at_any_cut_shows_nothing_that_the_whole_one_does_not() -> None:
    drawn = [
        Drawn(meter, place, side, price, 500)
        for meter, side, price in (("home-1", Side.BUY, 250_000), ("home-2", Side.SELL, 150_000))
        for place in range(3)
    ]
    _, _, journal = run((drawn, drawn, drawn), 3, None)
    whole = published(journal.kept, 0)
    assert whole.rounds > 5
    for cut in range(1, len(journal.kept)):
        assert set(published(journal.kept, cut).violations) <= set(whole.violations), cut
    without = [message for message in sent_of(journal.kept) if not isinstance(message, Roster)]
    assert Check.ROSTER in named(checked(without).violations), "whoever hides the roster of a later day is found"


def sent_of(records: list[bytes], cut: int = 0) -> list[Message]:
    fold, key = Fold(Market(TERMS, SECRET)), key_from_seed(bytes(32))
    calendar = fold.market.terms.calendar(key.public_hex, fold.market.publisher.key.public_hex)
    folded(fold, records[:cut])
    sent = [out for record in records[cut:] for _, out in fold.apply(decode_event(record))]
    return [calendar, *(out.message for out in sent if not out.meter)]


def checked(messages: list[Message]) -> Report:
    lines = archive_lines([Outgoing(message) for message in messages], key_from_seed(bytes(32)))
    return verify(read_archive(lines, None))


def kept(records: list[bytes], terms: Terms) -> Body:
    fold = Fold(Market(terms, SECRET))
    folded(fold, records)
    return fold.carried()


def changed(body: Body, **values: object) -> Body:
    return Body(json.dumps({**json.loads(body.text), **values}).encode(), body.hashes)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"format": 2}, "format"),
        ({"later": 1}, "has no later"),
        ({"records": True}, "int"),
        ({"records": "1"}, "int"),
        ({"members": []}, "object"),
        ({"checkpoint": "{}"}, "Checkpoint"),
        ({"calls": {"evening": {"gate_s": 1}}}, "missing"),
        ({"rosters": [[1]]}, "parts"),
        ({"revoked_s": {"home-1": 1.5}}, "int"),
    ],
)
def test_a_state_that_is_none_is_refused(evening: list[bytes], values: dict[str, object], what: str) -> None:
    body = changed(kept(evening, CALLING), **values)
    with pytest.raises(UnknownState, match=what):
        read_state(body)


def test_bytes_that_are_cut_off_are_refused(evening: list[bytes]) -> None:
    packed = kept(evening, CALLING).packed()
    with pytest.raises(UnknownState, match="unpacked"):
        unpacked(packed[:200])
    with pytest.raises(UnknownState, match="leaves"):
        read_state(unpacked(packed[:-1]))


def test_opening_balances_that_do_not_sum_to_zero_are_refused(evening: list[bytes]) -> None:
    body = kept(evening, CALLING)
    balances = json.loads(body.text)["balances"]
    first = next(iter(balances))
    wrong = read_state(changed(body, balances={**balances, first: balances[first] + 1}))
    with pytest.raises(UnknownState, match="sum to 1 nano"):
        Fold(Market(CALLING, SECRET)).go_on_from(wrong, body.hashes)
    fresh = Market(CALLING, SECRET).accounts
    with pytest.raises(NotConserved):
        fresh.open_with({"a": 1}, 1)
    assert fresh.entries == 0


def test_a_state_is_only_continued_under_its_own_terms(evening: list[bytes]) -> None:
    body = kept(evening, CALLING)
    with pytest.raises(TermsChanged):
        Fold(Market(TERMS, SECRET)).go_on_from(read_state(body), body.hashes)


def test_a_state_that_an_earlier_release_kept_is_read_and_goes_on_as_it_did() -> None:
    golden = json.loads((Path(__file__).parents[1] / "snapshots" / "carried" / "evening.json").read_text())
    body = Body(json.dumps(golden["state"]).encode(), bytes.fromhex(golden["hashes"]))
    fold = Fold(Market(CALLING, SECRET))
    fold.go_on_from(read_state(body), body.hashes)
    sent = folded(fold, [record.encode() for record in golden["records"]])
    assert [[*row[:3], json.loads(row[3])] for row in sent] == golden["sent"]
    assert fold.market.log.head() == golden["head"]
    assert fold.market.accounts.balances() == golden["balances"]
