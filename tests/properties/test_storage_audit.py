"""What a member checks of its share: an honest broker passes, and whatever is changed in its messages is found."""

import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from market_rig import frame
from storage_rig import COMMUNITY, PERIOD_S, Community, bid, hour, request, storage
from test_shared_storage import ALLOCATIONS, SEEDS, lived

from broker.audit.archive import line_of, read_archive
from broker.audit.report import Report
from broker.audit.verify import verify
from broker.io.export import archive_lines
from broker.market.outgoing import Outgoing
from wire.audit import Check, Violation
from wire.messages import Message, Settlement, StorageGrant, StorageShare
from wire.signing import key_from_seed
from wire.slots import parse_utc
from wire.storage_audit import StorageAudit
from wire.topics import topic

SLOT_S = 3_600
KEY = key_from_seed(bytes(32))


def followed(community: Community, meter: str, messages: list[Message]) -> list[Violation]:
    audit = StorageAudit(rules=community.service.market.storage.rules())
    found: list[Violation] = []
    for message in messages:
        if getattr(message, "meter", "") != meter:
            continue
        match message:
            case StorageShare():
                found += audit.share(message)
            case StorageGrant():
                found += audit.grant(message, SLOT_S)
            case Settlement():
                found += audit.settlement(message)
    return found


@settings(max_examples=20)
@given(ALLOCATIONS, SEEDS)
def test_an_honest_broker_passes(allocation: str, seed: int) -> None:
    community = lived(allocation, seed)
    for meter in ("home-1", "home-2", "home-3", "home-9"):
        assert followed(community, meter, community.sent) == []


def test_a_bid_for_shares_that_are_agreed_accuses_nobody() -> None:
    community = Community(storage(allocation="shares", shares={"home-1": 6_000}))
    wish = bid(1, request_wh=1_000)
    assert [m.kind for m in community.say(PERIOD_S - 7_200, wish)] == ["rejection"]
    community.grants(hour(0))
    (share,) = [m for m in community.sent if isinstance(m, StorageShare)]
    audit = StorageAudit(rules=community.service.market.storage.rules())
    audit.sent(wish)
    assert share.share_wh == 6_000 and audit.share(share) == []


def test_the_standing_loss_of_what_was_handed_over_is_no_finding() -> None:
    """By hand: 8 kWh come to an empty account and lose 24 % a day, a hundredth of it in the hour."""
    rules = storage(standing_loss_per_day_ppm=240_000).rules(COMMUNITY, "store")
    handed = StorageGrant(
        community=COMMUNITY,
        meter="home-1",
        slot=hour(0).label,
        sequence=None,
        requested_wh=0,
        granted_wh=0,
        handed_wh=8_000,
        losses_wh=80,
        level_wh=7_920,
        share_wh=8_000,
    )
    assert StorageAudit(rules=rules).grant(handed, SLOT_S) == []
    worse = handed.model_copy(update={"losses_wh": 90, "level_wh": 7_910})
    assert [v.check for v in StorageAudit(rules=rules).grant(worse, SLOT_S)] == [Check.OWN_STORAGE]


CHANGES = st.sampled_from(("level_wh", "granted_wh", "losses_wh"))


@settings(max_examples=20)
@given(SEEDS, CHANGES, st.integers(5_000, 9_000))
def test_an_account_that_does_not_follow_is_found(seed: int, name: str, more: int) -> None:
    community = lived("shares", seed)
    grants = [m for m in community.sent if isinstance(m, StorageGrant)]
    known = {(g.meter, parse_utc(g.slot)) for g in grants}
    followers = [g for g in grants if (g.meter, parse_utc(g.slot) - SLOT_S) in known]
    assume(followers)
    changed = random.Random(seed).choice(followers)
    wrong = changed.model_copy(update={name: getattr(changed, name) + more})
    sent = [wrong if m is changed else m for m in community.sent]
    assert {v.check for v in followed(community, changed.meter, sent)} == {Check.OWN_STORAGE}


def archived(community: Community, sent: list[Message], wishes: list[Message]) -> Report:
    """The report on everything that was sent, with the member's own wishes in the same file."""
    calendar = community.terms.calendar(KEY.public_hex, community.service.market.publisher.key.public_hex)
    rules = community.service.market.storage.rules()
    told = [Outgoing(m, getattr(m, "meter", "")) for m in (calendar, rules, *sent) if m is not None]
    lines = list(archive_lines(told, KEY))
    for wish in wishes:
        number = int(getattr(wish, "meter").removeprefix("home-"))  # noqa: B009
        lines.append(line_of(topic(wish.kind, COMMUNITY, f"home-{number}"), frame(number, wish)))
    return verify(read_archive(lines, None))


def traded() -> tuple[Community, list[Message]]:
    community = Community(storage())
    wishes: list[Message] = [bid(1, (500_000, 4_000)), bid(2, (300_000, 8_000)), request(1, hour(0), 2_000)]
    community.say(PERIOD_S - 7_200, *wishes)
    community.grants(hour(0))
    community.metered(hour(0), {1: -2_000, 9: 2_000})
    return community, wishes


def test_an_archive_with_a_storage_holds_no_violation() -> None:
    community, wishes = traded()
    report = archived(community, community.sent, wishes)
    assert report.violations == [] and report.settled_slots == 1


def test_a_share_that_was_not_bid_for_is_found_in_an_archive() -> None:
    community, wishes = traded()
    given_ = [m for m in community.sent if isinstance(m, StorageShare) and m.meter == "home-1"]
    (share,) = given_
    price = share.price_micro_per_kwh or 0
    for wrong in (
        share.model_copy(update={"share_wh": 5_000, "amount_nano": 5_000 * price}),
        share.model_copy(update={"amount_nano": share.amount_nano + 1}),
    ):
        sent = [wrong if m is share else m for m in community.sent]
        assert {v.check for v in archived(community, sent, wishes).violations} == {Check.OWN_STORAGE}


def test_a_grant_that_is_not_settled_is_found_in_an_archive() -> None:
    community, wishes = traded()
    sent = [
        m.model_copy(update={"granted_wh": 1_000, "losses_wh": 100, "level_wh": 900})
        if isinstance(m, StorageGrant)
        else m
        for m in community.sent
    ]
    found = archived(community, sent, wishes).violations
    assert [v.check for v in found] == [Check.OWN_STORAGE]
    assert "granted" in found[0].detail
