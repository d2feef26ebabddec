"""What the registers of a device mean for control, and how a lease is written into them."""

from hems.dispatch.lease import Lease
from hems.metering.image import DeviceImage, Stay
from wire.registers import DeviceCommand, DeviceState


def device_image(state: DeviceState) -> DeviceImage:
    """What the registers of a device mean for control."""
    stay = None
    if state.plugged and state.energy_needed_wh is not None and state.departure_epoch_s is not None:
        stay = Stay(energy_needed_wh=state.energy_needed_wh, departure_s=state.departure_epoch_s)
    return DeviceImage(
        power_w=float(state.power_w or 0),
        available_w=None if state.available_w is None else float(state.available_w),
        soc=state.soc,
        stay=stay,
        temp_c=state.temp_c,
        outdoor_temp_c=state.outdoor_temp_c,
        daylight_lux=None if state.daylight_lux is None else float(state.daylight_lux),
        required_lux=None if state.required_lux is None else float(state.required_lux),
        running_since_s=state.running_since_epoch_s,
        done_today=bool(state.done_today),
        rated_out_w=None if state.power_out_max_w is None else float(state.power_out_max_w),
    )


def device_command(lease: Lease) -> DeviceCommand:
    """The writable registers of a lease."""
    return DeviceCommand(
        setpoint_w=lease.power_w,
        valid_until_epoch_s=lease.valid_until_epoch_s,
        token=lease.token,
        reversion_w=lease.reversion_w,
        reversion_s=lease.reversion_s,
    )
