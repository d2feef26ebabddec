"""What an energy manager hands its transactive meter beside a strategy: offers in the other stages, each with why."""

from dataclasses import dataclass
from typing import Any

from hems.bidding.blocks import BlockBid
from hems.bidding.contracts import ProposalBid
from hems.bidding.flexibility import FlexBid, FlexStep
from hems.bidding.standby import StandbyBid
from hems.bidding.storage import NOTHING, StorageOffers, storage_from_row, storage_to_row
from wire.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Bids of one turn in the stages beside the auctions of simple orders; the words say why.

    `accepted` are contracts by (proposer, name).
    """

    flex: tuple[FlexBid, ...] = ()
    standby: tuple[StandbyBid, ...] = ()
    blocks: tuple[BlockBid, ...] = ()
    block_words: tuple[tuple[str, str], ...] = ()
    accepted: tuple[tuple[str, str], ...] = ()
    proposed: tuple[ProposalBid, ...] = ()
    contract_words: tuple[tuple[str, str, str], ...] = ()
    storage: StorageOffers = NOTHING

    @property
    def reasons(self) -> tuple[tuple[str, str, str], ...]:
        """(what it is about, reason code, plain words) of everything decided, offers that were not made too."""
        calls = [(f"call-{b.call}", "flex_offer" if b.steps else "flex_none", b.why) for b in self.flex]
        standby = [(f"call-{b.call}", "standby_offer" if b.steps else "standby_none", b.why) for b in self.standby]
        sent = {block.device for block in self.blocks}
        runs = [(f"{d}-block", "block_order" if d in sent else "block_none", why) for d, why in self.block_words]
        storage = [("storage", code, why) for code, why in self.storage.words]
        return (*calls, *standby, *runs, *self.contract_words, *storage)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        calls = any(bid.steps for bid in self.flex) or any(bid.steps for bid in self.standby)
        return not (calls or self.blocks or self.accepted or self.proposed) and self.storage.is_empty


def offers_to_line(offers: Offers) -> dict[str, Any]:
    """The offers as a line of the home link; what is not offered stays at home."""
    return {
        "type": "offers",
        "flex": [
            [bid.call, [[step.price_micro, step.energy_wh] for step in bid.steps], list(bid.baseline_wh)]
            for bid in offers.flex
            if bid.steps
        ],
        "standby": [
            [
                bid.call,
                [[step.price_micro, step.energy_wh] for step in bid.steps],
                bid.activation_micro,
                list(bid.limits_wh),
            ]
            for bid in offers.standby
            if bid.steps
        ],
        "blocks": [
            [[b.stage, b.device, b.group], [b.first.start_s, b.first.minutes], b.price_micro, list(b.energy_wh)]
            for b in offers.blocks
        ],
        "accepted": [list(key) for key in offers.accepted],
        "proposed": [
            [
                [p.contract, p.counterparty, p.side],
                [p.first.start_s, p.first.minutes],
                p.price_micro,
                p.expires_s,
                list(p.energy_wh),
            ]
            for p in offers.proposed
        ],
        "storage": storage_to_row(offers.storage),
    }


def offers_from_line(line: dict[str, Any]) -> Offers:
    """The offers of a line of the home link.

    Raises: ValueError when it holds none; the energy manager that sent it is not of this release.
    """
    try:
        return Offers(
            flex=tuple(_flex_bid(*row) for row in line["flex"]),
            standby=tuple(_standby_bid(*row) for row in line["standby"]),
            blocks=tuple(_block_bid(*row) for row in line["blocks"]),
            accepted=tuple(_names(row, 2) for row in line["accepted"]),  # type: ignore[misc]
            proposed=tuple(_proposal_bid(*row) for row in line["proposed"]),
            storage=storage_from_row(line["storage"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not offers: {error}") from None


def _flex_bid(call: Any, rows: Any, baseline_wh: Any) -> FlexBid:
    return FlexBid(
        call=_name(call), steps=_steps(rows), baseline_wh=tuple(_whole(energy) for energy in baseline_wh), why=""
    )


def _standby_bid(call: Any, rows: Any, activation_micro: Any, limits_wh: Any) -> StandbyBid:
    return StandbyBid(
        call=_name(call),
        steps=_steps(rows),
        activation_micro=_whole(activation_micro),
        limits_wh=tuple(_whole(energy) for energy in limits_wh),
        why="",
    )


def _steps(rows: Any) -> tuple[FlexStep, ...]:
    return tuple(FlexStep(*(_whole(value) for value in row)) for row in rows)


def _block_bid(names: Any, first: Any, price_micro: Any, energy_wh: Any) -> BlockBid:
    stage, device, group = _names(names, 3)
    return BlockBid(
        stage=stage,
        device=device,
        group=group,
        first=Slot(*(_whole(value) for value in first)),
        price_micro=_whole(price_micro),
        energy_wh=tuple(_whole(energy) for energy in energy_wh),
    )


def _proposal_bid(names: Any, first: Any, price_micro: Any, expires_s: Any, energy_wh: Any) -> ProposalBid:
    contract, counterparty, side = _names(names, 3)
    if side not in ("buy", "sell"):
        raise ValueError(f"not a side: {side}")
    return ProposalBid(
        contract=contract,
        counterparty=counterparty,
        side="buy" if side == "buy" else "sell",
        price_micro=_whole(price_micro),
        first=Slot(*(_whole(value) for value in first)),
        energy_wh=tuple(_whole(energy) for energy in energy_wh),
        expires_s=_whole(expires_s),
    )


def _name(given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(f"not a call: {given!r}")
    return given


def _names(given: Any, count: int) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) != count or not all(isinstance(name, str) for name in given):
        raise ValueError(f"not {count} names: {given!r}")
    return tuple(given)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"not a whole number: {value!r}")
    return value
