"""One home's meter and devices on one Modbus TCP server, for use inside any asyncio loop."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simdevice import SimAction

from meter_firmware_sim.bank import BASE_ADDRESS, Accepted, Refused, RegisterBank, Silent
from meter_firmware_sim.control import CONTROL_DEVICE_ID, CONTROL_SIZE, ControlBank
from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.faults import FaultKind
from meter_firmware_sim.meter import Meter
from meter_firmware_sim.sources import DeviceSource, MeterSource

METER_ID = 1
_READS = {3, 4}
_WRITES = {6, 16}
_ANY_DEVICE = 0
_ERROR_BIT = 0x80

# Its warnings repeat what our exceptions say; an error there is a fault of ours and stays visible.
logging.getLogger("pymodbus.logging").setLevel(logging.ERROR)


class PortUnavailable(OSError):
    """The address cannot be listened on; the message says why and what to do."""


class HomeServer:
    """A meter (device id 1) and devices (ids 2 to 246) behind one TCP port.

    `now` gives true time to the device clocks; by default they run with the meter's.
    """

    def __init__(
        self,
        meter: Meter,
        devices: dict[int, SimulatedDevice] | None = None,
        *,
        base: int = BASE_ADDRESS,
        control: bool = True,
        now: Callable[[], float] | None = None,
    ) -> None:
        """Server that is not listening yet. Raises ValueError for a device id outside 2..246."""
        self.meter = meter
        self.devices = {} if devices is None else dict(devices)
        if wrong := [i for i in self.devices if not METER_ID < i < CONTROL_DEVICE_ID]:
            raise ValueError(f"device ids {wrong} are outside 2..246 (1 is the meter, 247 the fault control)")
        self.banks = {METER_ID: RegisterBank(MeterSource(meter), base)}
        self.banks |= {i: RegisterBank(DeviceSource(d), base) for i, d in self.devices.items()}
        self._control = ControlBank(self.banks) if control else None
        self._now = now if now is not None else lambda: self.meter.now_epoch_s
        self._server: ModbusTcpServer | None = None
        self._drop_packet = False

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port (chosen by the system when `port` is 0).

        Raises PortUnavailable when the address is taken or not allowed.
        """
        _check_address(host, port)
        server = ModbusTcpServer(
            self._sim_devices(), address=(host, port), trace_pdu=self._shape, trace_packet=self._pass_packet
        )
        try:
            await server.serve_forever(background=True)
        except RuntimeError:
            raise PortUnavailable(f"cannot listen on {host}:{port}: choose another port") from None
        self._server = server
        listener = server.transport
        assert isinstance(listener, asyncio.Server)
        return int(listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and all connections; stopping twice does nothing."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def switch_fault(
        self,
        kind: FaultKind,
        on: bool = True,
        *,
        parameter: int | None = None,
        device_id: int = METER_ID,
    ) -> None:
        """Switch a fault of the meter or a device. Raises ValueError when it cannot have it."""
        self.banks[device_id].switch(kind, on, parameter)

    def _sim_devices(self) -> list[SimDevice]:
        devices = [
            _sim_device(device_id, bank.base, bank.size, partial(self._answer, device_id))
            for device_id, bank in self.banks.items()
        ]
        if self._control is not None:
            devices.append(_sim_device(CONTROL_DEVICE_ID, 0, CONTROL_SIZE, self._answer_control))
        return [*devices, _sim_device(_ANY_DEVICE, 0, 1, _unreachable)]

    async def _answer(self, device_id: int, *request: Any) -> ExcCodes | None:
        if device_id in self.devices:
            self.devices[device_id].tick(self._now())
        return _serve(self.banks[device_id], _Request(*request))

    async def _answer_control(self, *request: Any) -> ExcCodes | None:
        assert self._control is not None
        return _serve(self._control, _Request(*request))

    def _shape(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Shorten or suppress an answer where a fault says so."""
        if not sending or (self._control is not None and pdu.dev_id == CONTROL_DEVICE_ID):
            return pdu
        bank = self.banks.get(pdu.dev_id)
        if bank is None:
            return _no_such_device(pdu)
        self._drop_packet = bank.silent
        if bank.missing_words and pdu.function_code in _READS:
            pdu.registers = pdu.registers[: -bank.missing_words]
        return pdu

    def _pass_packet(self, sending: bool, packet: bytes) -> bytes:
        """Drop the packet of the answer that was just shaped; both happen in one call of the library."""
        if sending and self._drop_packet:
            self._drop_packet = False
            return b""
        return packet


class _Request(NamedTuple):
    """What the library tells about a request: addresses are absolute, `registers` begin at `start`."""

    function: int
    start: int
    address: int
    size: int
    registers: list[int]
    values: list[int] | list[bool] | None


def _serve(bank: RegisterBank | ControlBank, request: _Request) -> ExcCodes | None:
    """Answer one request from the bank, by filling `registers` or with an exception code."""
    outcome: Accepted | Refused | Silent | list[int]
    if request.function in _WRITES and request.values is not None:
        outcome = bank.write(request.address, [int(value) for value in request.values])
    elif request.function in _READS:
        outcome = bank.read(request.address, request.size)
    else:
        return ExcCodes.ILLEGAL_FUNCTION
    if isinstance(outcome, Refused):
        return ExcCodes(outcome.code)
    if isinstance(outcome, Silent):
        return ExcCodes.DEVICE_BUSY  # never sent: the answer of a silent device is dropped
    if isinstance(outcome, list):
        at = request.address - request.start
        request.registers[at : at + request.size] = outcome
    return None


def _sim_device(device_id: int, address: int, size: int, action: SimAction) -> SimDevice:
    block = SimData(address, values=[0] * size, datatype=DataType.REGISTERS)
    return SimDevice(device_id, simdata=[block], action=action)


async def _unreachable(*_request: object) -> ExcCodes | None:
    return ExcCodes.GATEWAY_NO_RESPONSE


def _no_such_device(answer: ModbusPDU) -> ModbusPDU:
    """What a gateway says about a device id behind which nothing is."""
    refusal = ExceptionResponse(answer.function_code & ~_ERROR_BIT, ExcCodes.GATEWAY_NO_RESPONSE)
    refusal.dev_id, refusal.transaction_id = answer.dev_id, answer.transaction_id
    return refusal


def _check_address(host: str, port: int) -> None:
    """Raise PortUnavailable with the system's reason, which the library does not pass on."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        remedy = {
            errno.EADDRINUSE: "another program listens there: stop it, or choose another port (0: any free)",
            errno.EACCES: "ports below 1024 need privileges: choose a higher one",
        }.get(error.errno or 0, "check host name and port")
        raise PortUnavailable(f"cannot listen on {host}:{port}: {error.strerror or error}; {remedy}") from None
