"""The sources of a community: the broker's records, and the buffer of its process."""

from broker.io import telemetry_rows as rows_as
from broker.io.config import BrokerConfig
from broker.io.state_dir import StateDir
from broker.io.telemetry_recorder import BUFFER
from broker.io.telemetry_storage import storage_sources
from broker.market.terms import OutsidePrices
from telemetry.buffer_source import BufferSource
from telemetry.database import Database
from telemetry.source import Source
from telemetry.table_source import TableSource
from wire.slots import parse_slot


def broker_sources(config: BrokerConfig, *, named: bool) -> list[Source]:
    """Everything that `community-broker telemetry` carries; `named`: points may name members."""
    state, community, minutes = StateDir(config.state_dir), config.community, config.market.slot_minutes
    records, journal, tariff = Database(state.records), Database(state.journal), config.tariff.source()

    def prices(slot: str) -> OutsidePrices | None:
        return tariff.prices(parse_slot(slot, minutes))

    public = "CASE kind WHEN 'conditions' THEN payload END"
    rejected = "position, ordinal, meter, message, code"
    sources: list[Source] = [
        TableSource("clearing", records, "clearing", "payload", rows_as.clearing_points),
        TableSource("conditions", records, "public", public, lambda rows: rows_as.condition_points(community, rows)),
        TableSource(
            "award",
            records,
            "award",
            "slot, stage, round",
            lambda rows: rows_as.award_points(community, records, rows),
        ),
        TableSource(
            "settlement",
            records,
            "settlement",
            "slot",
            lambda rows: rows_as.slot_points(community, records, prices, rows),
        ),
        TableSource(
            "checkpoint", records, "checkpoint", "size, slot", lambda rows: rows_as.checkpoint_points(community, rows)
        ),
        TableSource(
            "rejection",
            records,
            "rejection",
            rejected,
            lambda rows: rows_as.rejection_points(community, journal, rows, named=named),
        ),
        BufferSource(state.root / BUFFER, without=() if named else ("member",)),
    ]
    if config.storage is not None:
        sources += storage_sources(community, records, config.storage.terms(), minutes, named=named)
    if named:
        sources.append(
            TableSource(
                "member_money",
                records,
                "settlement",
                "slot, meter",
                lambda rows: rows_as.member_points(community, records, prices, rows),
            )
        )
    return sources
