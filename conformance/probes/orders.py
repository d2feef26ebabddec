"""Orders that the market's rules refuse, and the ones that enter."""

from typing import Any

from conformance.probes.desk import FIRST, SECOND, Ground, Probe, buy, sell
from wire.messages import (
    Acceptance,
    BlockOrder,
    FlexOffer,
    Message,
    MeterReport,
    PlanNotice,
    Proposal,
    Quantities,
    Reply,
    Reveal,
    SealedOrder,
    Side,
    StatusQuery,
)
from wire.slots import format_utc, slot_at

FAR_S = 400 * 86_400
NOBODY = "tck-nobody"


def refused_orders(ground: Ground) -> list[Probe]:
    """Orders with exactly one thing wrong each; shared out so that neither member uses up its messages."""
    g, low, high = ground, ground.low, ground.high
    imports_wh, exports_wh = g.carries_wh
    plain = g.order(FIRST, 1, buy(high, 100))
    minutes = g.calendar.slot_minutes
    offset = format_utc(g.slot.start_s + 1)
    orders = [
        ("order.many", FIRST, [buy(high, 1)] * (g.calendar.steps_max + 1)),
        ("order.above", FIRST, [buy(high + 1, 100)]),
        ("order.below", SECOND, [sell(low - 1, 100)]),
        ("order.rises", FIRST, [buy(high - 1, 100), buy(high, 100)]),
        ("order.falls", SECOND, [sell(low + 1, 100), sell(low, 100)]),
        ("order.crosses", FIRST, [buy(high, 100), sell(high, 100)]),
        ("order.bought_too_much", FIRST, [buy(high, imports_wh + 1)]),
        ("order.sold_too_much", FIRST, [sell(low, exports_wh + 1)]),
    ]
    return [
        g.changed("order.no_stage", FIRST, plain, stage="tck-stage"),
        g.changed("order.no_slot", FIRST, plain, slot=offset),
        g.changed("order.far", FIRST, plain, slot=slot_at(g.now_s + FAR_S, minutes).label),
        g.changed("order.begun", FIRST, plain, slot=slot_at(g.now_s, minutes).label),
        *(g.signed(label, client, g.order(client, 1, *steps)) for label, client, steps in orders),
    ]


def far_orders(ground: Ground, count: int) -> list[Probe]:
    """Orders for a slot that is not traded for a year, with ascending sequences."""
    far = ground.at(slot_at(ground.now_s + FAR_S, ground.calendar.slot_minutes))
    return [
        far.signed(f"burst.{i}", SECOND, far.order(SECOND, i, sell(ground.low, 100))) for i in range(1, count + 1)
    ]


def refused_others(ground: Ground) -> list[Probe]:
    """Messages beside orders whose moment is not now, or that name what is not there."""
    g = ground
    common: dict[str, Any] = {"community": g.community, "meter": g.first.meter}
    session: dict[str, Any] = {"stage": g.stage.stage, "slot": g.slot.label, "round": 0}
    past = slot_at(g.now_s, g.calendar.slot_minutes).shifted(-2)
    far = slot_at(g.now_s + FAR_S, g.calendar.slot_minutes)
    zero = "0" * 64
    nothing = Quantities(0, 0, 0, 0)
    messages: dict[str, Message] = {
        "other.sealed": SealedOrder(**common, **session, sequence=1, commitment=zero, sent_at=g.now),
        "other.reveal": Reveal(**common, **session, sequence=1, salt=zero, steps=(buy(g.high, 100),)),
        "other.reply": Reply(**common, **session, question=1, quantities=(nothing,)),
        "other.acceptance": Acceptance(
            **common, proposer=g.second.meter, contract="tck-none", proposal_digest=zero, accepts=True, sent_at=g.now
        ),
        "other.proposal": proposal(g, NOBODY, "tck-nobody"),
        "other.flex": FlexOffer(**common, call="tck-none", sequence=1, steps=(), sent_at=g.now),
        "other.block": BlockOrder(
            **common,
            stage=g.stage.stage,
            block="tck-block",
            sequence=1,
            side=Side.BUY,
            price_micro_per_kwh=g.high,
            first_slot=g.slot.label,
            energy_wh=(100,),
            accepted_min_permille=1000,
            parent=None,
            group=None,
            sent_at=g.now,
        ),
        "other.query": StatusQuery(**common, slot=far.label),
        "plan.past": PlanNotice(**common, round=1, first_slot=past.label, net_wh=(1,)),
        "plan.too_much": PlanNotice(**common, round=1, first_slot=g.slot.label, net_wh=(2 * g.carries_wh[0] + 100,)),
        "report.early": report(g, FIRST, (0, 0), (0, 0)),
    }
    return [g.signed(label, FIRST, message) for label, message in messages.items()]


def proposal(ground: Ground, counterparty: str, contract: str) -> Proposal:
    """The first member proposes to buy 100 Wh in the slot."""
    return Proposal(
        community=ground.community,
        meter=ground.first.meter,
        contract=contract,
        counterparty=counterparty,
        side=Side.BUY,
        price_micro_per_kwh=ground.high,
        first_slot=ground.slot.label,
        energy_wh=(100,),
        expires_at=format_utc(ground.slot.start_s),
        sent_at=ground.now,
    )


def report(
    ground: Ground,
    client: str,
    imports_wh: tuple[int, int],
    exports_wh: tuple[int, int],
    *,
    sequence: int = 1,
    is_measured: bool = True,
    replaces: str | None = None,
) -> MeterReport:
    """The registers of a member at both ends of the slot."""
    return MeterReport(
        community=ground.community,
        meter=ground.member(client).meter,
        slot=ground.slot.label,
        sequence=sequence,
        import_from_wh=imports_wh[0],
        import_to_wh=imports_wh[1],
        export_from_wh=exports_wh[0],
        export_to_wh=exports_wh[1],
        quality="measured" if is_measured else "estimated",
        replaces=replaces,
    )


def query(ground: Ground, label: str, client: str) -> Probe:
    """The question what the broker holds of a member for the slot."""
    asked = StatusQuery(community=ground.community, meter=ground.member(client).meter, slot=ground.slot.label)
    return ground.signed(label, client, asked)


def plan(ground: Ground, label: str, client: str, number: int, energy_wh: int) -> Probe:
    """A plan of one slot."""
    notice = PlanNotice(
        community=ground.community,
        meter=ground.member(client).meter,
        round=number,
        first_slot=ground.slot.label,
        net_wh=(energy_wh,),
    )
    return ground.signed(label, client, notice)
