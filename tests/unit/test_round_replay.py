"""A meter has every round cleared again by the verifying program, in a process of its own."""

import asyncio
import random
import sys

import pytest

from broker.market.terms import Terms
from hems.app.replays import Replays
from hems.control.heard_rounds import HeardRounds
from hems.control.market_auditor import MarketAuditor
from hems.io.round_replay import NoReplay, replayed
from proofs.tricks.asked import asked_terms
from proofs.tricks.network import terms_of
from proofs.watched_community import BROKER_KEY, COMMUNITY, WatchedCommunity, slot
from wire.audit import Check
from wire.codec import encode
from wire.messages import (
    BY_KIND,
    PAIR_QUESTIONS_MAX,
    Award,
    Calendar,
    Clearing,
    DayRules,
    Gate,
    Message,
    PairQuestion,
)
from wire.signing import open_frame, seal

Heard = list[tuple[Message, bytes]]


@pytest.fixture(scope="module")
def heard() -> Heard:
    """The public messages of a community with limits, in which two rounds with orders were cleared."""
    terms = Terms(community=COMMUNITY, horizon_slots=4, group_min=2, **terms_of("wrong_envelope", 4))
    community, rng = WatchedCommunity(members=4, terms=terms), random.Random(3)
    for number in (1, 3):
        at = slot(number)
        community.order(rng, at, at.start_s - 300)
        community.step(terms.gate_s(at))
    rows = [line.partition(" ") for line in community.heard if "/public/" in line]
    return [opened(topic.rpartition("/")[2], frame.encode()) for topic, _, frame in rows]


@pytest.fixture(scope="module")
def asked() -> Heard:
    """What the first member of a community heard in which pairs were asked about, its own messages too."""
    terms = Terms(community=COMMUNITY, horizon_slots=4, group_min=2, **asked_terms("favour_a_pair", 4))
    community, rng, at = WatchedCommunity(members=4, terms=terms), random.Random(6), slot(1)
    community.order(rng, at, at.start_s - 300)
    for _ in range(1 + PAIR_QUESTIONS_MAX):
        community.step(terms.gate_s(at))
    rows = [line.partition(" ") for line in community.heard if "/public/" in line or "/member/home-1/" in line]
    return [opened(topic.rpartition("/")[2], frame.encode()) for topic, _, frame in rows]


def opened(kind: str, frame: bytes) -> tuple[Message, bytes]:
    payload = frame if kind == Award.kind else open_frame(frame, BROKER_KEY.public, kind, COMMUNITY)
    return BY_KIND[kind].model_validate_json(payload), frame


def archives(heard: Heard) -> list[list[str]]:
    rounds = HeardRounds()
    return [lines for message, _ in heard if (lines := rounds.hear(message, f"{message.kind} {message}"))]


def test_a_round_is_handed_over_once_it_is_whole_with_what_holds_for_its_day(heard: Heard) -> None:
    found = archives(heard)
    assert len(found) == sum(isinstance(message, Clearing) for message, _ in heard)
    for lines in found:
        kinds = [line.partition(" ")[0] for line in lines]
        assert kinds[0] == "calendar"
        assert {kind: kinds.count(kind) for kind in ("roster", "rules", "gate", "clearing", "book")} == {
            "roster": 1,
            "rules": 1,
            "gate": 1,
            "clearing": 1,
            "book": 1,
        }


@pytest.mark.parametrize("unheard", [Calendar, DayRules, Gate])
def test_a_round_of_which_something_was_not_heard_is_not_judged(heard: Heard, unheard: type[Message]) -> None:
    assert archives([pair for pair in heard if not isinstance(pair[0], unheard)]) == []


def test_a_round_of_questions_is_handed_over_with_its_replies_and_what_the_home_was_asked_alone(
    asked: Heard,
) -> None:
    (lines,) = [lines for lines in archives(asked) if any(line.startswith("pair_question") for line in lines)]
    kinds = [line.partition(" ")[0] for line in lines]
    assert kinds.count("question") == 2
    assert kinds.count("pair_question") > 1
    assert {kind: kinds.count(kind) for kind in ("convergence", "replies", "award")} == dict.fromkeys(
        ("convergence", "replies", "award"), 1
    )
    assert "receipt" not in kinds


def test_the_process_asks_a_round_again_and_finds_replies_that_give_other_questions(asked: Heard) -> None:
    assert asyncio.run(findings(asked)) == set()
    last = [message for message, _ in asked if isinstance(message, PairQuestion)][-1]
    other = encode(last.model_copy(update={"rho": last.rho + 1}))
    false = [
        (message, seal(BROKER_KEY, message.kind, COMMUNITY, other) if message == last else frame)
        for message, frame in asked
    ]
    assert asyncio.run(findings(false)) == {Check.REPLIES}


async def findings(heard: Heard) -> set[Check]:
    auditor = MarketAuditor(meter="home-1", community=COMMUNITY)
    replays = Replays(auditor, community=COMMUNITY, broker_key=BROKER_KEY.public_hex)
    last = max(i for i, (message, _) in enumerate(heard) if isinstance(message, Clearing))
    for message, frame in heard:
        if not isinstance(message, Clearing | Gate) or message.slot == heard[last][0].slot:  # type: ignore[attr-defined]
            replays.hear(message, frame)
    await replays.replay_next()
    return {violation.check for violation in auditor.violations}


def test_the_process_is_silent_on_an_honest_round_and_names_what_is_wrong_in_another(heard: Heard) -> None:
    assert asyncio.run(findings(heard)) == set()
    false = [
        (message, seal(BROKER_KEY, message.kind, COMMUNITY, frame.split(b".", 2)[2].replace(b'_wh":', b'_wh":1')))
        if isinstance(message, Clearing)
        else (message, frame)
        for message, frame in heard
    ]
    assert Check.CLEARING in asyncio.run(findings(false))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("no-such-program-here",), "install"),
        ((sys.executable, "-c", "print('hello')"), "same release"),
        ((sys.executable, "-c", "print('{}')"), "same release"),
    ],
)
def test_a_program_that_is_missing_or_does_not_answer_is_said_with_the_remedy(
    command: tuple[str, ...], said: str
) -> None:
    with pytest.raises(NoReplay, match=said):
        asyncio.run(replayed(["line"], "0" * 64, command=command))


def test_a_program_that_does_not_end_is_stopped() -> None:
    waiting = (sys.executable, "-c", "import threading; threading.Event().wait()")
    with pytest.raises(NoReplay, match="not done"):
        asyncio.run(replayed([], "0" * 64, command=waiting, timeout_s=0.2))
