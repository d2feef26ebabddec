"""What a clearing depends on beside the orders is published, fixed and followed; block orders are cleared again."""

import pytest
from market_rig import COMMUNITY, START_S, enrolled, meter_key, order, slot
from test_honest_stages import BUY, CHEAP, DEAR, KEY, NOTHING, Watched, awarded
from test_market_blocks import block
from test_market_stages import MORNING, NOON, TRADED
from test_market_stages import TERMS as STAGED
from test_market_stages import order as staged

from broker.audit.archive import line_of, read_archive
from broker.audit.report import Report
from broker.audit.verify import verify
from broker.clearing.preferences import preferences_text
from broker.io.export import archive_lines
from broker.market.events import NetworkAgreed
from broker.market.outgoing import Outgoing
from broker.market.sessions.block_book import participants
from broker.market.terms import Terms
from broker.network.grid_text import grid_text
from hems.control.heard_rounds import HeardRounds
from wire.codec import encode
from wire.messages import Award, BlockBook, BlockEntry, BlockOrder, Book, Clearing, DayRules, Gate, Message, Side
from wire.signing import seal
from wire.slots import Slot
from wire.topics import topic

DOCUMENT = {
    "zones": {"north": ["home-1"], "south": ["home-2", "home-3"]},
    "lines": [{"from": "north", "to": "south", "capacity_w": 1_200}],
    "envelopes": [{"meter": "home-2", "export_limit_w": 800, "import_limit_w": None}],
    "charges": [
        {"from": start, "to": end, "micro_per_kwh": 20_000} for start, end in (("north", "south"), ("south", "north"))
    ],
    "losses": [{"from": start, "to": end, "ppm": 50_000} for start, end in (("north", "south"), ("south", "north"))],
}
WISHES = {"home-1": {**NOTHING, "min_quality": "local", "premiums": {"home-3": 9_000, "green": 1_000}}}
WISHES |= {"home-2": {**NOTHING, "quality": "green"}, "home-3": {**NOTHING, "quality": "local"}}
AGREED = NetworkAgreed(at_s=START_S, network=grid_text(DOCUMENT), preferences=preferences_text(WISHES))
ASKING = {
    "operating_envelope": ("limits",),
    "zonal_uniform_price": ("limits", "zones", "lines"),
    "network_charges": ("limits", "zones", "charges"),
    "loss_factors": ("limits", "zones", "losses"),
    "preference_matching": ("wishes",),
    "admm_bilateral": ("wishes",),
    "uniform_price_k_double_auction": (),
}


def cleared(mechanism: str, agreed: NetworkAgreed = AGREED, numbers: tuple[int, ...] = (1,)) -> Watched:
    watched = Watched(Terms(community=COMMUNITY, mechanism=mechanism, group_min=2), START_S, agreed)
    for number in numbers:
        trade(watched, number)
    return watched


def trade(watched: Watched, number: int) -> list[Message]:
    at = slot(number)
    now_s = at.start_s - 120
    watched.step(now_s)
    watched.send(now_s, order(1, at, BUY), order(2, at, CHEAP), order(3, at, DEAR))
    return watched.step(at.start_s - 60)


def heard(watched: Watched, kind: type[Message]) -> list[Message]:
    return [out.message for out in watched.heard if isinstance(out.message, kind)]


def report(watched: Watched) -> Report:
    return verify(read_archive(list(archive_lines(watched.heard, KEY)), KEY.public))


def found(watched: Watched) -> set[str]:
    return {str(violation.check) for violation in report(watched).violations}


@pytest.mark.parametrize("mechanism", ASKING)
def test_a_clearing_by_network_or_preferences_is_made_again_from_what_is_published(mechanism: str) -> None:
    checked = cleared(mechanism).verified()
    assert checked.unchecked == []
    assert checked.awards == 3


@pytest.mark.parametrize("mechanism", ASKING)
def test_only_what_a_mechanism_asks_for_is_published_and_it_names_no_meter(mechanism: str) -> None:
    pages = heard(cleared(mechanism), DayRules)
    assert len(pages) == bool(ASKING[mechanism])
    told = set()
    for page in pages:
        assert isinstance(page, DayRules)
        assert b"home-" not in encode(page)
        told |= {"lines"} if page.lines else set()
        told |= {"charges"} if page.charges else set()
        told |= {"losses"} if page.losses else set()
        for row in page.members:
            told |= {"zones"} if row.zone is not None else set()
            told |= {"limits"} if row.export_limit_w is not None or row.import_limit_w is not None else set()
            told |= {"wishes"} if row.premiums or row.partners or row.quality != "grey" else set()
    assert told == set(ASKING[mechanism])


def test_the_rules_are_told_once_a_day_and_every_gate_names_them() -> None:
    watched = cleared("zonal_uniform_price", numbers=(1, 3, 5))
    assert len(heard(watched, DayRules)) == 1
    assert {gate.rules for gate in heard(watched, Gate) if isinstance(gate, Gate)} == {1}


