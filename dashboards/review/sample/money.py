"""Awards and money of a home in the sample."""

from dashboards.review.sample.shapes import FEED_IN, local, retail
from wire.quantities import amount_nano, micro_per_kwh
from wire.telemetry import Point, point
from wire.telemetry.community import MemberMoney
from wire.telemetry.house import HomeAward, HomeMoney


def award_wh(net_kw: float) -> int:
    """What the market gave, + bought: most of what the home needs [Wh]."""
    return round(250 * net_kw * 0.8)


def tariff_nano(net_wh: int, slot_s: int) -> int:
    """What the energy costs without a market [nano-currency]."""
    return amount_nano(net_wh, micro_per_kwh(retail(slot_s) if net_wh > 0 else FEED_IN))


def total_nano(net_wh: int, held_wh: int, slot_s: int) -> int:
    """What it costs with the market [nano-currency]."""
    return amount_nano(held_wh, micro_per_kwh(local(slot_s))) + tariff_nano(net_wh - held_wh, slot_s)


def home_award(site: str, net_kw: float, slot_s: int) -> Point:
    """The award of a slot."""
    held = award_wh(net_kw)
    price = micro_per_kwh(local(slot_s))
    return point(
        HomeAward, slot_s,
        {HomeAward.site: site, HomeAward.meter: site, HomeAward.stage: "intraday", HomeAward.round: "1"},
        {HomeAward.bought_wh: max(held, 0), HomeAward.sold_wh: max(-held, 0), HomeAward.position_wh: held,
         HomeAward.price_micro_per_kwh: price, HomeAward.amount_nano: amount_nano(held, price),
         HomeAward.reason: "traded"},
    )  # fmt: skip


def home_money(site: str, net_kw: float, slot_s: int) -> Point:
    """The money of a slot."""
    net, held = round(250 * net_kw), award_wh(net_kw)
    total, alone = total_nano(net, held, slot_s), tariff_nano(net, slot_s)
    return point(
        HomeMoney, slot_s, {HomeMoney.site: site, HomeMoney.meter: site},
        {HomeMoney.total_nano: total, HomeMoney.tariff_nano: alone, HomeMoney.saved_nano: alone - total,
         HomeMoney.award_wh: held, HomeMoney.metered_wh: net, HomeMoney.imbalance_wh: net - held,
         HomeMoney.is_estimated: 0, HomeMoney.corrections: int(slot_s % 43_200 == 0)},
    )  # fmt: skip


def member_money(community: str, meter: str, net_kw: float, slot_s: int) -> Point:
    """The same as the broker settles it."""
    net, held = round(250 * net_kw), award_wh(net_kw)
    total, alone = total_nano(net, held, slot_s), tariff_nano(net, slot_s)
    return point(
        MemberMoney, slot_s, {MemberMoney.community: community, MemberMoney.meter: meter},
        {MemberMoney.total_nano: total, MemberMoney.tariff_nano: alone, MemberMoney.saved_nano: alone - total,
         MemberMoney.award_wh: held, MemberMoney.metered_wh: net, MemberMoney.imbalance_wh: net - held,
         MemberMoney.is_estimated: 0},
    )  # fmt: skip
