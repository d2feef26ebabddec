"""Limits that change from slot to slot in the live market: what is awarded, journaled, published and replayed."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from carried_rig import assert_same_after
from market_rig import START_S, TERMS, FakeJournal, enrolled, inbound, order, report, service, slot
from test_calendar import DAY_AHEAD
from test_honest_stages import Watched
from test_market_stages import MORNING, NOON, TRADED
from test_market_stages import TERMS as STAGED
from test_market_stages import order as staged

from broker.market.events import GateClosed, LimitsGiven, NetworkAgreed, decode_event
from broker.network.grid_text import grid_text
from broker.network.slot_limits import PowerLimits, SlotLimits
from wire.messages import Award, Conditions, DayRules, Gate, Message, Side
from wire.slots import Slot

SELL, BUY = (Side.SELL, 150_000, 800), (Side.BUY, 250_000, 500)
NETWORK = grid_text(
    {
        "zones": {"north": ["home-1", "home-3"], "south": ["home-2"]},
        "lines": [{"from": "north", "to": "south", "capacity_w": 1_200}],
        "envelopes": [{"meter": "home-1", "export_limit_w": 1_600, "import_limit_w": None}],
        "charges": [],
    }
)


class Told:
    """A network operator that says what it likes about each slot."""

    def __init__(self, limits: Mapping[int, SlotLimits]) -> None:
        self.by_slot = dict(limits)

    def limits(self, at: Slot) -> str:
        return self.by_slot.get(at.start_s, SlotLimits()).text()


def exports(watts: int) -> SlotLimits:
    return SlotLimits({"home-1": PowerLimits(watts, None)})


def imports(meter: str, watts: int) -> SlotLimits:
    return SlotLimits({meter: PowerLimits(None, watts)})


def carries(watts: int) -> SlotLimits:
    return SlotLimits(lines={("north", "south"): watts})


def watched(mechanism: str, told: Told) -> Watched:
    agreed = NetworkAgreed(at_s=START_S, network=NETWORK, preferences="")
    return Watched(replace(TERMS, mechanism=mechanism), START_S, agreed, told)


def sold(sent: list[Message], meter: str = "home-1") -> int:
    return next((m.sold_wh for m in sent if isinstance(m, Award) and m.meter == meter), 0)


def played(market: Watched, slots: int) -> list[int]:
    """What home-1 sells in each slot to home-2, once every gate has closed."""
    traded = []
    for at in map(slot, range(1, slots + 1)):
        market.send(START_S, order(1, at, SELL), order(2, at, BUY), order(3, at, (Side.SELL, 260_000, 10)))
    for at in map(slot, range(1, slots + 1)):
        traded.append(sold(market.step(at.start_s - 60)))
    return traded


@pytest.mark.parametrize(
    ("mechanism", "told", "traded"),
    [
        ("operating_envelope", {1: exports(1_000), 3: exports(0)}, [250, 400, 0, 400]),
        ("operating_envelope", {2: imports("home-2", 40)}, [400, 10, 400, 400]),
        (
            "operating_envelope",
            {2: exports(9_000), 4: SlotLimits({"home-1": PowerLimits(None, 0)})},
            [400, 500, 400, 500],
        ),
        ("zonal_uniform_price", {2: carries(400), 3: carries(9_000)}, [300, 100, 400, 300]),
    ],
)
def test_each_slot_is_cleared_within_its_own_limits_and_everybody_can_check_it(
    mechanism: str, told: dict[int, SlotLimits], traded: list[int]
) -> None:
    market = watched(mechanism, Told({slot(number).start_s: limits for number, limits in told.items()}))
    assert played(market, 4) == traded
    found = market.verified()
    assert found.unchecked == []
    rules = [out.message for out in market.heard if isinstance(out.message, DayRules)]
    gates = [out.message for out in market.heard if isinstance(out.message, Gate)]
    assert [gate.rules for gate in gates] == sorted(gate.rules for gate in gates)
    assert {gate.rules for gate in gates} == {page.revision for page in rules}
    again = service(FakeJournal(market.journal.kept), terms=replace(TERMS, mechanism=mechanism))
    assert again.market.log.head() == market.market.market.log.head()


def test_limits_stand_in_the_journal_before_their_gate_and_only_where_they_differ() -> None:
    market = watched("operating_envelope", Told({slot(n).start_s: exports(1_000) for n in (2, 3)}))
    played(market, 4)
    events = [decode_event(record) for record in market.journal.kept]
    found = [event for event in events if isinstance(event, LimitsGiven | GateClosed)]
    assert [(type(event).__name__, event.slot_s) for event in found] == [
        ("GateClosed", slot(0).start_s),
        ("GateClosed", slot(1).start_s),
        ("LimitsGiven", slot(2).start_s),
        ("GateClosed", slot(2).start_s),
        ("LimitsGiven", slot(3).start_s),
        ("GateClosed", slot(3).start_s),
        ("GateClosed", slot(4).start_s),
    ]
    rules = [out.message for out in market.heard if isinstance(out.message, DayRules)]
    assert [page.revision for page in rules] == [1, 2, 3]  # the fixed limits, the operator's, the fixed ones again


@pytest.mark.parametrize(
    ("mechanism", "told", "states"),
    [
        ("operating_envelope", {2: exports(9_000)}, ["constrained", "normal", "constrained"]),
        (
            "operating_envelope",
            {1: exports(9_000), 2: imports("home-2", 1_000)},
            ["normal", "constrained", "constrained"],
        ),
        (
            "zonal_uniform_price",
            {2: carries(9_000), 3: SlotLimits({"home-1": PowerLimits(9_000, None)})},
            ["constrained"] * 3,
        ),
        ("uniform_price_k_double_auction", {1: exports(0)}, ["normal"] * 3),
    ],
)
def test_the_conditions_say_when_the_network_kept_somebody_from_trading_more(
    mechanism: str, told: dict[int, SlotLimits], states: list[str]
) -> None:
    market = watched(mechanism, Told({slot(number).start_s: limits for number, limits in told.items()}))
    played(market, 3)
    said = {m.slot: m.network_state for out in market.heard if isinstance(m := out.message, Conditions)}
    assert [said[slot(number + 1).label] for number in (1, 2, 3)] == states


def test_a_market_that_does_not_ask_for_limits_does_not_journal_them() -> None:
    market = watched("uniform_price_k_double_auction", Told({slot(1).start_s: exports(0)}))
    assert played(market, 1) == [500]
    assert not any(isinstance(decode_event(record), LimitsGiven) for record in market.journal.kept)


def test_slots_that_close_at_one_gate_have_each_its_own_limits() -> None:
    stages = (DAY_AHEAD.model_copy(update={"mechanism": "operating_envelope"}), *STAGED.stages[1:])
    terms, journal, told = replace(STAGED, stages=stages), FakeJournal(), Told({})
    market = service(journal, terms=terms, limits=told)
    agreed = NetworkAgreed(at_s=MORNING, network=NETWORK, preferences="")
    market.agree([enrolled(1), enrolled(2)], MORNING, network=agreed)
    market.step(MORNING)
    slots = [TRADED.shifted(number) for number in range(5)]
    told.by_slot = {at.start_s: exports(100 * number) for number, at in enumerate(slots[:4])}
    for at in slots:
        sent = (staged(1, at, "day_ahead", *SELL), staged(2, at, "day_ahead", Side.BUY, 250_000, 2_000))
        market.handle([inbound(number, item) for number, item in enumerate(sent, 1)], MORNING)
    sent_now = [out.message for out in market.step(NOON)]
    by_slot = {m.slot: m.sold_wh for m in sent_now if isinstance(m, Award) and m.meter == "home-1"}
    assert [by_slot.get(at.label, 0) for at in slots] == [0, 100, 200, 300, 800]
    assert service(FakeJournal(journal.kept), terms=terms).market.log.head() == market.market.log.head()


def test_a_slot_with_limits_goes_on_from_any_cut_of_its_journal() -> None:
    market = watched("operating_envelope", Told({slot(n).start_s: exports(300 * n) for n in (1, 2, 4)}))
    played(market, 4)
    at = slot(1)
    market.send(
        at.end_s, report(1, at, (0, 0), (0, 75)), report(2, at, (0, 75), (0, 0)), report(3, at, (0, 0), (0, 0))
    )
    market.step(slot(5).start_s)
    for cut in range(0, len(market.journal.kept), 3):
        assert_same_after(market.journal.kept, cut, replace(TERMS, mechanism="operating_envelope"))
