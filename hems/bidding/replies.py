"""What an order answers when it is asked at a price: the order itself is told to nobody."""

from collections.abc import Sequence

from wire.messages import OrderStep, Quantities, Side


def replies(steps: Sequence[OrderStep], prices: Sequence[int]) -> tuple[Quantities, ...]:
    """What the steps buy and sell at each of some prices [micro/kWh]: steps of just this price may trade or not."""
    return tuple(_at(steps, price) for price in prices)


def _at(steps: Sequence[OrderStep], price: int) -> Quantities:
    gains = [
        (step.side, (step.price_micro_per_kwh - price) * (1 if step.side is Side.BUY else -1), step.energy_wh)
        for step in steps
    ]

    def energy(side: Side, least: int) -> int:
        return sum(energy_wh for own, gain, energy_wh in gains if own is side and gain >= least)

    return Quantities(energy(Side.BUY, 1), energy(Side.BUY, 0), energy(Side.SELL, 1), energy(Side.SELL, 0))
