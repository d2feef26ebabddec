"""The texts that are hashed are the canonical JSON that the documents state."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from wire.codec import canonical
from wire.commitments import RoundName, award_leaf, order_commitment, order_leaf
from wire.messages import BookEntry

IDS = st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True)
NAMES = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
HASHES = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
SIDE = st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**9)), max_size=4).map(tuple)
SLOT = "2027-01-15T08:15:00Z"


@given(HASHES, SIDE, SIDE, st.integers(1, 2**31 - 1), st.tuples(IDS, IDS))
def test_an_order_commits_to_its_canonical_json(
    salt: str,
    buy: tuple[tuple[int, int], ...],
    sell: tuple[tuple[int, int], ...],
    sequence: int,
    names: tuple[str, str],
) -> None:
    community, stage = names
    value = {
        "round": 3,
        "buy": buy,
        "sell": sell,
        "sequence": sequence,
        "slot": SLOT,
        "stage": stage,
        "community": community,
    }
    expected = hashlib.sha256(bytes.fromhex(salt) + canonical(value)).hexdigest()
    found = order_commitment(salt, buy=buy, sell=sell, sequence=sequence, of=RoundName(community, stage, SLOT, 3))
    assert found == expected


@given(NAMES, HASHES, IDS, st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), st.integers(-(10**29), 10**29))
def test_the_leaves_of_orders_and_awards_are_canonical_json(
    name: str, commitment: str, stage: str, energy: tuple[int, int], amount: int
) -> None:
    bought, sold = energy
    entry = BookEntry(pseudonym=name, arrival=7, commitment=commitment, sequence=1, salt=None, buy=(), sell=())
    assert order_leaf(entry) == canonical({"arrival": 7, "commitment": commitment, "pseudonym": name})
    leaf = award_leaf(name, RoundName("elm", stage, SLOT, 3), bought_wh=bought, sold_wh=sold, amount_nano=amount)
    value = {"pseudonym": name, "stage": stage, "slot": SLOT, "round": 3, "bought_wh": bought, "sold_wh": sold}
    assert leaf == canonical({**value, "amount_nano": str(amount)})
