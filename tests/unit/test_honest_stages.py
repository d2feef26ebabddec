"""Honesty in every kind of session: who prefers or is limited still trades, and what is published is verified."""

import pytest
from market_rig import COMMUNITY, START_S, FakeJournal, enrolled, inbound, order, report, service, slot
from test_market_blocks import block
from test_market_stages import MORNING, NOON, TRADED
from test_market_stages import TERMS as STAGED
from test_market_stages import order as staged

from broker.audit.archive import read_archive
from broker.audit.report import Report
from broker.audit.verify import verify
from broker.clearing.preferences import preferences_text
from broker.control.ports import LimitSource
from broker.control.service import MarketService
from broker.io.export import archive_lines
from broker.market.events import NetworkAgreed
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from broker.network.grid_text import grid_text
from hems.control.market_auditor import MarketAuditor
from wire.codec import encode
from wire.messages import Award, BlockAward, Clearing, Message, Order, Receipt, Settlement, Side
from wire.signing import key_from_seed

KEY = key_from_seed(b"k" * 32)
NOTHING = {"quality": "grey", "min_quality": "any", "partners": None, "premiums": {}}
BUY, DEAR, CHEAP = (Side.BUY, 240_000, 500), (Side.SELL, 180_000, 500), (Side.SELL, 150_000, 500)


class Watched:
    """A market of three members; `heard` is everything it said, `auditors` are those of the members."""

    def __init__(
        self, terms: Terms, now_s: int, agreed: NetworkAgreed | None = None, limits: LimitSource | None = None
    ) -> None:
        self.journal = FakeJournal()
        self.market: MarketService = service(self.journal, terms=terms, limits=limits)
        self.auditors = {f"home-{n}": MarketAuditor(meter=f"home-{n}", community=COMMUNITY) for n in (1, 2, 3)}
        self.heard: list[Outgoing] = []
        self.say(self.market.standing(now_s, KEY.public_hex), now_s)
        self.say(self.market.agree([enrolled(n) for n in (1, 2, 3)], now_s, network=agreed), now_s)
        self.step(now_s)

    def say(self, sent: list[Outgoing], now_s: int) -> list[Message]:
        self.heard += sent
        for out in sent:
            for name, auditor in self.auditors.items():
                if out.meter in ("", name):
                    auditor.learn(out.message, now_s)
        return [out.message for out in sent]

    def step(self, now_s: int) -> list[Message]:
        return self.say(self.market.step(now_s), now_s)

    def send(self, now_s: int, *messages: Message) -> list[Message]:
        for message in messages:
            if isinstance(message, Order):
                self.auditors[message.meter].sent(message)
        items = [inbound(int(getattr(m, "meter")[-1]), m) for m in messages]  # noqa: B009
        return self.say(self.market.handle(items, now_s), now_s)

    def verified(self) -> Report:
        """The report of all that was said, with the private messages of everybody; the auditors are silent."""
        found = verify(read_archive(list(archive_lines(self.heard, KEY)), KEY.public), members=3)
        assert [v for auditor in self.auditors.values() for v in auditor.violations] == []
        assert found.violations == []
        return found


def awarded(sent: list[Message]) -> dict[str, int]:
    return {a.meter: a.bought_wh - a.sold_wh for a in sent if isinstance(a, Award)}


def one_round(mechanism: str, agreed: NetworkAgreed | None = None) -> tuple[dict[str, int], Report]:
    watched = Watched(Terms(community=COMMUNITY, mechanism=mechanism, group_min=2), START_S, agreed)
    watched.send(START_S, order(1, slot(1), BUY), order(2, slot(1), CHEAP), order(3, slot(1), DEAR))
    sent = watched.step(slot(1).start_s - 60)
    return awarded(sent), watched.verified()


def test_a_buyer_that_names_its_partner_buys_from_it_though_another_is_cheaper() -> None:
    rows = {"home-1": {**NOTHING, "partners": ["home-3"]}}
    agreed = NetworkAgreed(at_s=START_S, network="", preferences=preferences_text(rows))
    awards, report_ = one_round("preference_matching", agreed)
    assert awards == {"home-1": 500, "home-2": 0, "home-3": -500}
    assert report_.unchecked == []
    assert one_round("preference_matching")[0] == {"home-1": 500, "home-2": -500, "home-3": 0}


def test_a_premium_for_a_named_seller_and_the_quality_of_a_seller_are_found_under_pseudonyms() -> None:
    rows = {"home-1": {**NOTHING, "premiums": {"home-3": 50_000}}}
    agreed = NetworkAgreed(at_s=START_S, network="", preferences=preferences_text(rows))
    assert one_round("preference_matching", agreed)[0] == {"home-1": 500, "home-2": 0, "home-3": -500}
    rows = {"home-1": {**NOTHING, "min_quality": "green"}, "home-3": {**NOTHING, "quality": "green"}}
    agreed = NetworkAgreed(at_s=START_S, network="", preferences=preferences_text(rows))
    assert one_round("preference_matching", agreed)[0] == {"home-1": 500, "home-2": 0, "home-3": -500}


def test_an_envelope_holds_for_the_meter_it_is_of() -> None:
    limit = {"meter": "home-2", "export_limit_w": 800, "import_limit_w": None}
    text = grid_text({"envelopes": [limit], "zones": {}, "lines": [], "charges": []})
    awards, found = one_round("operating_envelope", NetworkAgreed(at_s=START_S, network=text, preferences=""))
    assert awards == {"home-1": 500, "home-2": -200, "home-3": -300}
    assert found.unchecked == []


