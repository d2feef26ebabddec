"""Random days in several stages: the fold ignores order and repetition, positions balance, money is conserved."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.control.ports import NoRecorder
from broker.control.service import Inbound, MarketService
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.terms import OutsidePrices, Terms
from wire.codec import digest, encode
from wire.messages import (
    Acceptance,
    Award,
    BlockOrder,
    Checkpoint,
    Clearing,
    Message,
    MeterReport,
    Order,
    OrderStep,
    Proposal,
    Rejection,
    Settlement,
    Side,
    Stage,
    StageKind,
)
from wire.signing import key_from_seed, seal
from wire.slots import Slot

COMMUNITY = "elm"
DAY_S = 1_800_057_600  # 2027-01-16T00:00:00Z
NOON_S = DAY_S - 43_200
SLOTS = tuple(Slot(DAY_S + 3600 * k, 60) for k in range(3))
KEYS = {f"home-{n}": key_from_seed(bytes([n]) * 32) for n in range(1, 5)}
NAMEPLATE_W = 3_000
RESULTS = (Clearing, Award, Settlement, Checkpoint)


def stage(kind: StageKind, **keys: object) -> Stage:
    given_keys = {"gate_lead_s": None, "horizon_slots": None, "gate_at": None, "time_zone": None, "rounds": 1} | keys
    return Stage(
        stage=kind.value,
        kind=kind,
        mechanism="uniform_price_k_double_auction",
        takes_orders=True,
        k_permille=500,
        rounds_every_s=1800,
        **given_keys,  # type: ignore[arg-type]
    )


STAGES = (
    stage(StageKind.DAY_AHEAD, gate_at="12:00", time_zone="UTC"),
    stage(StageKind.INTRADAY, gate_lead_s=600, horizon_slots=16, rounds=2),
    stage(StageKind.BILATERAL, gate_lead_s=600, horizon_slots=48),
)
TERMS = Terms(
    community=COMMUNITY, slot_minutes=60, messages_per_slot_max=1_000, report_within_s=30_000, stages=STAGES
)


@dataclass(frozen=True)
class Drawn:
    meter: str
    slot: int
    side: Side
    price: int
    energy_wh: int


DRAWN = st.lists(
    st.builds(
        Drawn,
        meter=st.sampled_from(sorted(KEYS)),
        slot=st.integers(0, len(SLOTS) - 1),
        side=st.sampled_from(list(Side)),
        price=st.integers(100_000, 300_000),
        energy_wh=st.integers(1, 4_000),
    ),
    max_size=10,
)


BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(sorted(KEYS)),
        st.sampled_from(list(Side)),
        st.integers(100_000, 300_000),
        st.lists(st.integers(0, 1_500), min_size=1, max_size=len(SLOTS)),
        st.integers(1, 1_000),
    ),
    max_size=4,
)
CONTRACTS = st.lists(
    st.tuples(
        st.sampled_from(list(Side)), st.integers(0, 400_000), st.lists(st.integers(0, 2_000), min_size=1, max_size=3)
    ),
    max_size=2,
)


class Prices:
    def prices(self, slot: Slot) -> OutsidePrices | None:
        return OutsidePrices(300_000, 100_000)


class Journal:
    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def append(self, records: object) -> None:
        self.kept.extend(records)  # type: ignore[arg-type]

    def records(self, first: int | None = None) -> list[bytes]:
        return self.kept[first or 0 :]


def frames(drawn: list[Drawn], name: str, sequences: dict[tuple[str, int], int]) -> list[Inbound]:
    items = []
    for d in drawn:
        key = d.meter, d.slot
        sequences[key] = sequences.get(key, 0) + 1
        order = Order(
            community=COMMUNITY,
            meter=d.meter,
            stage=name,
            slot=SLOTS[d.slot].label,
            sequence=sequences[key],
            steps=(OrderStep(side=d.side, price_micro_per_kwh=d.price, energy_wh=d.energy_wh),),
            sent_at=SLOTS[0].label,
        )
        frame = seal(KEYS[d.meter], "order", COMMUNITY, encode(order))
        items.append(Inbound("order", d.meter, frame))
    return items


def sealed(meter: str, message: Message) -> Inbound:
    return Inbound(message.kind, meter, seal(KEYS[meter], message.kind, COMMUNITY, encode(message)))


def block_frames(drawn: list[tuple[str, Side, int, list[int], int]]) -> list[Inbound]:
    return [
        sealed(
            meter,
            BlockOrder(
                community=COMMUNITY,
                meter=meter,
                stage="day_ahead",
                block=f"b{number}",
                sequence=1,
                side=side,
                price_micro_per_kwh=price,
                first_slot=SLOTS[0].label,
                energy_wh=tuple(profile),
                accepted_min_permille=share,
                parent=None,
                group=None,
                sent_at=SLOTS[0].label,
            ),
        )
        for number, (meter, side, price, profile, share) in enumerate(drawn)
    ]


def contract_frames(drawn: list[tuple[Side, int, list[int]]]) -> list[Inbound]:
    items = []
    for number, (side, price, profile) in enumerate(drawn):
        proposal = Proposal(
            community=COMMUNITY,
            meter="home-1",
            contract=f"c{number}",
            counterparty="home-2",
            side=side,
            price_micro_per_kwh=price,
            first_slot=SLOTS[0].label,
            energy_wh=tuple(profile),
            expires_at=SLOTS[0].label,
            sent_at=SLOTS[0].label,
        )
        answer = Acceptance(
            community=COMMUNITY,
            meter="home-2",
            proposer="home-1",
            contract=f"c{number}",
            proposal_digest=digest(encode(proposal)),
            accepts=True,
            sent_at=SLOTS[0].label,
        )
        items += [sealed("home-1", proposal), sealed("home-2", answer)]
    return items


def reports(seed: int) -> list[Inbound]:
    rng = random.Random(seed)
    items = []
    for meter, key in KEYS.items():
        imported = exported = 0
        for slot in SLOTS:
            start = imported, exported
            imported, exported = imported + rng.randint(0, 3_000), exported + rng.randint(0, 3_000)
            report = MeterReport(
                community=COMMUNITY,
                meter=meter,
                slot=slot.label,
                sequence=1,
                import_from_wh=start[0],
                import_to_wh=imported,
                export_from_wh=start[1],
                export_to_wh=exported,
                quality="measured",
                replaces=None,
            )
            items.append(Inbound("report", meter, seal(key, "report", COMMUNITY, encode(report))))
    return items


def disturbed(items: list[Inbound], rng: random.Random | None) -> list[Inbound]:
    if rng is None:
        return items
    copies = [item for item in items for _ in range(rng.randint(1, 3))]
    rng.shuffle(copies)
    return copies


def run(
    drawn: tuple[list[Drawn], list[Drawn], list[Drawn]],
    seed: int,
    rng: random.Random | None,
    others: Sequence[Inbound] = (),
) -> tuple[list[bytes], MarketService, Journal]:
    journal = Journal()
    service = MarketService(Market(TERMS, bytes(32)), journal=journal, prices=Prices(), recorder=NoRecorder())
    members = [
        Enrolled(
            at_s=NOON_S - 60,
            meter=meter,
            public_key=key.public_hex,
            nameplate_import_w=NAMEPLATE_W,
            nameplate_export_w=NAMEPLATE_W,
        )
        for meter, key in KEYS.items()
    ]
    service.agree(members, NOON_S - 60)
    service.step(NOON_S - 60)
    sequences: dict[tuple[str, int], int] = {}
    results: list[bytes] = []
    service.handle(others, NOON_S - 60)

    def take(sent: list[object]) -> None:
        for out in sent:
            if isinstance(out.message, RESULTS):  # type: ignore[attr-defined]
                results.append(out.meter.encode() + encode(out.message))  # type: ignore[attr-defined]
            if isinstance(out.message, Rejection):  # type: ignore[attr-defined]
                assert out.message.code in ("stale_sequence", "over_nameplate", "gate_closed")  # type: ignore[attr-defined]

    # the last round of the first slot is open an hour before it, the first rounds of the others are
    moments = (NOON_S - 60, NOON_S, DAY_S - 1_800)
    for items, now_s in zip(drawn, moments, strict=True):
        name = "day_ahead" if now_s < NOON_S else "intraday"
        take(service.step(now_s))  # type: ignore[arg-type]
        take(service.handle(disturbed(frames(items, name, sequences), rng), now_s))  # type: ignore[arg-type]
    now_s = moments[-1]
    while now_s < SLOTS[-1].end_s:
        now_s = service.market.next_due_s(now_s)
        take(service.step(now_s))  # type: ignore[arg-type]
    at_end = disturbed(reports(seed), rng) if rng is not None else reports(seed)
    return results, _settled(service, at_end, now_s, take), journal


def _settled(service: MarketService, items: list[Inbound], now_s: int, take: object) -> MarketService:
    take(service.handle(items, now_s))  # type: ignore[operator]
    take(service.step(now_s))  # type: ignore[operator]
    return service


@settings(max_examples=40)
@given(st.tuples(DRAWN, DRAWN, DRAWN), BLOCKS, CONTRACTS, st.integers(0, 1_000))
def test_positions_balance_stay_within_the_nameplate_and_money_is_conserved(
    drawn: tuple[list[Drawn], list[Drawn], list[Drawn]],
    blocks: list[tuple[str, Side, int, list[int], int]],
    contracts: list[tuple[Side, int, list[int]]],
    seed: int,
) -> None:
    _, service, journal = run(drawn, seed, None, [*contract_frames(contracts), *block_frames(blocks)])
    market = service.market
    for slot in SLOTS:
        book = market.books[slot.start_s]
        held = {meter: book.position_wh(meter) for meter in KEYS}
        assert sum(held.values()) == 0
        assert all(abs(energy_wh) <= NAMEPLATE_W for energy_wh in held.values())
        for meter in KEYS:
            awarded = [s.awards[meter] for s in book.sessions if meter in s.awards]
            agreed_wh = sum(h.energy_wh for h in book.holdings.get(meter, []) if h.counterparty is not None)
            assert sum(a.bought_wh - a.sold_wh for a in awarded) + agreed_wh == held[meter]
            assert not awarded or awarded[-1].position_wh == held[meter]
        amounts = [h.amount_nano for parts in book.holdings.values() for h in parts]
        assert sum(amounts) == 0, "the uniform price leaves nothing with the community"
        assert book.state == "settled" and all(s.clearing is not None for s in book.sessions)
    assert market.accounts.sum_nano() == 0
    again = MarketService(Market(TERMS, bytes(32)), journal=journal, prices=Prices(), recorder=NoRecorder())
    assert again.market.log.head() == market.log.head()
    assert again.market.accounts.sum_nano() == 0


@settings(max_examples=25)
@given(st.tuples(DRAWN, DRAWN, DRAWN), st.integers(0, 1_000), st.randoms(use_true_random=False))
def test_shuffled_and_repeated_messages_in_every_stage_give_the_same_results(
    drawn: tuple[list[Drawn], list[Drawn], list[Drawn]], seed: int, rng: random.Random
) -> None:
    newest = tuple(_newest(items) for items in drawn)
    expected, market, _ = run(newest, seed, None)  # type: ignore[arg-type]
    results, other, _ = run(newest, seed, rng)  # type: ignore[arg-type]
    assert results == expected
    assert other.market.log.head() == market.market.log.head()
    assert other.market.totals == market.market.totals


def _newest(items: list[Drawn]) -> list[Drawn]:
    """One order per meter and slot: a refused later order must not leave an earlier one in force by accident."""
    return list({(d.meter, d.slot): d for d in items}.values())
