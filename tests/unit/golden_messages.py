"""One message of every kind, as it went over the wire when protocol version 1 was frozen."""

from wire.messages import (
    Award,
    AwardReason,
    Calendar,
    Checkpoint,
    Clearing,
    Conditions,
    CurveStep,
    Hello,
    Message,
    MeterReport,
    Order,
    OrderStep,
    Path,
    PlanNotice,
    Receipt,
    Rejection,
    ServiceStatus,
    Settlement,
    SettlementItem,
    SettlementLine,
    Side,
    SlotState,
    Stage,
    StatusAnswer,
    StatusQuery,
    Welcome,
)
from wire.reasons import Reason

COMMUNITY, METER, SLOT = "elm-street", "home-1", "2027-01-15T08:15:00Z"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WHO = {"community": COMMUNITY, "meter": METER}


def _line(item: SettlementItem, energy_wh: int, price: int) -> SettlementLine:
    return SettlementLine(
        item=item,
        of=None,
        label=None,
        energy_wh=energy_wh,
        price_micro_per_kwh=price,
        base_nano=None,
        amount_nano=energy_wh * price,
    )


def _tax() -> SettlementLine:
    return SettlementLine(
        item=SettlementItem.CORRECTION,
        of=SettlementItem.TAX,
        label="VAT 20 %",
        energy_wh=0,
        price_micro_per_kwh=None,
        base_nano=-10_000_000,
        amount_nano=-2_000_000,
    )


GOLDEN: tuple[Message, ...] = (
    Hello(**WHO, software="meter 1.0 \u00e4", sent_at="2027-01-15T08:00:00Z"),
    Welcome(**WHO, nameplate_import_w=11_000, nameplate_export_w=10_000),
    Calendar(
        community=COMMUNITY,
        broker_key=DIGEST,
        currency="EUR",
        slot_minutes=15,
        stages=(
            Stage(
                stage="intraday",
                mechanism="uniform_price_k_double_auction",
                gate_lead_s=60,
                horizon_slots=96,
                k_permille=500,
                takes_orders=True,
            ),
        ),
        steps_max=60,
        messages_per_slot_max=20,
        report_within_s=900,
        group_min=10,
    ),
    Conditions(
        community=COMMUNITY,
        slot=SLOT,
        retail_micro_per_kwh=320_000,
        feed_in_micro_per_kwh=-5_000,
        network_state="normal",
        last_price_micro_per_kwh=None,
        last_demand_wh=12_345,
        last_generation_wh=0,
    ),
    PlanNotice(**WHO, round=7, first_slot=SLOT, net_wh=(250, -1_200, 0)),
    Path(community=COMMUNITY, round=7, first_slot=SLOT, members=12, net_wh=(2_500, -12_000)),
    Order(
        **WHO,
        stage="intraday",
        slot=SLOT,
        sequence=3,
        steps=(
            OrderStep(side=Side.BUY, price_micro_per_kwh=240_000, energy_wh=500),
            OrderStep(side=Side.BUY, price_micro_per_kwh=180_000, energy_wh=250),
            OrderStep(side=Side.SELL, price_micro_per_kwh=260_000, energy_wh=1_000),
        ),
        sent_at="2027-01-15T08:12:59Z",
    ),
    Receipt(**WHO, of="order", slot=SLOT, sequence=3, digest=DIGEST, received_at="2027-01-15T08:13:00Z"),
    Rejection(
        **WHO,
        of="order",
        code=Reason.PRICE_OUT_OF_BAND,
        field="steps.0.price_micro_per_kwh",
        detail="400000 is outside [80000, 320000]",
        hint="keep prices inside the slot's band [lowest feed-in, highest retail]",
        digest=DIGEST,
        slot=SLOT,
        sequence=3,
    ),
    StatusQuery(**WHO, slot=SLOT),
    StatusAnswer(
        **WHO, slot=SLOT, state=SlotState.CLEARED, order_sequence=3, order_digest=DIGEST, report_sequence=None
    ),
    Clearing(
        community=COMMUNITY,
        stage="intraday",
        slot=SLOT,
        mechanism="uniform_price_k_double_auction",
        outcome="cleared",
        price_micro_per_kwh=210_000,
        price_low_micro_per_kwh=180_000,
        price_high_micro_per_kwh=240_000,
        volume_wh=500,
        demand=(CurveStep(price_micro_per_kwh=240_000, energy_wh=500),),
        supply=(CurveStep(price_micro_per_kwh=180_000, energy_wh=900),),
        orders=2,
        orders_root=DIGEST,
        buyer_price_micro_per_kwh=210_000,
        seller_price_micro_per_kwh=210_000,
        surplus_nano=0,
        note=None,
    ),
    Award(
        **WHO,
        stage="intraday",
        slot=SLOT,
        sequence=3,
        bought_wh=500,
        sold_wh=0,
        price_micro_per_kwh=210_000,
        amount_nano=105_000_000,
        reason=AwardReason.TRADED,
    ),
    MeterReport(
        **WHO,
        slot=SLOT,
        sequence=1,
        import_from_wh=9_007_199_254_740_000,
        import_to_wh=9_007_199_254_740_992,
        export_from_wh=0,
        export_to_wh=0,
        quality="measured",
        replaces=None,
    ),
    Settlement(
        **WHO,
        slot=SLOT,
        quality="measured",
        award_wh=500,
        metered_wh=450,
        lines=(
            _line(SettlementItem.AWARD, 500, 210_000),
            _line(SettlementItem.IMBALANCE, -50, 200_000),
            _tax(),
        ),
        total_nano=93_000_000,
        log_index=41,
        salt=DIGEST,
        corrects=12,
    ),
    Checkpoint(community=COMMUNITY, size=42, root=DIGEST, slot=SLOT),
    ServiceStatus(community=COMMUNITY, state="online", software="community-broker"),
)
