"""A neighbourhood in one line for people."""

from collections import Counter

from broker.clearing.preferences import QUALITIES
from broker.io.network_config import NetworkSettings
from twin.neighbourhood.neighbourhood import Neighbourhood

EMPTY = "nothing is set of what the mechanism asks for"


def described(around: Neighbourhood) -> str:
    """What a market was given, for instance "example: 2 feeders of 3 and 2 homes, a line of 2 kW"."""
    return f"{around.origin}: {', '.join([*_network(around.network), *_preferences(around)]) or EMPTY}"


def _network(network: NetworkSettings) -> list[str]:
    parts = []
    if network.zones:
        sizes = " + ".join(str(len(zone.meters)) for zone in network.zones)
        parts.append(f"{len(network.zones)} zones of {sizes} homes")
    if network.lines:
        parts.append(f"lines of {_range([line.capacity_w for line in network.lines])}")
    exports = [row.export_limit_w for row in network.envelopes if row.export_limit_w is not None]
    imports = [row.import_limit_w for row in network.envelopes if row.import_limit_w is not None]
    parts += [f"connections export at most {_range(exports)}"] if exports else []
    parts += [f"import at most {_range(imports)}"] if imports else []
    if network.charge_per_kwh_and_distance:
        parts.append(f"{network.charge_per_kwh_and_distance} per kWh and unit of distance")
    elif lost := [float(100 * row.loss) for row in network.distances if row.loss]:
        parts.append(f"losses of {_span(f'{min(lost):g}', f'{max(lost):g}')} %")
    return parts


def _preferences(around: Neighbourhood) -> list[str]:
    wishes = around.preferences.values()
    sold = Counter(wish.quality for wish in wishes if QUALITIES[wish.quality])
    wanted = Counter(wish.min_quality for wish in wishes if QUALITIES[wish.min_quality])
    parts = [f"{quality} energy sold by {count}" for quality, count in sorted(sold.items())]
    parts += [f"at least {quality} wanted by {count}" for quality, count in sorted(wanted.items())]
    paying = sum(any(premium.of not in QUALITIES for premium in wish.premiums) for wish in wishes)
    named = sum(wish.partners is not None for wish in wishes)
    parts += [f"a premium for one neighbour from {paying}"] if paying else []
    parts += [f"only named partners for {named}"] if named else []
    return parts


def _range(powers_w: list[int]) -> str:
    return f"{_span(f'{min(powers_w) / 1000:g}', f'{max(powers_w) / 1000:g}')} kW"


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
