"""A market goes on from its carried state as if it had folded everything, wherever the cut is."""

import json
import random

import pytest
from carried_rig import SECRET, assert_same_after, carried, folded
from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import FakeJournal
from rounds_rig import Session
from test_bilateral_rounds_live import BOTH, PAIRING
from test_market_ancillary import CALLED, SECOND, Evening, activation
from test_market_ancillary import TERMS as CALLING
from test_market_stage_days import BLOCKS, CONTRACTS, DRAWN, TERMS, Drawn, block_frames, contract_frames, run

from broker.ledger.accounts import NotConserved
from broker.market.carried import Body, read_state, unpacked
from broker.market.fold import Fold
from broker.market.market import Market
from broker.market.state_codec import UnknownState
from broker.market.terms import Terms, TermsChanged
from wire import merkle
from wire.messages import Side


def repeated(records: list[bytes], rng: random.Random) -> list[bytes]:
    """The records of a journal in which frames came again later: receipts and refusals depend on what is kept."""
    frames = [record for record in records if b'"type":"received"' in record]
    copies = rng.sample(frames, len(frames) // 2)
    newest = max(json.loads(record)["at_s"] for record in records)
    late = [json.dumps({**json.loads(record), "at_s": newest}).encode() for record in copies]
    return [*records, *late]


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(DRAWN, DRAWN, DRAWN),
    BLOCKS,
    CONTRACTS,
    st.integers(0, 1_000),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
def test_days_with_all_stages_go_on_from_any_cut(
    drawn: tuple[list[Drawn], list[Drawn], list[Drawn]],
    blocks: list[tuple[str, Side, int, list[int], int]],
    contracts: list[tuple[Side, int, list[int]]],
    seed: int,
    part: float,
    rng: random.Random,
) -> None:
    _, _, journal = run(drawn, seed, rng, [*contract_frames(contracts), *block_frames(blocks)])
    records = repeated(journal.kept, rng)
    assert_same_after(records, round(part * len(records)), TERMS)


@pytest.fixture(scope="module")
def evening() -> list[bytes]:
    """A journal with calls, activations, missing reports and corrections."""
    lived = Evening()
    lived.activate(activation(), CALLED.start_s)
    lived.use(CALLED, 1_000, 2_000)
    lived.use(SECOND, 900, 1_700)
    return lived.journal.kept


@settings(max_examples=30, deadline=None)
@given(part=st.floats(0, 1))
def test_calls_and_their_baselines_go_on_from_any_cut(evening: list[bytes], part: float) -> None:
    assert_same_after(evening, round(part * len(evening)), CALLING)


@pytest.fixture(scope="module")
def questions() -> list[bytes]:
    """A journal of a session that is cleared in questions about prices and pairs."""
    journal = FakeJournal()
    Session(BOTH, terms=PAIRING, journal=journal).run()
    return journal.kept


@settings(max_examples=30, deadline=None)
@given(part=st.floats(0, 1))
def test_a_session_goes_on_between_its_questions(questions: list[bytes], part: float) -> None:
    assert_same_after(questions, round(part * len(questions)), PAIRING)


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
