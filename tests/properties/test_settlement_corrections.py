"""Late, replaced and estimated readings: what was posted plus the corrections is a settlement of the final values."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.ledger.transfer import account
from broker.market.delivery.missing_readings import spread
from broker.market.delivery.posting import slot_due
from broker.market.delivery.slot_positions import current_positions
from broker.market.events import (
    CorrectionDue,
    Enrolled,
    Event,
    Received,
    RegulationAgreed,
    SlotOpened,
    decode_event,
    encode_event,
)
from broker.market.market import Market
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Terms
from broker.settlement.regulation import Band, Charge, Regulation, Subscription, Tax
from broker.settlement.statement import statement
from wire.codec import encode
from wire.commitments import settlement_bytes
from wire.messages import MeterReport, Order, OrderStep, Rejection, Settlement, SettlementItem, Side
from wire.signing import key_from_seed, seal
from wire.slots import Slot

COMMUNITY, START_S = "elm", 1_800_000_000
KEYS = {f"home-{n}": key_from_seed(bytes([n]) * 32) for n in range(1, 5)}
SLOTS = [Slot(START_S + 900 * n, 15) for n in range(1, 7)]
REGULATION = Regulation(
    name="test",
    time_zone="UTC",
    charges=(
        Charge(
            item=SettlementItem.NETWORK_CHARGE,
            label="use",
            payee="network_operator",
            on="drawn",
            rate_nano_per_kwh=71_234_567,
            local_reduction=5_700,
            bands=(
                Band(
                    start_minute=0,
                    end_minute=495,
                    weekdays=tuple(range(7)),
                    months=tuple(range(1, 13)),
                    rate_nano_per_kwh=33_333_333,
                ),
            ),
        ),
        Charge(
            item=SettlementItem.INCENTIVE, label="premium", payee="state", on="fed_in_local", rate_nano_per_kwh=-1_001
        ),
    ),
    subscriptions=(
        Subscription(item=SettlementItem.FEE, label="day fee", payee="community", per="day", amount_nano=123_456_789),
    ),
    taxes=(
        Tax(
            label="VAT",
            payee="state",
            share=1_900,
            on=(SettlementItem.OUTSIDE, SettlementItem.NETWORK_CHARGE, SettlementItem.FEE),
        ),
    ),
)
RULES = {
    "netting": {"imbalance": "mid_market_rate"},
    "two prices": {"imbalance": "two_price", "short_adder_micro_per_kwh": 11, "long_deduction_micro_per_kwh": 7},
    "outside, penalty": {
        "imbalance": "outside_prices",
        "penalty_micro_per_kwh": 9_999,
        "penalty_tolerance_wh": 10,
        "penalty_tolerance_permille": 50,
    },
    "sharing": {"mechanism": "mid_market_rate"},
    "first in, first out": {"allocation": "first_in_first_out", "penalty_micro_per_kwh": 5_000},
}


@dataclass
class World:
    """A market with its messages: four meters whose registers run through six slots."""

    rules: dict[str, object]
    energies: dict[str, list[tuple[int, int]]]
    events: list[Event] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.market = Market(Terms(community=COMMUNITY, **self.rules), bytes(32))  # type: ignore[arg-type]
        self.apply(RegulationAgreed(at_s=0, regulation=REGULATION.text()))
        for meter, key in KEYS.items():
            self.apply(
                Enrolled(
                    at_s=0,
                    meter=meter,
                    public_key=key.public_hex,
                    nameplate_import_w=11_000,
                    nameplate_export_w=11_000,
                )
            )
        for slot in SLOTS:
            self.apply(SlotOpened(at_s=START_S, slot_s=slot.start_s, retail_micro=300_000, feed_in_micro=100_000))

    def apply(self, event: Event) -> None:
        self.events.append(event)
        for out in self.market.apply(decode_event(encode_event(event))):
            if isinstance(out.message, Settlement):
                self.settlements.append(out.message)
            if isinstance(out.message, Rejection):
                self.rejections.append(out.message)

    def send(self, meter: str, message: Order | MeterReport, at_s: int) -> None:
        frame = seal(KEYS[meter], message.kind, COMMUNITY, encode(message)).decode("latin-1")
        self.apply(Received(at_s=at_s, kind=message.kind, meter=meter, frame=frame))

    def step(self, now_s: int) -> None:
        while due := self.market.due(now_s):
            for event in due:
                self.apply(event)

    def order(self, meter: str, slot: Slot, side: Side, energy_wh: int) -> None:
        if "mechanism" in self.rules:
            return
        price = 250_000 if side is Side.BUY else 150_000
        step = OrderStep(side=side, price_micro_per_kwh=price, energy_wh=energy_wh)
        message = Order(
            community=COMMUNITY,
            meter=meter,
            stage="intraday",
            slot=slot.label,
            sequence=1,
            steps=(step,),
            sent_at=slot.label,
        )
        self.send(meter, message, START_S)

    def report(self, meter: str, index: int, at_s: int, **update: object) -> None:
        imported = [sum(e[0] for e in self.energies[meter][:n]) for n in (index, index + 1)]
        exported = [sum(e[1] for e in self.energies[meter][:n]) for n in (index, index + 1)]
        message = MeterReport(
            community=COMMUNITY,
            meter=meter,
            slot=SLOTS[index].label,
            sequence=1,
            import_from_wh=imported[0],
            import_to_wh=imported[1],
            export_from_wh=exported[0],
            export_to_wh=exported[1],
            quality="measured",
            replaces=None,
        )
        self.send(meter, message.model_copy(update=update), at_s)

    def books(self) -> list[SlotBook]:
        return [self.market.books[slot.start_s] for slot in SLOTS]


ENERGIES = st.fixed_dictionaries(
    {
        meter: st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 2_000)), min_size=6, max_size=6)
        for meter in KEYS
    }
)
ORDERS = st.lists(
    st.tuples(st.sampled_from(sorted(KEYS)), st.integers(0, 5), st.sampled_from(list(Side)), st.integers(1, 1_500)),
    max_size=12,
    unique_by=lambda order: order[:2],
)
MISSING = st.sets(st.tuples(st.sampled_from(sorted(KEYS)), st.integers(0, 5)), max_size=14)


def check_books(world: World) -> None:
    """Ledger and messages are those of settlements on what is known now, and no sum is off by a unit."""
    market = world.market
    due: dict[str, int] = {}
    for book in world.books():
        for t in slot_due(current_positions(book), book, market.terms).transfers:
            due[t.payer] = due.get(t.payer, 0) - t.amount_nano
            due[t.payee] = due.get(t.payee, 0) + t.amount_nano
    assert {name: market.accounts.balance(name) for name in due} == due
    assert market.accounts.sum_nano() == 0
    for meter in KEYS:
        own = [s for s in world.settlements if s.meter == meter]
        assert statement(meter, own).total_nano == -market.accounts.balance(account(meter))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@settings(max_examples=12)
@given(energies=ENERGIES, orders=ORDERS, missing=MISSING, rng=st.randoms(use_true_random=False))
def test_after_late_reports_everything_is_as_if_they_had_come_in_time(
    rules: dict[str, object],
    energies: dict[str, list[tuple[int, int]]],
    orders: list[tuple[str, int, Side, int]],
    missing: set[tuple[str, int]],
    rng: random.Random,
) -> None:
    late, punctual = World(rules, energies), World(rules, energies)
    for world in (late, punctual):
        for meter, index, side, energy_wh in orders:
            world.order(meter, SLOTS[index], side, energy_wh)
        for index, slot in enumerate(SLOTS):
            world.step(slot.end_s)
            for meter in sorted(KEYS):
                if world is punctual or (meter, index) not in missing:
                    world.report(meter, index, slot.end_s)
            world.step(slot.end_s + 900)
    check_books(late)
    before = [encode(s) for s in late.settlements]
    crowd = sorted(missing)
    rng.shuffle(crowd)
    now_s = SLOTS[-1].end_s + 10_000
    for meter, index in crowd:
        late.report(meter, index, now_s)
        if rng.random() < 0.5:
            now_s += 1_000
            late.step(now_s)
            check_books(late)
    late.step(now_s + 1_000)
    check_books(late)
    assert not late.rejections
    assert [encode(s) for s in late.settlements][: len(before)] == before
    for name in sorted({account(m) for m in KEYS} | {"community", "outside", "state", "network_operator"}):
        assert late.market.accounts.balance(name) == punctual.market.accounts.balance(name), name
    for meter in KEYS:
        newest = {s.slot: s for s in late.settlements if s.meter == meter}
        assert all(s.quality == "measured" for s in newest.values())
        flows = (SettlementItem.AWARD, SettlementItem.IMBALANCE, SettlementItem.OUTSIDE)
        own = [line for s in late.settlements if s.meter == meter for line in s.lines]
        settled_wh = sum(line.energy_wh for line in own if (line.of or line.item) in flows)
        register_wh = sum(imported - exported for imported, exported in energies[meter])
        assert sum(s.metered_wh for s in newest.values()) == settled_wh == register_wh


@settings(max_examples=25)
@given(energies=ENERGIES, missing=MISSING, rng=st.randoms(use_true_random=False))
def test_the_energy_of_a_gap_is_settled_as_soon_as_the_next_report_tells_it(
    energies: dict[str, list[tuple[int, int]]], missing: set[tuple[str, int]], rng: random.Random
) -> None:
    """First and last slot are reported: then all that lies between is known in sum, and marked estimated."""
    world = World(RULES["netting"], energies)
    for meter, index in sorted(missing):
        world.order(meter, SLOTS[index], rng.choice(list(Side)), rng.randint(1, 1_500))
    inner = {(meter, index) for meter, index in missing if 0 < index < 5}
    for index, slot in enumerate(SLOTS):
        world.step(slot.end_s)
        for meter in sorted(KEYS):
            if (meter, index) not in inner:
                world.report(meter, index, slot.end_s)
        world.step(slot.end_s + 900)
    world.step(SLOTS[-1].end_s + 5_000)
    check_books(world)
    for meter in KEYS:
        newest = {s.slot: s for s in world.settlements if s.meter == meter}
        register_wh = sum(imported - exported for imported, exported in energies[meter])
        assert sum(s.metered_wh for s in newest.values()) == register_wh
        estimated = {label for label, s in newest.items() if s.quality == "estimated"}
        assert estimated == {SLOTS[index].label for m, index in inner if m == meter}


@settings(max_examples=25)
@given(energies=ENERGIES, value=st.integers(0, 2_000))
def test_a_replaced_value_needs_a_reason_and_is_settled_by_its_difference(
    energies: dict[str, list[tuple[int, int]]], value: int
) -> None:
    world = World(RULES["outside, penalty"], energies)
    world.order("home-1", SLOTS[0], Side.BUY, 500)
    world.order("home-2", SLOTS[0], Side.SELL, 500)
    for index, slot in enumerate(SLOTS):
        world.step(slot.end_s)
        for meter in sorted(KEYS):
            world.report(meter, index, slot.end_s)
        world.step(slot.end_s)
    posted = list(world.settlements)
    at_s = SLOTS[-1].end_s + 5_000
    start = energies["home-1"][0][0]
    other = {"sequence": 2, "import_from_wh": 0, "import_to_wh": value, "export_from_wh": 0, "export_to_wh": 0}
    world.report("home-1", 0, at_s, **other)
    assert [r.code for r in world.rejections] == ["no_reason"]
    world.report("home-1", 0, at_s, **other, replaces="the display was misread")
    world.step(at_s)
    check_books(world)
    news = world.settlements[len(posted) :]
    assert {s.corrects for s in news} <= {s.log_index for s in posted if s.slot == SLOTS[0].label}
    assert all(line.item is SettlementItem.CORRECTION for s in news for line in s.lines)
    net = start - energies["home-1"][0][1]
    if value != net:
        (own,) = (s for s in news if s.meter == "home-1")
        assert own.metered_wh == value
    else:
        assert not news


def test_a_value_after_the_window_is_refused_and_changes_nothing() -> None:
    world = World(RULES["netting"], {meter: [(100, 0)] * 6 for meter in KEYS})
    for slot in SLOTS:
        world.step(slot.end_s)
    world.step(SLOTS[-1].end_s + 900)
    balances = {meter: world.market.accounts.balance(account(meter)) for meter in KEYS}
    world.report("home-1", 0, SLOTS[0].end_s + 3 * 86_400 + 1)
    world.step(SLOTS[0].end_s + 3 * 86_400 + 1)
    assert [r.code for r in world.rejections] == ["already_settled"]
    assert {meter: world.market.accounts.balance(account(meter)) for meter in KEYS} == balances


def test_corrections_are_gathered_and_replay_to_the_same_bytes() -> None:
    world = World(RULES["netting"], {meter: [(100, 0)] * 6 for meter in KEYS})
    for slot in SLOTS:
        world.step(slot.end_s + 900)
    at_s = SLOTS[-1].end_s + 2_000
    for meter in ("home-1", "home-2"):
        world.report(meter, 0, at_s)
        world.step(at_s)
    assert not any(s.corrects is not None for s in world.settlements)
    assert world.market.next_due_s(at_s + 895) == at_s + 900
    world.step(at_s + 900)
    assert sum(isinstance(event, CorrectionDue) for event in world.events) == 1
    again = Market(world.market.terms, bytes(32))
    messages = [out.message for event in world.events for out in again.apply(event)]
    assert [m for m in messages if isinstance(m, Settlement)] == world.settlements
    assert again.log.head() == world.market.log.head()
    salts = [s.salt for s in world.settlements]
    assert len(set(salts)) == len(salts)
    assert all(settlement_bytes(s) for s in world.settlements)


def test_books_stay_as_long_as_they_can_be_corrected_and_no_longer() -> None:
    world = World({"correct_within_s": 5 * 86_400}, {meter: [(100, 0)] * 6 for meter in KEYS})
    for slot in SLOTS:
        world.step(slot.end_s + 900)
    later = Slot(SLOTS[0].start_s + 5 * 86_400 - 900, 15)
    world.apply(SlotOpened(at_s=START_S, slot_s=later.start_s, retail_micro=1, feed_in_micro=0))
    world.step(later.end_s + 900)
    assert SLOTS[0].start_s in world.market.books
    last = later.shifted(3)
    world.apply(SlotOpened(at_s=START_S, slot_s=last.start_s, retail_micro=1, feed_in_micro=0))
    world.step(last.end_s + 900)
    assert SLOTS[0].start_s not in world.market.books


def test_the_day_fee_is_posted_once_with_the_last_slot_of_the_day_and_survives_a_correction() -> None:
    """00:00 UTC is 64,800 s before the start: the day's last slot is found by its local date."""
    midnight = START_S - START_S % 86_400 + 86_400
    last = Slot(midnight - 900, 15)
    world = World(RULES["netting"], {meter: [(100, 0)] * 6 for meter in KEYS})
    world.apply(SlotOpened(at_s=START_S, slot_s=last.start_s, retail_micro=300_000, feed_in_micro=100_000))
    world.step(midnight + 900)
    fees = [(s.meter, line.amount_nano) for s in world.settlements for line in s.lines if line.label == "day fee"]
    assert fees == [(meter, 123_456_789) for meter in sorted(KEYS)]
    frame = MeterReport(
        community=COMMUNITY,
        meter="home-1",
        slot=last.label,
        sequence=1,
        import_from_wh=0,
        import_to_wh=700,
        export_from_wh=0,
        export_to_wh=0,
        quality="measured",
        replaces=None,
    )
    world.send("home-1", frame, midnight + 1_000)
    world.step(midnight + 2_000)
    (correction,) = (s for s in world.settlements if s.corrects is not None)
    assert (correction.meter, correction.metered_wh, correction.quality) == ("home-1", 700, "measured")
    assert [(line.of, line.label) for line in correction.lines] == [
        ("network_charge", "use"),
        ("outside", None),
        ("tax", "VAT"),
    ]
    assert all(line.label != "day fee" for line in correction.lines)


