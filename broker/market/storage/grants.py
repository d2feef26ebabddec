"""What an operated slot of a shared storage means: parts of the positions, and what each member is told."""

from collections.abc import Mapping

from broker.contracts.storage_account import Operated
from broker.market.sessions.slot_book import STORAGE_POOL, Holding, SlotBook
from broker.market.storage.state import Asked
from wire.messages import StorageFlow, StorageGrant, StorageRequest


def hold_grants(book: SlotBook, granted: Mapping[str, int], flow_wh: int, *, stage: str, owner: str) -> None:
    """Puts grants into the positions: who charges has sold, who discharges has bought, the storage holds the rest."""
    positions = {meter: -energy_wh for meter, energy_wh in sorted(granted.items())} | {owner: flow_wh}
    for meter, energy_wh in positions.items():
        if energy_wh:
            holding = Holding(
                stage=stage,
                energy_wh=energy_wh,
                amount_nano=0,
                price_micro=0,
                counterparty=None if meter == owner else owner,
                pool=STORAGE_POOL,
            )
            book.hold(meter, holding)


def told_grants(
    done: Operated,
    asked: Asked,
    *,
    handed: Mapping[str, int],
    shares: Mapping[str, int],
    community: str,
    slot: str,
) -> list[StorageGrant]:
    """The grants of those who asked, and of those whose account has changed."""
    changed = {m for m in done.levels if done.granted[m] or done.losses[m] or handed.get(m)}
    grants = []
    for meter in sorted({*changed, *asked.held}):
        wish = asked.held[meter][0] if meter in asked.held else None
        grants.append(
            StorageGrant(
                community=community,
                meter=meter,
                slot=slot,
                sequence=None if wish is None else wish.sequence,
                requested_wh=wish.energy_wh if isinstance(wish, StorageRequest) else 0,
                granted_wh=done.granted.get(meter, 0),
                handed_wh=handed.get(meter, 0),
                losses_wh=done.losses.get(meter, 0),
                level_wh=done.levels.get(meter, 0),
                share_wh=shares.get(meter, 0),
            )
        )
    return grants


def told_flow(done: Operated, *, community: str, owner: str, slot: str) -> StorageFlow:
    """What the storage itself is told to do."""
    return StorageFlow(
        community=community, meter=owner, slot=slot, flow_wh=done.flow, charge_wh=sum(done.levels.values())
    )
