"""The append-only log: checkpoints, proofs, leaves, and what stands in none of them."""

import base64
import json

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.verdict import Broken, NotJudged, Verdict, all_hold
from wire.audit import holds_settlement
from wire.checkpoint import NoteError, tree_head
from wire.codec import canonical, digest, encode
from wire.merkle import Frontier, extends, leaf_hash
from wire.messages import Book, Checkpoint, Clearing, Leaves, Roster, Settlement

NO_LOG = "no checkpoint was heard"


def leaves_of(run: Evidence) -> dict[int, str]:
    """The published leaves by their index."""
    return {page.first + i: leaf for page in run.of(Leaves) for i, leaf in enumerate(page.leaves)}


def _checkpoints(run: Evidence) -> list[Checkpoint]:
    """The checkpoints in the order of their size, each once."""
    return [c for _, c in sorted({c.size: c for c in run.of(Checkpoint)}.items())]


@BROKER.asserts(190)
def _notes(run: Evidence) -> Verdict:
    calendar = run.calendar
    found = run.of(Checkpoint)
    if calendar is None:
        return NotJudged("no calendar was heard")
    wrong = []
    for checkpoint in found:
        try:
            head = tree_head(checkpoint.note, run.community, bytes.fromhex(calendar.log_key))
        except NoteError as error:
            wrong.append(f"the note of size {checkpoint.size}: {error}")
            continue
        if (head.size, head.root.hex()) != (checkpoint.size, checkpoint.root):
            said = base64.b64encode(head.root).decode()
            wrong.append(f"the note says {head.size} leaves under {said}, the message another")
    return all_hold(wrong, len(found), missing=NO_LOG)


@BROKER.asserts(191)
def _continues(run: Evidence) -> Verdict:
    found = _checkpoints(run)
    roots = {c.size: bytes.fromhex(c.root) for c in found}
    pairs = [c for c in found if c.previous_size in roots and 0 < c.previous_size < c.size]
    wrong = [
        f"the log of {c.size} leaves does not continue that of {c.previous_size}"
        for c in pairs
        if not extends(
            c.previous_size, roots[c.previous_size], c.size, roots[c.size], [bytes.fromhex(n) for n in c.consistency]
        )
    ]
    return all_hold(wrong, len(pairs), missing="no checkpoint follows another one")


@BROKER.asserts(192)
def _leaves(run: Evidence) -> Verdict:
    leaves, found = leaves_of(run), _checkpoints(run)
    if not found or any(i not in leaves for i in range(found[-1].size)):
        return NotJudged("the log is older than the run: not all of its leaves were heard")
    tree, wrong = Frontier(), []
    for checkpoint in found:
        while tree.size < checkpoint.size:
            tree.append(leaf_hash(leaves[tree.size].encode()))
        if tree.root().hex() != checkpoint.root:
            wrong.append(f"the first {checkpoint.size} leaves have another root than the checkpoint says")
    return all_hold(wrong, len(found), missing=NO_LOG)


@BROKER.asserts(193)
def _leaf_form(run: Evidence) -> Verdict:
    leaves = leaves_of(run)
    wrong = [f"leaf {i} is not canonical: {leaf[:60]!r}" for i, leaf in leaves.items() if not _is_canonical(leaf)]
    return all_hold(wrong, len(leaves), missing="no leaves were heard")


def _is_canonical(leaf: str) -> bool:
    try:
        return canonical(json.loads(leaf)) == leaf.encode() and len(leaf) <= 600
    except ValueError:
        return False


@BROKER.asserts(194)
def _clearings_logged(run: Evidence) -> Verdict:
    last = max((read.place for read, _ in run.placed(Leaves)), default=-1)
    due = [clearing for read, clearing in run.placed(Clearing) if read.place < last]
    logged = " ".join(leaves_of(run).values())
    wrong = [f"no leaf holds the clearing of {c.slot}" for c in due if digest(encode(c)) not in logged]
    return all_hold(wrong, len(due), missing="no leaves were heard after a clearing")


@BROKER.asserts(195)
def _settlements_logged(run: Evidence) -> Verdict:
    leaves = leaves_of(run)
    settled = [s for meter in run.transcript.clients for s in run.of(Settlement, meter)]
    wrong = [
        f"leaf {s.log_index} does not commit to the settlement of {s.slot}"
        for s in settled
        if not holds_settlement(leaves.get(s.log_index, ""), s)
    ]
    return all_hold(wrong, len(settled), missing="no settlement was heard")


@BROKER.asserts(196)
def _no_names(run: Evidence) -> Verdict:
    kinds = (Leaves.kind, Book.kind, Roster.kind, Clearing.kind)
    public = [read for read in run.told if read.kind in kinds]
    names = [f'"{meter}"'.encode() for meter in run.transcript.clients]
    wrong = [f"{r.topic} names a meter" for r in public for name in names if name in _plain(r.data)]
    if not public:
        return NotJudged("nothing of this kind was heard")
    return Broken(wrong[0]) if wrong else all_hold([], len(public), missing="")


def _plain(data: bytes) -> bytes:
    """The bytes with the quotes of leaves, which are JSON in JSON, as they are inside."""
    return data.replace(b"\\", b"")