def test_an_estimate_of_the_meter_itself_is_replaced_by_a_measured_value_without_a_reason() -> None:
    world = World(RULES["netting"], {meter: [(100, 0)] * 6 for meter in KEYS})
    world.step(SLOTS[0].end_s)
    for meter in sorted(KEYS):
        world.report(meter, 0, SLOTS[0].end_s, quality="estimated")
    world.step(SLOTS[0].end_s)
    assert {s.quality for s in world.settlements} == {"estimated"}
    world.report("home-1", 0, SLOTS[0].end_s + 60, sequence=2)
    world.step(SLOTS[0].end_s + 60)
    assert not world.rejections
    (news,) = (s for s in world.settlements if s.corrects is not None)
    assert (news.meter, news.quality, news.lines, news.total_nano) == ("home-1", "measured", (), 0)


def test_a_replaced_meter_starts_anew_and_its_gap_stays_as_awarded() -> None:
    """Slots 1 and 2 have no report, slot 3 comes from another meter: nothing tells the energy between."""
    world = World(RULES["netting"], {meter: [(1_000, 0)] * 6 for meter in KEYS})
    for index, slot in enumerate(SLOTS[:4]):
        world.step(slot.end_s)
        for meter in sorted(KEYS):
            if meter != "home-1" or index == 0:
                world.report(meter, index, slot.end_s)
    at_s = SLOTS[3].end_s
    new = {"import_from_wh": 3, "import_to_wh": 503}
    world.report("home-1", 3, at_s, **new)
    assert [r.code for r in world.rejections] == ["register_went_back"]
    world.report("home-1", 3, at_s, **new, replaces="meter replaced")
    assert [book.estimates for book in world.books()[:4]] == [{}] * 4
    world.step(at_s + 900)
    settled = {s.slot: s.metered_wh for s in world.settlements if s.meter == "home-1"}
    assert settled == {SLOTS[0].label: 1_000, SLOTS[3].label: 500}
    after = MeterReport(
        community=COMMUNITY,
        meter="home-1",
        slot=SLOTS[4].label,
        sequence=1,
        import_from_wh=503,
        import_to_wh=600,
        export_from_wh=0,
        export_to_wh=0,
        quality="measured",
        replaces=None,
    )
    world.send("home-1", after, SLOTS[4].end_s)
    assert len(world.rejections) == 1