@pytest.mark.parametrize("mechanism", ["continuous_double_auction", "pay_as_bid", "muda", "mcafee"])
def test_every_auction_is_cleared_again_from_its_book(mechanism: str) -> None:
    _, found = one_round(mechanism)
    assert found.unchecked == []
    assert found.awards == 3


def test_the_order_of_acceptance_is_in_the_book_and_decides_again() -> None:
    terms = Terms(community=COMMUNITY, mechanism="continuous_double_auction", group_min=2)
    for first, second in ((2, 3), (3, 2)):
        watched = Watched(terms, START_S)
        for number in (first, second):
            watched.send(START_S, order(number, slot(1), DEAR))
        watched.send(START_S, order(1, slot(1), BUY))
        assert awarded(watched.step(slot(1).start_s - 60)) == {
            "home-1": 500,
            f"home-{first}": -500,
            f"home-{second}": 0,
        }
        assert watched.verified().unchecked == []


def traded_twice() -> Watched:
    """Home 1 buys from home 2 the day before and again in the day."""
    watched = Watched(STAGED, MORNING)
    watched.send(
        MORNING,
        staged(1, TRADED, "day_ahead", Side.BUY, 200_000, 500),
        staged(2, TRADED, "day_ahead", Side.SELL, 200_000, 500),
    )
    assert awarded(watched.step(NOON)) == {"home-1": 500, "home-2": -500}
    now_s = TRADED.start_s - 3_000
    watched.step(now_s)
    watched.send(
        now_s,
        staged(1, TRADED, "intraday", Side.BUY, 200_000, 70, sequence=2),
        staged(2, TRADED, "intraday", Side.SELL, 200_000, 70, sequence=2),
    )
    watched.step(TRADED.start_s - 300)
    watched.step(TRADED.end_s)
    watched.send(
        TRADED.end_s,
        report(1, TRADED, (0, 600), (0, 0)),
        report(2, TRADED, (0, 0), (0, 570)),
    )
    return watched


def test_sessions_of_a_slot_are_verified_each_and_settled_together() -> None:
    watched = traded_twice()
    sent = watched.step(TRADED.end_s + 900)
    settled = {s.meter: s.award_wh for s in sent if isinstance(s, Settlement)}
    assert (settled["home-1"], settled["home-2"]) == (570, -570)
    found = watched.verified()
    assert not [text for text in found.unchecked if "replayed" in text]
    assert found.awards == 4


def test_a_correction_is_no_finding() -> None:
    watched = traded_twice()
    watched.step(TRADED.end_s + 900)
    late = report(3, TRADED, (0, 100), (0, 0))
    assert isinstance(watched.send(TRADED.end_s + 1_000, late)[0], Receipt)
    sent = watched.step(TRADED.end_s + 4_000)
    assert [s for s in sent if isinstance(s, Settlement)]
    watched.verified()


def test_a_day_with_blocks_is_cleared_again_and_its_awards_are_proven() -> None:
    watched = Watched(STAGED, MORNING)
    watched.send(
        MORNING,
        block(1, "wash", Side.BUY, 250_000, 600, 400),
        staged(2, TRADED, "day_ahead", Side.SELL, 150_000, 1_000),
        staged(2, TRADED.shifted(1), "day_ahead", Side.SELL, 150_000, 1_000),
    )
    sent = watched.step(NOON)
    assert [m.accepted_permille for m in sent if isinstance(m, BlockAward)] == [1000]
    found = watched.verified()
    assert found.awards == 4, "home 1 has no simple order, and its awards are under the root"
    assert (found.unchecked, found.blocks) == ([], 1)


def test_an_award_beside_a_replay_that_is_not_under_the_root_is_found() -> None:
    watched = Watched(STAGED, MORNING)
    watched.send(
        MORNING,
        block(1, "wash", Side.BUY, 250_000, 600, 400),
        staged(2, TRADED, "day_ahead", Side.SELL, 150_000, 1_000),
        staged(2, TRADED.shifted(1), "day_ahead", Side.SELL, 150_000, 1_000),
    )
    watched.step(NOON)
    watched.heard = [
        Outgoing(o.message.model_copy(update={"amount_nano": 1}), o.meter) if isinstance(o.message, Award) else o
        for o in watched.heard
    ]
    found = verify(read_archive(list(archive_lines(watched.heard, KEY)), KEY.public))
    assert {str(violation.check) for violation in found.violations} == {"own_award"}


def test_the_same_journal_gives_the_same_log_in_every_stage() -> None:
    watched = traded_twice()
    watched.step(TRADED.end_s + 900)
    again = service(FakeJournal(watched.journal.kept), terms=STAGED)
    assert again.market.publisher.checkpoint == watched.market.market.publisher.checkpoint is not None


def test_an_unknown_round_of_a_stage_is_not_taken_for_another() -> None:
    watched = traded_twice()
    text = [line.replace('"round":0', '"round":1') for line in archive_lines(watched.heard, KEY)]
    assert "signature" in {str(v.check) for v in verify(read_archive(text, KEY.public)).violations}


def test_nothing_public_of_a_day_with_blocks_names_a_meter() -> None:
    watched = Watched(STAGED, MORNING)
    lost = block(1, "lost", Side.BUY, 250_000, 600, parent="nowhere")
    watched.send(MORNING, lost, staged(2, TRADED, "day_ahead", Side.SELL, 150_000, 1_000))
    sent = watched.step(NOON)
    assert [m.reason for m in sent if isinstance(m, BlockAward)] == ["left_out"]
    ahead = [m for m in sent if isinstance(m, Clearing) and m.stage == "day_ahead"]
    assert {m.note for m in ahead} == {"1 block orders are left out"}
    assert b"home-" not in b"".join(encode(out.message) for out in watched.heard if not out.meter)
    watched.verified()
