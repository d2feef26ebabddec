"""The control block of the simulator: switches faults over Modbus, as device id 247.

It belongs to the simulator, not to the meter: production code has no business here, and a server can
be started without it. Registers (all written in one request from address 0):

    0  device id the fault acts on      2  parameter (int16, 0x8000: the default of the table)
    1  code of the fault                3  1 on, 0 off

Read from address 0: number of active faults, then three registers (device id, code, parameter) each.
"""

from collections.abc import Mapping, Sequence

from meter_firmware_sim.bank import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Accepted, Refused, RegisterBank
from meter_firmware_sim.faults import FAULTS, KIND_OF_CODE
from wire.registers.words import PointType, from_words, to_words

CONTROL_DEVICE_ID = 247
CONTROL_SIZE = 64
COMMAND_WORDS = 4
ROW_WORDS = 3


class ControlBank:
    """Bank of the control block over the banks of one server."""

    def __init__(self, banks: Mapping[int, RegisterBank]) -> None:
        """Control over these banks, by device id."""
        self._banks = banks

    def read(self, address: int, count: int) -> list[int] | Refused:
        """Words of the list of active faults."""
        words = self._active_words()
        if address < 0 or address + count > len(words):
            return Refused(code=ILLEGAL_ADDRESS)
        return words[address : address + count]

    def write(self, address: int, values: Sequence[int]) -> Accepted | Refused:
        """Switch one fault."""
        if address != 0 or len(values) != COMMAND_WORDS:
            return Refused(code=ILLEGAL_ADDRESS)
        device_id, code, _, on = values
        parameter = from_words(PointType.I16, values[2:3])
        if device_id not in self._banks or code not in KIND_OF_CODE or on not in {0, 1}:
            return Refused(code=ILLEGAL_VALUE)
        try:
            value = parameter if isinstance(parameter, int) else None
            self._banks[device_id].switch(KIND_OF_CODE[code], bool(on), value)
        except ValueError:
            return Refused(code=ILLEGAL_VALUE)
        return Accepted()

    def _active_words(self) -> list[int]:
        rows = [
            [device_id, FAULTS[kind].code, *to_words(PointType.I16, parameter, 1)]
            for device_id, bank in sorted(self._banks.items())
            for kind, parameter in bank.active.items()
        ]
        words = [len(rows), *(word for row in rows for word in row)][:CONTROL_SIZE]
        return words + [0] * (CONTROL_SIZE - len(words))
