"""The network of a community and what its members prefer, in the words of the broker's configuration."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal

from broker.clearing.preferences import preferences_text
from broker.io.network_config import NetworkSettings, PreferenceSettings
from broker.mechanisms.mechanism import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """A network and the preferences of members by meter; `origin` says who made them, for people."""

    origin: str
    network: NetworkSettings = field(default_factory=NetworkSettings)
    preferences: Mapping[str, PreferenceSettings] = field(default_factory=dict)

    def only(self, asked: Set[Asked]) -> "Neighbourhood":
        """The part of it that is asked for: nothing else is given to a market."""
        network = self.network
        has_distances = bool(asked & {Asked.CHARGES, Asked.LOSSES})
        kept: dict[str, object] = {
            "zones": network.zones if Asked.ZONES in asked else (),
            "lines": network.lines if Asked.LINES in asked else (),
            "envelopes": network.envelopes if Asked.ENVELOPES in asked else (),
            "distances": network.distances if has_distances else (),
        }
        if Asked.CHARGES not in asked:
            kept |= {"charge_per_kwh_and_distance": Decimal(0), "loss_price_per_kwh": Decimal(0)}
        return Neighbourhood(
            origin=self.origin,
            network=network.model_copy(update=kept),
            preferences=self.preferences if Asked.PREFERENCES in asked else {},
        )

    def network_text(self) -> str:
        """The network as the market reads it, "" for none."""
        return self.network.text()

    def preferences_text(self) -> str:
        """The preferences as the market reads them, "" for none."""
        rows = {meter: row for meter, own in self.preferences.items() if (row := own.preference_row()) is not None}
        return preferences_text(rows)
