"""Case: one site, its tariff, base load and devices over a horizon, as written in a case file."""

from typing import Annotated

from pydantic import Field

from hems.site.devices import Charge, Device, NonNegative, Power, Price, Strict

SLOTS_MAX = 20_160


class Site(Strict):
    """The connection: limits [kW] (None: not limited) and the value of a kWh not served."""

    import_limit_kw: NonNegative | list[NonNegative] | None = None
    export_limit_kw: NonNegative | list[NonNegative] | None = None
    value_of_lost_load_per_kwh: Charge = 10.0


class TariffTier(Strict):
    """An adder on the import energy above a threshold."""

    above_kwh: NonNegative
    adder_per_kwh: Charge


class CaseTariff(Strict):
    """Prices of imported and exported energy and what is charged beside them."""

    import_price_per_kwh: Price | list[Price]
    export_price_per_kwh: Price | list[Price] = 0.0
    demand_charge_per_kw: Charge = 0.0
    peak_so_far_kw: NonNegative = 0.0
    tiers: Annotated[list[TariffTier], Field(max_length=100, default_factory=list)]
    co2_g_per_kwh: NonNegative | list[NonNegative] = 0.0
    co2_price_per_kg: Charge = 0.0
    imported_so_far_kwh: NonNegative = 0.0


class Case(Strict):
    """One planning case; `start` stays text here, its form is checked with the rest of the findings."""

    name: str
    start: str
    slot_minutes: Annotated[float, Field(ge=5, le=60)]
    slots: Annotated[int, Field(ge=1, le=SLOTS_MAX)]
    site: Site
    tariff: CaseTariff
    base_load_kw: Power | list[Power]
    devices: Annotated[list[Device], Field(max_length=1000)]
