"""Plain words for what a home does in the stages beside the auctions: what it offers, and why not."""

from collections.abc import Sequence

from hems.bidding.blocks import BlockBid
from hems.bidding.contracts import ProposalBid
from hems.bidding.flexibility import FlexStep
from hems.bidding.storage import ShareStep, StorageUse
from wire.messages import Call, Contract
from wire.quantities import price_per_kwh


def called_for(call: Call, steps: Sequence[FlexStep], margin_micro: int) -> str:
    """Why an offer is what it is."""
    energy_kwh = sum(step.energy_wh for step in steps) / 1000.0
    prices = f"{price_per_kwh(steps[0].price_micro):.3f}"
    if len(steps) > 1:
        prices += f" to {price_per_kwh(steps[-1].price_micro):.3f}"
    verb = "less" if call.direction == "reduce" else "more"
    return (
        f"Call {call.call}: offers to draw up to {energy_kwh:.2f} kWh {verb} in each of {call.slots} slots "
        f"at {prices} per kWh: what it costs this home and your margin of {price_per_kwh(margin_micro):.3f}."
    )


def stands_by(call: Call, steps: Sequence[FlexStep], activation_micro: int, margin_micro: int) -> str:
    """Why an offer to stand by is what it is."""
    energy_kwh = sum(step.energy_wh for step in steps) / 1000.0
    return (
        f"Call {call.call}: offers to stand by with up to {energy_kwh:.2f} kWh in each of {call.slots} slots at "
        f"{price_per_kwh(steps[-1].price_micro):.3f} per kWh and slot, what keeping it in the battery costs, "
        f"and to give it at {price_per_kwh(activation_micro):.3f} per kWh; both with your margin of "
        f"{price_per_kwh(margin_micro):.3f}."
    )


def no_offer(call: Call, why: str) -> str:
    """Why a call is not answered."""
    return f"Call {call.call}: offers nothing, {why}."


def block_words(device: str, why_not: str, bids: Sequence[BlockBid] = ()) -> str:
    """Why tomorrow's run of a device is offered as a block, or why not."""
    if not bids:
        return f"{device}: {why_not}."
    energy_kwh, price = sum(bids[0].energy_wh) / 1000.0, max(bid.price_micro for bid in bids)
    return (
        f"{device}: bids for tomorrow's run as one block of {energy_kwh:.2f} kWh with {len(bids)} starts to choose "
        f"from, up to {price_per_kwh(price):.3f} per kWh: what the run would cost otherwise, less your margin."
    )


def contract_words(contract: Contract, gain: float | None, why_not: str) -> str:
    """Why a proposal is accepted, or left unanswered."""
    price, energy_kwh = price_per_kwh(contract.price_micro_per_kwh), sum(contract.energy_wh) / 1000.0
    about = f"Contract {contract.contract} of {contract.proposer}: {energy_kwh:.2f} kWh at {price:.3f} per kWh"
    if why_not or gain is None:
        return f"{about} is left unanswered, {why_not}."
    worth = abs(gain) / energy_kwh
    return f"{about} is accepted: in these slots a kWh is expected to be worth {worth:.3f} to this home."


def proposal_words(bid: ProposalBid) -> str:
    """Why a contract is proposed."""
    verb = "buy" if bid.side == "buy" else "sell"
    return (
        f"Contract {bid.contract}: proposes to {verb} {sum(bid.energy_wh) / 1000.0:.2f} kWh at "
        f"{price_per_kwh(bid.price_micro):.3f} per kWh; what it is expected to be worth, with your margin."
    )


def share_bid_words(steps: Sequence[ShareStep], part: float) -> str:
    """Why a share of the storage is bid for, or not."""
    if not steps:
        return "Storage: bids for no share, none is worth its reserve price to this home."
    capacity_kwh = sum(energy_wh for _, energy_wh in steps) / 1000.0
    prices = f"{price_per_kwh(steps[0][0]):.3f}"
    if len(steps) > 1:
        prices += f" to {price_per_kwh(steps[-1][0]):.3f}"
    return (
        f"Storage: bids for up to {capacity_kwh:.2f} kWh of its capacity at {prices} per kWh and period: "
        f"{part:.0%} of what the plan says that a share is worth."
    )


def request_words(use: StorageUse, level_wh: int, share_wh: int) -> str:
    """Why the share is charged or discharged."""
    verb, why = (
        ("charge", "energy is worth more later") if use.energy_wh > 0 else ("discharge", "it is worth most now")
    )
    return (
        f"Storage: asks to {verb} {abs(use.energy_wh) / 1000.0:.2f} kWh at {use.slot.label}, as {why}; "
        f"its account holds {level_wh / 1000.0:.2f} of {share_wh / 1000.0:.2f} kWh."
    )
