"""Rows of the shared storage in the broker's records as points of telemetry."""

from collections.abc import Iterator

from broker.io.telemetry_rows import MEMBER
from broker.market.storage_terms import StorageTerms
from telemetry.database import Database, Row
from telemetry.source import Source
from telemetry.table_source import TableSource
from wire.slots import parse_utc
from wire.telemetry import Field, Point, Value, point
from wire.telemetry.community import SharedStorage, StorageAccount

FLOW = "SELECT flow_wh, charge_wh FROM storage_flow WHERE slot = ?"
GRANTED = """
    SELECT coalesce(sum(max(granted_wh, 0)), 0), coalesce(sum(max(-granted_wh, 0)), 0), coalesce(sum(losses_wh), 0),
        coalesce(sum(requested_wh <> 0), 0), coalesce(sum(abs(granted_wh) < abs(requested_wh)), 0)
    FROM storage_grant WHERE slot = ?
"""
ASTRAY_PART = 10  # the deviation that is told is a tenth of what the storage can move


def storage_sources(
    community: str, records: Database, agreed: StorageTerms, slot_minutes: int, *, named: bool
) -> list[Source]:
    """What is carried of a storage; `named`: points may name members."""

    def told(rows: list[Row]) -> Iterator[Point]:
        return storage_points(community, records, agreed, slot_minutes, rows)

    sources: list[Source] = [
        TableSource("shared_storage", records, "storage_flow", "slot, meter", told),
        TableSource("shared_storage_metered", records, "settlement", "slot, meter", told),
    ]
    if named:
        columns = "slot, meter, share_wh, level_wh, requested_wh, granted_wh, losses_wh"
        sources.append(
            TableSource(
                "storage_account", records, "storage_grant", columns, lambda rows: account_points(community, rows)
            )
        )
    return sources


def storage_points(
    community: str, records: Database, agreed: StorageTerms, slot_minutes: int, rows: list[Row]
) -> Iterator[Point]:
    """Of `storage_flow` or `settlement`: number, slot, meter. Each slot is told whole, as it stands now."""
    unit = agreed.unit(60 * slot_minutes)
    most_wh = max(unit.charge_max, unit.discharge_max)
    for slot in dict.fromkeys(slot for _, slot, meter in rows if meter == agreed.meter):
        for flow_wh, charge_wh in records.rows(FLOW, (slot,)):
            ((charged_wh, discharged_wh, losses_wh, requests, cut),) = records.rows(GRANTED, (slot,))
            yield point(
                SharedStorage,
                parse_utc(slot),
                {SharedStorage.community: community},
                {
                    SharedStorage.charge_wh: charge_wh,
                    SharedStorage.capacity_wh: agreed.capacity_wh,
                    SharedStorage.flow_wh: flow_wh,
                    SharedStorage.charged_wh: charged_wh,
                    SharedStorage.discharged_wh: discharged_wh,
                    SharedStorage.losses_wh: losses_wh,
                    SharedStorage.requests: requests,
                    SharedStorage.cut: cut,
                    **_metered(records, slot, agreed.meter, most_wh),
                },
            )


def _metered(records: Database, slot: str, meter: str, most_wh: int) -> dict[Field, Value]:
    """What the storage's meter showed; nothing of an estimate, which shows nothing of the storage."""
    for quality, held_wh, metered_wh, _ in records.rows(MEMBER, (slot, meter)):
        if quality == "measured":
            deviation_wh = metered_wh - held_wh
            return {
                SharedStorage.metered_wh: metered_wh,
                SharedStorage.deviation_wh: deviation_wh,
                SharedStorage.is_astray: int(ASTRAY_PART * abs(deviation_wh) > most_wh),
            }
    return {}


def account_points(community: str, rows: list[Row]) -> Iterator[Point]:
    """Of `storage_grant`: number, slot, meter, share_wh, level_wh, requested_wh, granted_wh, losses_wh."""
    for _, slot, meter, share_wh, level_wh, requested_wh, granted_wh, losses_wh in rows:
        yield point(
            StorageAccount,
            parse_utc(slot),
            {StorageAccount.community: community, StorageAccount.meter: meter},
            {
                StorageAccount.share_wh: share_wh,
                StorageAccount.level_wh: level_wh,
                StorageAccount.requested_wh: requested_wh,
                StorageAccount.granted_wh: granted_wh,
                StorageAccount.losses_wh: losses_wh,
            },
        )