def test_closed_slots_of_a_long_gap_keep_what_was_settled_and_open_ones_get_their_share_by_time() -> None:
    """600 Wh over four missing slots of which two are closed: the open two share 300 Wh."""
    rules = {"correct_within_s": 3 * 900 - 1}
    world = World(rules, {meter: [(0, 0), (150, 0), (150, 0), (150, 0), (150, 0), (0, 0)] for meter in KEYS})
    for index, slot in enumerate(SLOTS):
        world.step(slot.end_s)
        for meter in sorted(KEYS):
            if meter != "home-1" or index == 0:
                world.report(meter, index, slot.end_s)
        world.step(slot.end_s + 900 if index == 5 else slot.end_s)
    world.report("home-1", 5, SLOTS[5].end_s)
    world.step(SLOTS[5].end_s + 900)
    assert [book.estimates.get("home-1") for book in world.books()] == [None, None, None, 150, 150, None]
    world.step(SLOTS[5].end_s + 1_900)
    check_books(world)


def test_the_gap_is_spread_over_awards_and_equal_parts_to_the_last_wh() -> None:
    """100 Wh over awards of 40, 0 and -10: 70 are left, 24 + 23 + 23."""
    assert spread(100, [40, 0, -10]) == [64, 23, 13]
    assert spread(-100, [40, 0, -10]) == [-4, -43, -53]
    assert spread(7, [7]) == [7]