def test_a_member_is_shown_what_was_published_about_it() -> None:
    said = cleared("zonal_uniform_price").verified().own_rules
    assert [text.partition("says of ")[2] for text in said] == [
        "home-1: in zone north",
        "home-2: in zone south, exports at most 800 W",
        "home-3: in zone south",
    ]
    (first, *_) = cleared("preference_matching").verified().own_rules
    assert "buys at least local energy, adds 9000 micro/kWh for " in first


def test_a_change_of_the_network_is_a_new_revision_that_everybody_sees() -> None:
    watched = cleared("operating_envelope")
    wider = {**DOCUMENT, "envelopes": [{"meter": "home-2", "export_limit_w": 1_600, "import_limit_w": None}]}
    agreed = NetworkAgreed(at_s=START_S, network=grid_text(wider), preferences="")
    watched.say(watched.market.agree([enrolled(n) for n in (1, 2, 3)], slot(1).end_s, network=agreed), slot(1).end_s)
    assert awarded(trade(watched, 3)) == {"home-1": 500, "home-2": -400, "home-3": -100}
    checked = watched.verified()
    assert [text.partition(": ")[2] for text in checked.changes] == [
        "revision 2 of the rules: 0 lines, charges and losses, 1 members changed, 0 new, 0 without a row"
    ]


def changed(watched: Watched, kind: type[Message], **changes: object) -> Watched:
    watched.heard = [
        Outgoing(out.message.model_copy(update=changes), out.meter) if isinstance(out.message, kind) else out
        for out in watched.heard
    ]
    return watched


def test_rules_that_are_hidden_changed_or_older_than_before_are_found() -> None:
    hidden = cleared("operating_envelope")
    hidden.heard = [out for out in hidden.heard if not isinstance(out.message, DayRules)]
    assert "rules" in found(hidden)
    assert {"log", "clearing"} <= found(changed(cleared("operating_envelope"), DayRules, members=()))
    assert {"log", "clearing"} <= found(changed(cleared("loss_factors"), DayRules, losses=()))
    assert "rules" in found(changed(cleared("zonal_uniform_price"), DayRules, pages=2))
    two = cleared("zonal_uniform_price", numbers=(1, 3))
    last = heard(two, Gate)[-1]
    two.heard = [
        Outgoing(out.message.model_copy(update={"rules": 0}), out.meter) if out.message == last else out
        for out in two.heard
    ]
    assert "rules" in found(two)


def test_orders_whose_results_no_message_can_hold_are_a_finding_and_no_traceback() -> None:
    watched = cleared("uniform_price_k_double_auction")
    (page,) = [m for m in heard(watched, Book) if isinstance(m, Book) and m.entries]
    huge = ((250_000, 10**9), (249_000, 10**9))
    entries = tuple(
        entry.model_copy(update={"buy": huge if entry.buy else (), "sell": () if entry.buy else huge})
        for entry in page.entries
    )
    assert {"clearing", "gate_root"} <= found(changed(watched, Book, entries=entries))
    said = [str(violation) for violation in report(watched).violations]
    assert any("no message can hold" in text for text in said)


def test_rules_in_two_versions_are_a_contradiction_and_rows_of_strangers_are_found() -> None:
    twice = cleared("operating_envelope")
    (page,) = heard(twice, DayRules)
    assert isinstance(page, DayRules)
    stranger = page.members[0].model_copy(update={"pseudonym": "f" * 16})
    twice.heard.append(Outgoing(page.model_copy(update={"members": (*page.members, stranger)})))
    assert "contradiction" in found(twice)
    assert "roster" in found(changed(cleared("operating_envelope"), DayRules, members=(stranger,)))


def ahead(*orders: Message) -> Watched:
    watched = Watched(STAGED, MORNING)
    watched.send(MORNING, *orders)
    watched.step(NOON)
    return watched


WASH = block(1, "wash", Side.BUY, 250_000, 600, 400, group="night")
SUN = [staged(2, at, "day_ahead", Side.SELL, 150_000, 1_000) for at in (TRADED, TRADED.shifted(1))]


def test_linked_and_exclusive_blocks_of_several_members_are_cleared_again() -> None:
    watched = ahead(
        WASH,
        block(1, "later", Side.BUY, 240_000, 0, 500, group="night"),
        block(3, "base", Side.SELL, 140_000, 300, 300, accepted_min_permille=500),
        block(3, "peak", Side.SELL, 130_000, 0, 200, parent="base"),
        block(3, "lost", Side.SELL, 120_000, 10, parent="nowhere"),
        *SUN,
        staged(1, TRADED, "day_ahead", Side.BUY, 200_000, 70),
    )
    checked = watched.verified()
    assert (checked.unchecked, checked.blocks) == ([], 5)
    assert b"home-" not in b"".join(encode(out.message) for out in watched.heard if not out.meter)
    assert b"wash" not in b"".join(encode(out.message) for out in watched.heard if not out.meter)


