"""Where an energy manager meets what was promised to the operator: its prices, and what it tells people."""

from collections.abc import Mapping

from hems.bidding.promise import Promise, promised_exchange
from hems.planning.outlook import Outlook
from hems.planning.problem import Exchange, Tariff
from hems.planning.tariff import two_steps
from wire.slots import Slot

Promises = Mapping[int, Promise]


def promises_kept(outlook: Outlook, promises: Promises) -> Promises:
    """The promises that a plan on this outlook can be made for: none where feed-in above retail bends prices back."""
    return {} if bool((outlook.feed_in_per_kwh > outlook.retail_per_kwh).any()) else promises


def priced(slot: Slot, outlook: Outlook, exchange: Exchange | None, promises: Promises) -> Exchange | None:
    """The price curve from a slot on with what is promised; None (the tariff holds) without exchange and promises."""
    if not promises:
        return exchange
    of_tariff = Tariff(import_price_per_kwh=outlook.retail_per_kwh, export_price_per_kwh=outlook.feed_in_per_kwh)
    curve = two_steps(of_tariff) if exchange is None else exchange
    return promised_exchange(curve, slot.start_s, slot.minutes / 60.0, promises)


def same_awards(promises: Promises, others: Promises) -> bool:
    """Whether the same was promised; what the limits are reckoned to be by now does not matter."""
    return {s: (p.call, p.awarded_wh) for s, p in promises.items()} == {
        s: (p.call, p.awarded_wh) for s, p in others.items()
    }


def promise_words(promise: Promise) -> str:
    """What a setpoint in a called slot says about the call."""
    verb = "below" if promise.direction == "reduce" else "above"
    return (
        f" Called ({promise.call}): {promise.awarded_wh / 1000:.2f} kWh are promised, net energy is kept {verb} "
        f"{promise.limit_wh / 1000:.2f} kWh; each kWh missing loses {promise.worth_per_kwh:.3f}."
    )
