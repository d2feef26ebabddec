"""The meter and the devices as sources of register banks."""

from collections.abc import Sequence

from meter_firmware_sim.bank import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Accepted, Refused
from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.faults import FaultKind
from meter_firmware_sim.image import meter_image
from meter_firmware_sim.meter import Meter
from wire.registers import decode_command, walk
from wire.registers.points import Model
from wire.registers.transactive import TRANSACTIVE, decode_terms


class MeterSource:
    """A meter behind a bank; the image is built once per change of the meter."""

    def __init__(self, meter: Meter) -> None:
        """Source on this meter."""
        self.meter = meter
        self._image: tuple[int, list[int]] | None = None

    @property
    def answering(self) -> bool:
        """Whether the meter has power."""
        return self.meter.powered

    def words(self) -> list[int]:
        """The present map."""
        if self._image is None or self._image[0] != self.meter.revision:
            self._image = (self.meter.revision, meter_image(self.meter))
        return self._image[1]

    def write(self, offset: int, values: Sequence[int]) -> Accepted | Refused:
        """Take market terms, written whole."""
        if not _whole_part(self.words(), TRANSACTIVE, offset, values):
            return Refused(code=ILLEGAL_ADDRESS)
        terms = decode_terms(values)
        if terms is None or not self.meter.write_terms(terms):
            return Refused(code=ILLEGAL_VALUE)
        return Accepted()

    def apply(self, kind: FaultKind, on: bool, parameter: int) -> bool:
        """Switch a fault of sensor, clock, supply or case."""
        meter = self.meter
        if kind is FaultKind.OFFSET:
            meter.set_sensor(offset_w=parameter if on else 0)
        elif kind is FaultKind.SWAPPED:
            meter.set_sensor(swapped=on)
        elif kind is FaultKind.DRIFT:
            meter.set_drift(parameter if on else meter.config.drift_ppm)
        elif kind is FaultKind.TAMPER:
            meter.set_tamper(on)
        elif kind is FaultKind.FAULT_FLAG:
            meter.set_faulty(on)
        elif kind is FaultKind.REBOOT and on:
            meter.power_off(parameter)
        elif kind is FaultKind.CLOCK_STEP and on:
            meter.set_clock(max(0, meter.clock.epoch_s + parameter))
        return True


class DeviceSource:
    """A device behind a bank."""

    answering = True

    def __init__(self, device: SimulatedDevice) -> None:
        """Source on this device."""
        self.device = device

    def words(self) -> list[int]:
        """The present map."""
        return self.device.registers()

    def write(self, offset: int, values: Sequence[int]) -> Accepted | Refused:
        """Take a command, written whole."""
        if not _whole_part(self.words(), self.device.model, offset, values):
            return Refused(code=ILLEGAL_ADDRESS)
        command = decode_command(values)
        if command is None or not self.device.write_command(command):
            return Refused(code=ILLEGAL_VALUE)
        return Accepted()

    def apply(self, kind: FaultKind, on: bool, parameter: int) -> bool:
        """Switch the device's fault flag; sensors and clock of devices have no faults."""
        if kind is FaultKind.FAULT_FLAG:
            self.device.set_fault(on)
        return kind is FaultKind.FAULT_FLAG


def _whole_part(words: Sequence[int], table: Model, offset: int, values: Sequence[int]) -> bool:
    """Whether a write covers exactly the writable part of this model, so that no half command exists."""
    layout = walk(words)
    span = layout.span(table.id)
    assert span is not None
    start, count = table.writable_span
    return offset == span.address - layout.base + start and len(values) == count
