"""Following a log: who sees everything, who joins late, and what a forged, forked or shortened log looks like."""

import pytest

from broker.ledger.log import Log
from broker.market.sessions.publication import log_news
from wire.audit import Check
from wire.checkpoint import TreeHead, signed_note
from wire.log_view import LogView
from wire.messages import Checkpoint, Leaves
from wire.signing import key_from_seed

KEY, OTHER = key_from_seed(bytes([3]) * 32), key_from_seed(bytes([4]) * 32)
SLOT = "2027-01-15T08:15:00Z"


def published(*sizes: int, salt: str = "", log: Log | None = None) -> list[tuple[list[Leaves], Checkpoint]]:
    log = Log() if log is None else log
    rounds = []
    for size in sizes:
        while len(log) < size:
            log.append({"leaf": len(log), "salt": salt if len(log) > 3 else ""})
        news = log_news(log, KEY, community="elm", slot=SLOT)
        rounds.append((news.pages, news.checkpoint))
    return rounds


def view() -> LogView:
    return LogView("elm", KEY.public)


def told(observer: LogView, rounds: list[tuple[list[Leaves], Checkpoint]]) -> list[Check]:
    found = []
    for pages, checkpoint in rounds:
        for page in pages:
            observer.learn_leaves(page)
        found += observer.learn(checkpoint)
    return [violation.check for violation in found]


@pytest.mark.parametrize("first", [0, 1, 2])
def test_an_honest_log_is_followed_from_the_start_and_by_who_joins_late(first: int) -> None:
    observer, rounds = view(), published(3, 7, 8, 300)
    assert told(observer, rounds[first:]) == []
    assert observer.head == TreeHead("elm", 300, observer.seen[300])
    assert told(observer, rounds[-1:]) == []


def test_a_checkpoint_without_its_leaves_or_with_others_is_found_also_by_who_joined_late() -> None:
    for first in (0, 1):
        rounds = published(3, 7, 9)[first:]
        assert told(view(), [*rounds[:-1], ([], rounds[-1][1])]) == [Check.LOG]
        forged = [page.model_copy(update={"leaves": ("{}",) * len(page.leaves)}) for page in rounds[-1][0]]
        assert told(view(), [*rounds[:-1], (forged, rounds[-1][1])]) == [Check.LOG]


def test_a_log_that_does_not_continue_is_found() -> None:
    before, after = published(5, 9), published(5, 9, salt="other")
    assert told(view(), [before[0], after[1]]) == [Check.LOG]


def test_a_missed_checkpoint_is_no_violation() -> None:
    rounds = published(3, 7, 9, 12)
    assert told(view(), [rounds[0], rounds[2], rounds[3]]) == []


def test_a_note_of_another_key_or_of_another_head_than_the_message_is_found() -> None:
    (pages, good) = published(3)[0]
    head = TreeHead("elm", 3, bytes.fromhex(good.root)).text()
    assert told(view(), [(pages, good.model_copy(update={"note": signed_note(head, "elm", OTHER)}))]) == [Check.LOG]
    assert told(view(), [(pages, good.model_copy(update={"size": 4}))]) == [Check.LOG]


def test_two_histories_are_found_when_both_sides_compare_whoever_is_ahead() -> None:
    ours, theirs = published(3, 7, 9), published(3, 7, 9, salt="other")
    behind, ahead = view(), view()
    told(behind, ours[:2])
    told(ahead, ours)
    note = theirs[2][1].note
    assert [v.check for v in ahead.witnessed(note)] == [Check.SPLIT_VIEW]
    assert behind.witnessed(note) == []
    assert told(behind, ours[2:]) == [Check.SPLIT_VIEW]


def test_a_signed_checkpoint_of_a_size_that_was_never_published_is_found() -> None:
    observer = view()
    told(observer, published(3, 7, 9))
    (_, between) = published(8)[0]
    assert [v.check for v in observer.witnessed(between.note)] == [Check.SPLIT_VIEW]


def test_what_the_log_did_not_sign_and_what_is_older_than_the_own_view_proves_nothing() -> None:
    observer = view()
    rounds = published(3, 7, 9)
    told(observer, rounds[1:])
    forged = signed_note(TreeHead("elm", 7, bytes(32)).text(), "elm", OTHER)
    for note in ("", forged, rounds[0][1].note, rounds[1][1].note, rounds[2][1].note):
        assert observer.witnessed(note) == []
