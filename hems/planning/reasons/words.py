"""Words for devices, money, wishes that would be broken and what would change a decision."""

from collections.abc import Callable

from hems.planning.device import Appliance, Battery, Device, Ev, Hydrogen, Lighting, Pv, Tank, Zone
from hems.planning.reasons.actions import Action, Otherwise
from hems.planning.reasons.explanation import Explanation, Lever, Remedy, Shortfall

At = Callable[[int], str]  # the time of day at which a slot begins, for instance "18:00"

_NOUNS: dict[type, tuple[str, str]] = {  # what it is called, and the id that says no more than that
    Battery: ("battery", "battery"),
    Ev: ("car", "ev"),
    Tank: ("hot water", "tank"),
    Lighting: ("light", "lighting"),
    Pv: ("solar power", "pv"),
    Hydrogen: ("hydrogen store", "hydrogen"),
}


def noun(device: Device) -> str:
    """The device in words: its kind, and its id where the kind alone does not say which."""
    if isinstance(device, Zone):
        return f"the {'heating' if device.heats else 'cooling'} of {device.id}"
    if isinstance(device, Lighting) and device.id != "lighting":
        return f"the light of {device.id}"
    kind, plain = _NOUNS.get(type(device), (device.id.replace("_", " "), device.id))
    return f"the {kind}" if device.id in (plain, kind) else f"the {kind} {device.id}"


def money(amount: float) -> str:
    """An amount of money: two decimals, three below a tenth."""
    return f"{amount:.2f}" if abs(amount) >= 0.095 else f"{amount:.3f}"


def wish_words(broken: Shortfall) -> str:
    """A wish that would be broken, with the amount."""
    device = broken.device
    who = "the house" if device is None else device.id if isinstance(device, Zone) else noun(device)
    match broken.wish:
        case "departure_soc":
            return f"{who} would leave with {broken.amount:.1f} kWh less"
        case "final_soc" | "final_level":
            return f"{who} would hold {broken.amount:.1f} kWh less in the end than you asked for"
        case "reserve_soc":
            return f"up to {broken.worst:.1f} kWh of the reserve you asked for would be missing"
        case "served_load":
            return f"{who} would have to do without {broken.amount:.1f} kWh"
        case "temp_min":
            return f"{who} would get up to {broken.worst:.1f} °C colder than you asked for"
        case "temp_max":
            return f"{who} would get up to {broken.worst:.1f} °C warmer than you asked for"
        case "override":
            return f"{who} would do {broken.amount:.1f} kWh otherwise than you told it"
        case "deadline":
            return f"{who} would finish late"
        case "run":
            return f"{who} could not run in its window"
        case _:
            return f"{broken.amount:.1f} kWh of sun would be lost"


def remedy_words(told: Explanation, remedy: Remedy, at: At) -> str:
    """What the device would do after a change, as the rest of "It would ..."."""
    verb = _verb(told, remedy)
    price = f"{'feed-in price' if told.sells else 'price'} at {at(told.slot)}"
    if isinstance(told.device, Appliance):
        price = "price during its run"
    match remedy.lever:
        case Lever.PRICE_BELOW:
            return f"{verb} if the {price} were below {remedy.value:.3f} (it is {remedy.was:.3f})"
        case Lever.PRICE_ABOVE:
            return f"{verb} if the {price} were above {remedy.value:.3f} (it is {remedy.was:.3f})"
        case Lever.TARGET:
            return f"{verb} if you asked for {remedy.value:.0f} % at departure instead of {remedy.was:.0f} %"
        case Lever.TEMPERATURE:
            asked = "were content with" if remedy.then is Otherwise.NOT else "asked for"
            return f"{verb} if you {asked} {remedy.value:.1f} °C instead of {remedy.was:.1f} °C"
        case Lever.VALUE:
            return f"{verb} if that were worth {money(remedy.value)} to you instead of {money(remedy.was or 0.0)}"
        case Lever.TIME:
            return f"be ready if it stayed {remedy.value:.1f} h longer"


def _verb(told: Explanation, remedy: Remedy) -> str:
    match remedy.then:
        case Otherwise.NOT:
            verbs = {Action.CHARGES: "not charge then", Action.GIVES: "not give energy then"}
            other = "run at another time" if isinstance(told.device, Appliance) else "be off then"
            return verbs.get(told.action, other)
        case Otherwise.CHARGE:
            return "charge then"
        case Otherwise.GIVE:
            return "give energy then"
        case Otherwise.RUN:
            return "run then"
        case Otherwise.RUN_AT_ALL:
            return "run"
        case Otherwise.RESTORE:
            return "not be lowered"
        case Otherwise.LOWER:
            return "be lowered"
        case Otherwise.USE_ALL:
            return "be used in full"
