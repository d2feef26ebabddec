"""Reading what the page shows of the shared storage from `records.db`."""

import sqlite3
from collections.abc import Sequence

from broker.io.page.facts import AccountLine, BidsLine, FlowLine, StorageFacts
from broker.market.storage_terms import StorageTerms
from wire.slots import format_utc, parse_utc

OPERATED = (
    "SELECT max(slot) FROM (SELECT max(slot) AS slot FROM storage_grant UNION SELECT max(slot) FROM storage_flow)"
)
CUT = "SELECT coalesce(sum(requested_wh <> 0), 0), coalesce(sum(abs(granted_wh) < abs(requested_wh)), 0)"


def storage_facts(
    database: sqlite3.Connection, agreed: StorageTerms, meters: Sequence[str], now_s: int | None
) -> StorageFacts:
    """The storage now; `now_s` is a moment that the market has reached [s since 1970], None before it had any."""
    (operated,) = database.execute(OPERATED).fetchone()
    (allocated,) = database.execute("SELECT max(period) FROM storage_share").fetchone()
    period = None if operated is None else format_utc(agreed.period_at_s(parse_utc(operated)))
    coming = allocated if allocated is not None and (period is None or allocated > period) else None
    return StorageFacts(
        meter=agreed.meter,
        capacity_wh=agreed.capacity_wh,
        allocation=agreed.allocation,
        period=period,
        flow=_flow(database),
        accounts=_accounts(database, meters, operated, period, coming),
        bids=_bids(database, agreed, meters, allocated, now_s),
    )


def _flow(database: sqlite3.Connection) -> FlowLine | None:
    row = database.execute("SELECT slot, flow_wh, charge_wh FROM storage_flow ORDER BY slot DESC LIMIT 1").fetchone()
    if row is None:
        return None
    slot, flow_wh, charge_wh = row
    asked, cut = database.execute(f"{CUT} FROM storage_grant WHERE slot = ?", (slot,)).fetchone()
    return FlowLine(slot=slot, flow_wh=flow_wh, charge_wh=charge_wh, asked=asked, cut=cut)


def _accounts(
    database: sqlite3.Connection, meters: Sequence[str], operated: str | None, period: str | None, coming: str | None
) -> tuple[AccountLine, ...]:
    """Everybody with a share now or next, or with something in the account, by name."""
    query = "SELECT meter, share_wh FROM storage_share WHERE period = ?"
    shares, following = dict(database.execute(query, (period,))), dict(database.execute(query, (coming,)))
    names = sorted({*meters, *shares, *following})
    levels = {meter: _level_wh(database, meter) for meter in names}
    granted = dict(database.execute("SELECT meter, granted_wh FROM storage_grant WHERE slot = ?", (operated,)))
    return tuple(
        AccountLine(
            meter=meter,
            share_wh=shares.get(meter, 0),
            level_wh=levels[meter],
            next_share_wh=None if coming is None else following.get(meter, 0),
            granted_wh=granted.get(meter) or None,
        )
        for meter in names
        if shares.get(meter) or following.get(meter) or levels[meter]
    )


def _level_wh(database: sqlite3.Connection, meter: str) -> int:
    """What an account holds: the newest word on it, 0 without any."""
    query = "SELECT level_wh FROM storage_grant WHERE meter = ? ORDER BY slot DESC LIMIT 1"
    row = database.execute(query, (meter,)).fetchone()
    return 0 if row is None else int(row[0])


def _bids(
    database: sqlite3.Connection,
    agreed: StorageTerms,
    meters: Sequence[str],
    allocated: str | None,
    now_s: int | None,
) -> BidsLine | None:
    if agreed.allocation == "shares" or now_s is None:
        return None
    period_s = agreed.first_open_period_s(now_s)
    if allocated is not None:
        period_s = max(period_s, parse_utc(allocated) + agreed.period_s)
    period = format_utc(period_s)
    found = {row[0] for row in database.execute("SELECT meter FROM storage_bid WHERE period = ?", (period,))}
    return BidsLine(
        period=period,
        until=format_utc(period_s - agreed.allocation_lead_s),
        missing=tuple(sorted({*meters} - {agreed.meter} - found)),
    )
