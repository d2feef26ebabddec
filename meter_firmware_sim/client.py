"""The command line's own Modbus client: dumps a map and switches faults."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from meter_firmware_sim.control import COMMAND_WORDS, CONTROL_DEVICE_ID, CONTROL_SIZE, ROW_WORDS
from meter_firmware_sim.faults import FAULTS, KIND_OF_CODE, FaultKind
from wire.registers import BASE_ADDRESSES, decode_models, decode_state, decode_transactive
from wire.registers.chain import MARKER, next_span
from wire.registers.decoding import READING_MODELS
from wire.registers.device import MODEL_OF_KIND
from wire.registers.points import decode_model
from wire.registers.sunspec import COMMON
from wire.registers.transactive import TRANSACTIVE
from wire.registers.words import PointType, from_words, to_words

READ_WORDS_MAX = 120
TIMEOUT_S = 3.0


class ClientError(Exception):
    """The server could not be used; the message says what to do."""


class Client:
    """Blocking client of one device id."""

    def __init__(self, connection: ModbusTcpClient, device_id: int) -> None:
        """Client on an open connection."""
        self._connection = connection
        self._device_id = device_id

    def read(self, address: int, count: int) -> list[int]:
        """Registers from `address` on. Raises ClientError when they are refused or late."""
        words: list[int] = []
        while len(words) < count:
            part = min(READ_WORDS_MAX, count - len(words))
            try:
                answer = self._connection.read_holding_registers(
                    address + len(words), count=part, device_id=self._device_id
                )
            except ModbusException as error:
                raise ClientError(f"no answer from device {self._device_id}: {error}") from None
            if answer.isError() or len(answer.registers) != part:
                raise ClientError(
                    f"device {self._device_id} did not give register {address} (exception {answer.exception_code})"
                )
            words += answer.registers
        return words

    def write(self, address: int, words: Sequence[int]) -> None:
        """Write registers in one request. Raises ClientError when they are refused."""
        try:
            answer = self._connection.write_registers(address, list(words), device_id=self._device_id)
        except ModbusException as error:
            raise ClientError(f"no answer from device {self._device_id}: {error}") from None
        if answer.isError():
            raise ClientError(f"device {self._device_id} refused the write (exception {answer.exception_code})")

    def models(self) -> dict[int, list[int]]:
        """Words of each model of the chain, header first, by model id."""
        base = self._base()
        bodies: dict[int, list[int]] = {}
        address = base + len(MARKER)
        while (span := next_span(address, self.read(address, 2))) is not None:
            bodies[span.id] = self.read(span.address, span.words)
            address = span.next_address
        return bodies

    def _base(self) -> int:
        trouble = ""
        for base in BASE_ADDRESSES:
            try:
                if tuple(self.read(base, 2)) == MARKER:
                    return base
            except ClientError as error:
                trouble = trouble or f" ({error})"
        raise ClientError(
            f"device {self._device_id} shows no SunSpec marker at 40000, 0 or 50000{trouble}: "
            "check --device and active faults"
        )


@contextmanager
def connected(host: str, port: int, device_id: int) -> Iterator[Client]:
    """Client of this device on an open connection. Raises ClientError when there is none."""
    # The library prints what the errors raised here say better.
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    connection = ModbusTcpClient(host, port=port, timeout=TIMEOUT_S, retries=0)
    try:
        if not connection.connect():  # type: ignore[no-untyped-call]
            raise ClientError(
                f"no connection to {host}:{port}: start `meter-sim run --port {port}` or check the port"
            )
        yield Client(connection, device_id)
    finally:
        connection.close()  # type: ignore[no-untyped-call]


def dump(client: Client) -> dict[str, Any]:
    """Everything the device tells, decoded, as plain values."""
    bodies = client.models()
    result: dict[str, Any] = {"models": list(bodies)}
    if COMMON.id in bodies:
        result["common"] = decode_model(COMMON, bodies[COMMON.id])
    if TRANSACTIVE.id in bodies:
        result["transactive"] = asdict(decode_transactive(bodies[TRANSACTIVE.id]))
    if any(model_id in bodies for model_id in READING_MODELS):
        readable = {i: bodies[i] for i in READING_MODELS if i in bodies}
        result["reading"] = asdict(decode_models(readable))
    for model_id in MODEL_OF_KIND.values():
        if model_id in bodies:
            result["device"] = asdict(decode_state(bodies[model_id]))
    return result


def switch_fault(control: Client, kind: FaultKind, on: bool, *, parameter: int | None, device_id: int) -> None:
    """Switch a fault through the control block (device id 247)."""
    words = [device_id, FAULTS[kind].code, *to_words(PointType.I16, parameter, 1), int(on)]
    assert len(words) == COMMAND_WORDS
    control.write(0, words)


def active_faults(control: Client) -> list[dict[str, Any]]:
    """Faults that are on now."""
    words = control.read(0, CONTROL_SIZE)
    rows = [words[1 + ROW_WORDS * i : 1 + ROW_WORDS * (i + 1)] for i in range(words[0])]
    return [
        {
            "device": device_id,
            "kind": KIND_OF_CODE[code].value,
            "parameter": from_words(PointType.I16, [parameter]),
        }
        for device_id, code, parameter in rows
    ]


__all__ = [
    "CONTROL_DEVICE_ID",
    "Client",
    "ClientError",
    "active_faults",
    "connected",
    "dump",
    "switch_fault",
]
