"""Proofs against a naive recursive tree, and against everything that is not the log.

Source: RFC 6962 section 2.1.
"""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    extends,
    frontier_before,
    includes,
    inclusion_proof,
    leaf_hash,
    root,
)

LEAVES = st.integers(1, 40).map(lambda n: [leaf_hash(bytes([i])) for i in range(n)])


def naive(hashes: list[bytes]) -> bytes:
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + naive(hashes[:split]) + naive(hashes[split:])).digest()


@given(LEAVES)
def test_the_growing_tree_and_the_naive_one_agree_at_every_size(hashes: list[bytes]) -> None:
    tree = Tree()
    assert tree.root() == EMPTY_ROOT == naive([])
    for size, item in enumerate(hashes, 1):
        tree.append(item)
        assert tree.root() == naive(hashes[:size]) == root(hashes[:size])


@given(LEAVES, st.data())
def test_an_inclusion_proof_holds_for_its_leaf_and_place_only(hashes: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(hashes) - 1))
    proof, head = inclusion_proof(index, hashes), root(hashes)
    assert Tree(hashes).inclusion_proofs()[index] == [node.hex() for node in proof]
    assert includes(index, len(hashes), hashes[index], proof, head)
    assert not includes(index, len(hashes), leaf_hash(b"other"), proof, head)
    assert not includes(index, len(hashes), hashes[index], [*proof, head], head)
    assert not includes(index, len(hashes), hashes[index], proof, leaf_hash(b"other"))
    for other in range(len(hashes)):
        if other != index:
            assert not includes(other, len(hashes), hashes[index], proof, head)
    if proof:
        assert not includes(index, len(hashes), hashes[index], proof[:-1], head)


@given(LEAVES, st.data())
def test_a_consistency_proof_holds_for_the_prefix_only(hashes: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(hashes)))
    proof, head = consistency_proof(old, hashes), root(hashes)
    assert extends(old, root(hashes[:old]), len(hashes), head, proof)
    forged = [leaf_hash(b"forged"), *hashes[1:old]]
    assert not extends(old, root(forged), len(hashes), head, proof)
    if old < len(hashes):
        rewritten = [leaf_hash(b"forged"), *hashes[1:]]
        assert not extends(old, root(hashes[:old]), len(hashes), root(rewritten), proof)
        assert not extends(old, root(hashes[:old]), len(hashes), head, [*proof, head])


@given(LEAVES, st.data())
def test_who_joins_late_gets_the_frontier_from_the_proof_and_follows_the_log(
    hashes: list[bytes], data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, len(hashes)))
    proof = consistency_proof(old, hashes)
    if old == len(hashes):
        return
    frontier = frontier_before(old, root(hashes[:old]), len(hashes), proof)
    assert frontier.root() == root(hashes[:old])
    for item in hashes[old:]:
        frontier.append(item)
    assert (frontier.size, frontier.root()) == (len(hashes), root(hashes))


def test_proofs_of_what_is_not_there_are_refused() -> None:
    hashes = [leaf_hash(b"one")]
    with pytest.raises(IndexError):
        inclusion_proof(1, hashes)
    for size in (0, 2):
        with pytest.raises(ValueError, match="no log"):
            consistency_proof(size, hashes)


def test_the_published_vector_of_the_empty_tree_and_of_eight_leaves_hold() -> None:
    # Certificate Transparency reference vectors (RFC 6962 trees over these eight inputs).
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    hashes = [leaf_hash(bytes.fromhex(text)) for text in inputs]
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
