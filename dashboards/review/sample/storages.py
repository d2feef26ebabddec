"""The points of the storage that the community of the sample shares."""

from collections.abc import Iterator, Sequence

from dashboards.review.sample.shapes import battery_kw, charge, ripple, slots
from wire.telemetry import Point, point
from wire.telemetry.community import SharedStorage, StorageAccount

CAPACITY_WH = 12_000


def storage_points(community: str, meters: Sequence[str], start_s: int, now_s: int) -> Iterator[Point]:
    """All points of the storage: it follows what it is told but for a few Wh."""
    for slot_s in slots(start_s, now_s):
        granted = [round(200 * battery_kw(slot_s, 1.3 * i)) for i in range(len(meters))]
        flow_wh, astray_wh = sum(granted), round(6 * ripple(slot_s, 8300))
        charge_wh = round(CAPACITY_WH * charge(slot_s))
        yield point(
            SharedStorage, slot_s, {SharedStorage.community: community},
            {SharedStorage.charge_wh: charge_wh, SharedStorage.capacity_wh: CAPACITY_WH,
             SharedStorage.flow_wh: flow_wh, SharedStorage.charged_wh: sum(max(g, 0) for g in granted),
             SharedStorage.discharged_wh: sum(max(-g, 0) for g in granted),
             SharedStorage.losses_wh: abs(flow_wh) // 20, SharedStorage.requests: len(meters),
             SharedStorage.cut: int(flow_wh > 1200), SharedStorage.metered_wh: flow_wh + astray_wh,
             SharedStorage.deviation_wh: astray_wh, SharedStorage.is_astray: 0},
        )  # fmt: skip
        for meter, granted_wh in zip(meters, granted, strict=True):
            yield point(
                StorageAccount, slot_s, {StorageAccount.community: community, StorageAccount.meter: meter},
                {StorageAccount.share_wh: CAPACITY_WH // len(meters),
                 StorageAccount.level_wh: charge_wh // len(meters), StorageAccount.requested_wh: granted_wh,
                 StorageAccount.granted_wh: granted_wh, StorageAccount.losses_wh: abs(granted_wh) // 20},
            )  # fmt: skip
