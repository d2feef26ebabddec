"""Device definitions of a case file: one strict pydantic model per kind (units in the key, sign passive)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A model that refuses unknown keys, NaN and infinity, and values of another type."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, strict=True)


Power = Annotated[float, Field(ge=0, le=1e6)]
Positive = Annotated[float, Field(gt=0, le=1e9)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Efficiency = Annotated[float, Field(gt=0, le=1)]
Price = Annotated[float, Field(ge=-1e6, le=1e6)]
Charge = Annotated[float, Field(ge=0, le=1e6)]
Temp = Annotated[float, Field(ge=-100, le=200)]
NonNegative = Annotated[float, Field(ge=0, le=1e9)]
SupplyTemp = Annotated[float, Field(ge=0, le=80)]
AirFlow = Annotated[float, Field(ge=0, le=1e6)]
Cop = Annotated[float, Field(gt=0, le=100)]
Slots = Annotated[int, Field(ge=0, le=1_000_000)]
RunSlots = Annotated[int, Field(ge=1, le=1_000_000)]
Ident = Annotated[str, Field(min_length=1, max_length=200)]


class PvDevice(Strict):
    id: Ident
    kind: Literal["pv"]
    available_kw: Power | list[Power]
    curtailable: bool = True


class _Storage(Strict):
    id: Ident
    capacity_kwh: Positive
    charge_kw_max: Power
    charge_efficiency: Efficiency = 1.0
    discharge_efficiency: Efficiency = 1.0
    soc_min: Fraction = 0.0
    soc_max: Fraction = 1.0
    soc_final_min: Fraction | None = None
    wear_per_kwh: Charge = 0.0
    reserve_soc: Fraction | list[Fraction] | None = None
    grid_charge_allowed: bool = True
    grid_discharge_allowed: bool = True


class BatteryDevice(_Storage):
    kind: Literal["battery"]
    discharge_kw_max: Power
    soc_initial: Fraction


class EvSession(Strict):
    arrival_slot: Slots
    departure_slot: Slots
    soc_arrival: Fraction
    soc_departure_min: Fraction | None = None


class EvDevice(_Storage):
    kind: Literal["ev"]
    charge_kw_min: Power = 0.0
    discharge_kw_max: Power = 0.0
    sessions: list[EvSession]
    from_battery_allowed: bool = True


class ZoneDevice(Strict):
    id: Ident
    kind: Literal["zone"]
    mode: Literal["heat", "cool"]
    electric_kw_max: Power
    electric_kw_min: Power = 0.0
    cop: Cop | list[Cop]
    thermal_capacity_kwh_per_k: Positive
    thermal_resistance_k_per_kw: Positive
    outdoor_temp_c: Temp | list[Temp]
    gain_kw: Price | list[Price] = 0.0
    temp_initial_c: Temp
    temp_min_c: Temp | list[Temp] | None = None
    temp_max_c: Temp | list[Temp] | None = None
    discomfort_per_k_hour: Charge | None = None
    min_on_slots: RunSlots = 1
    min_off_slots: RunSlots = 1
    initial_on_slots: Slots = 0
    initial_off_slots: Slots | None = None
    supply_air_temp_c: SupplyTemp | list[SupplyTemp] | None = None
    air_flow_max_m3_per_h: AirFlow | list[AirFlow] | None = None
    air_flow_min_m3_per_h: AirFlow | list[AirFlow] | None = None


class TankDevice(Strict):
    id: Ident
    kind: Literal["tank"]
    volume_l: Positive
    temp_initial_c: Temp
    temp_min_c: Temp | list[Temp] | None = None
    temp_max_c: Temp | list[Temp] | None = None
    loss_kw_per_k: NonNegative = 0.0
    ambient_c: Temp | list[Temp] = 20.0
    draw_kwh: NonNegative | list[NonNegative] = 0.0
    electric_kw_max: Power
    cop: Cop | list[Cop] = 1.0


class LightingDevice(Strict):
    id: Ident
    kind: Literal["lighting"]
    rated_kw: Power
    lux_at_rated: Positive
    daylight_lux: NonNegative | list[NonNegative] = 0.0
    required_lux: NonNegative | list[NonNegative]
    dim_fraction_max: Fraction = 0.0
    discomfort_per_kwh: Charge = 0.0


class ApplianceDevice(Strict):
    id: Ident
    kind: Literal["appliance"]
    profile_kw: Annotated[list[Power], Field(min_length=1)] | None = None
    block_kw: Power | None = None
    slots_required: RunSlots | None = None
    min_run_slots: RunSlots = 1
    starts_max: RunSlots | None = None
    earliest_slot: Slots = 0
    latest_end_slot: Slots | None = None
    optional: bool = False
    value: Charge = 0.0
    running_since_slots: Slots = 0
    slots_done: Slots = 0


class LoadDevice(Strict):
    id: Ident
    kind: Literal["load"]
    power_kw: Power | list[Power]
    curtailable_fraction: Fraction = 0.0
    discomfort_per_kwh: Charge = 0.0


class ChpDevice(Strict):
    id: Ident
    kind: Literal["chp"]
    electric_kw_min: Power = 0.0
    electric_kw_max: Power
    electrical_efficiency: Efficiency
    thermal_efficiency: Fraction = 0.0
    fuel_price_per_kwh: Price | list[Price]
    min_on_slots: RunSlots = 1
    min_off_slots: RunSlots = 1
    initial_on_slots: Slots = 0
    initial_off_slots: Slots | None = None
    feeds: Ident | None = None


class HydrogenDevice(Strict):
    id: Ident
    kind: Literal["hydrogen"]
    electrolyser_kw_max: Power
    electrolyser_efficiency: Efficiency
    fuel_cell_kw_max: Power
    fuel_cell_efficiency: Efficiency
    capacity_kwh: Positive
    level_initial: Fraction
    level_final_min: Fraction | None = None


AnyDevice = (
    PvDevice
    | BatteryDevice
    | EvDevice
    | ZoneDevice
    | TankDevice
    | LightingDevice
    | ApplianceDevice
    | LoadDevice
    | ChpDevice
    | HydrogenDevice
)
Device = Annotated[AnyDevice, Field(discriminator="kind")]