def test_a_block_over_midnight_utc_is_cleared_again_under_both_pseudonyms() -> None:
    watched = Watched(STAGED, MORNING)
    first = Slot(MORNING - MORNING % 86_400 + 23 * 3_600, 60)  # midnight in Berlin
    across = block(1, "across", Side.BUY, 250_000, 600, 400, first_slot=first.label)
    after = first.shifted(1)
    watched.send(
        MORNING,
        across,
        block(1, "child", Side.BUY, 240_000, 100, first_slot=after.label, parent="across"),
        staged(2, first, "day_ahead", Side.SELL, 150_000, 1_000),
        staged(2, after, "day_ahead", Side.SELL, 150_000, 1_000),
    )
    sent = watched.step(NOON)
    bought = {m.slot: m.bought_wh for m in sent if isinstance(m, Award) and m.meter == "home-1" and m.bought_wh}
    assert bought == {first.label: 600, after.label: 500}
    (entry,) = [e for m in sent if isinstance(m, BlockBook) for e in m.entries if e.next_pseudonym is not None]
    assert entry.next_pseudonym != entry.pseudonym
    checked = watched.verified()
    assert checked.blocks == 2


def test_a_meter_hands_a_whole_day_with_its_blocks_over_at_once() -> None:
    rounds, archives = HeardRounds(), []
    for out in ahead(WASH, *SUN).heard:
        if not out.meter:
            (line,) = archive_lines([out], KEY)
            archives += [lines] if (lines := rounds.hear(out.message, line)) else []
    reports = [verify(read_archive(lines, KEY.public)) for lines in archives]
    assert [report_.blocks for report_ in reports if report_.blocks] == [1]
    for report_ in reports:
        assert report_.violations == []
        assert not [text for text in report_.unchecked if "replayed" in text]


def changed_book(watched: Watched, **changes: object) -> Watched:
    watched.heard = [
        Outgoing(
            out.message.model_copy(
                update={"entries": tuple(e.model_copy(update=changes) for e in out.message.entries)}
            )
        )
        if isinstance(out.message, BlockBook)
        else out
        for out in watched.heard
    ]
    return watched


def test_block_orders_that_are_hidden_changed_or_of_nobody_are_found() -> None:
    hidden = ahead(WASH, *SUN)
    hidden.heard = [out for out in hidden.heard if not isinstance(out.message, BlockBook)]
    assert "book" in found(hidden)
    assert {"gate_root", "clearing"} <= found(changed_book(ahead(WASH, *SUN), price_micro_per_kwh=110_000))
    assert {"gate_root", "book"} <= found(changed_book(ahead(WASH, *SUN), pseudonym="f" * 16))
    assert "book" in found(changed(ahead(WASH, *SUN), BlockBook, slots=25))
    price = changed(ahead(WASH, *SUN), Clearing, volume_wh=1)
    assert "clearing" in found(price)


def test_an_own_block_that_was_receipted_and_is_not_published_as_it_was_is_found() -> None:
    newer = block(1, "wash", Side.BUY, 260_000, 600, 400, sequence=2)
    watched = ahead(WASH, newer, *SUN)
    lines = list(archive_lines(watched.heard, KEY))
    own = [
        line_of(
            topic(BlockOrder.kind, COMMUNITY, "home-1"), seal(meter_key(1), BlockOrder.kind, COMMUNITY, encode(m))
        )
        for m in (WASH, newer)
    ]
    assert verify(read_archive([*lines, *own], KEY.public)).violations == []
    without = list(archive_lines(changed(watched, BlockBook, entries=()).heard, KEY))
    checks = {str(v.check) for v in verify(read_archive([*without, *own], KEY.public)).violations}
    assert checks == {"own_order", "gate_root", "clearing", "awards_root", "own_award"}


def test_pseudonyms_are_joined_where_blocks_show_that_they_are_of_one_member() -> None:
    (entry,) = [e for m in heard(ahead(WASH, *SUN), BlockBook) if isinstance(m, BlockBook) for e in m.entries]

    def shown(name: str, block_: str, **keys: object) -> BlockEntry:
        return entry.model_copy(update={"pseudonym": name * 16, "block": block_ * 16, "group": None, **keys})

    parts = [
        shown("f", "1", next_pseudonym="e" * 16),
        shown("c", "2", parent="1" * 16),
        shown("d", "3", group="9" * 16),
        shown("a", "4", group="9" * 16),
        shown("b", "5"),
    ]
    joined = {"f": "c", "e": "c", "c": "c", "d": "a", "a": "a", "b": "b"}
    assert participants(parts) == participants(parts[::-1]) == {k * 16: v * 16 for k, v in joined.items()}
