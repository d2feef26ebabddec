"""Who is called: at the gate of a call, and when the operator activates those that stand by."""

from broker.clearing.book import Step
from broker.contracts import ancillary
from broker.contracts.flexibility import Procured, procure
from broker.market.agreements.held_call import HeldCall
from wire.messages import FlexOffer, ReserveOffer, StageKind


def bought(held: HeldCall) -> Procured:
    """The cheapest offers of a call up to its request: of flexibility, or of standing by."""
    request_wh, reserve_micro = held.call.request_wh, held.call.reserve_micro_per_kwh
    if held.kind is StageKind.ANCILLARY:
        return ancillary.reserved(request_wh, reserve_micro, _reserve_offers(held))
    steps = [
        Step(meter, step.price_micro_per_kwh, step.energy_wh)
        for meter, (offer, _) in sorted(held.offers.items())
        if isinstance(offer, FlexOffer)
        for step in offer.steps
    ]
    return procure(request_wh, reserve_micro, steps)


def activated(held: HeldCall, request_wh: int) -> Procured:
    """Who of those that stand by is called for a request [Wh], cheapest activation first."""
    standing_by = {} if held.procured is None else held.procured.awarded
    return ancillary.called(request_wh, standing_by, _reserve_offers(held))


def _reserve_offers(held: HeldCall) -> list[ancillary.ReserveOffer]:
    return [
        ancillary.ReserveOffer(
            meter, step.energy_wh, step.availability_price_micro_per_kwh, step.activation_price_micro_per_kwh
        )
        for meter, (offer, _) in sorted(held.offers.items())
        if isinstance(offer, ReserveOffer)
        for step in offer.steps
    ]
