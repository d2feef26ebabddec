"""One Modbus TCP connection with time limits, and the errors that its users have to know."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from wire.registers import Layout, ModelSpan
from wire.registers.chain import BASE_ADDRESSES, MARKER, MODELS_MAX, RegisterMapError, next_span

READ_WORDS_MAX = 120
_LIBRARY_TIMEOUT_FACTOR = 4
_T = TypeVar("_T")

# The library logs every late answer; whoever handles our typed errors logs the transition once.
logging.getLogger("pymodbus.logging").setLevel(logging.ERROR)


class MeterError(Exception):
    """A meter or device could not be used; the message says what to do."""


class MeterUnreachable(MeterError):
    """There is no connection: host, port, cable or gateway."""


class MeterSilent(MeterError):
    """The connection stands but there was no answer in time."""


class RegisterMapMismatch(MeterError):
    """The answers do not fit the expected register map."""


class RequestRefused(MeterError):
    """The device answered with a Modbus exception; `code` is its number."""

    def __init__(self, message: str, code: int) -> None:
        """Refusal with this message and exception code."""
        super().__init__(message)
        self.code = code


_REFUSALS = {
    1: "illegal function: the device does not support this request",
    2: "illegal address: check unit id and register map",
    3: "illegal value: out of the device's limits, or an older fencing token or sequence",
    4: "device failure: look at the device itself",
    5: "acknowledged, still working: ask again later",
    6: "device busy: ask again later",
    10: "gateway path unavailable: check the gateway",
    11: "gateway got no answer: check device id and bus wiring",
}


class ModbusLink:
    """Connection to one host and port; connects when needed and drops itself after a failure.

    `generation` rises with every new connection: what was learned on an older one has to be learned again.
    Requests of concurrent tasks follow one another.
    """

    def __init__(self, host: str, port: int = 502, *, timeout_s: float = 3.0) -> None:
        """Link that is not connected yet; `timeout_s` bounds each connect and each request."""
        self.host = host
        self.port = port
        self.timeout_s = timeout_s
        self.generation = 0
        self._client: AsyncModbusTcpClient | None = None
        self._turn = asyncio.Lock()

    @property
    def where(self) -> str:
        """Host and port for messages."""
        return f"{self.host}:{self.port}"

    async def connect(self) -> int:
        """Make sure that there is a connection; its generation. Raises MeterUnreachable."""
        async with self._turn:
            await self._connected()
            return self.generation

    async def read(self, device_id: int, address: int, count: int, *, inputs: bool = False) -> list[int]:
        """`count` holding (or input) registers from `address` on, in as many requests as needed."""
        words: list[int] = []
        async with self._turn:
            while len(words) < count:
                words += await self._read_once(
                    device_id, address + len(words), min(READ_WORDS_MAX, count - len(words)), inputs
                )
        return words

    async def write(self, device_id: int, address: int, words: Sequence[int], *, generation: int) -> None:
        """Write these registers in one request (function 16), on the connection of this generation only.

        Raises MeterUnreachable when it is gone: behind a new one the address may mean something else.
        """
        async with self._turn:
            client = await self._connected()
            if self.generation != generation:
                raise MeterUnreachable(f"the connection to {self.where} was renewed before a write: repeat it")
            call = client.write_registers(address, list(words), device_id=device_id)
            self._checked(await self._answer(call, device_id), device_id, address)

    def close(self) -> None:
        """Drop the connection; the next request makes a new one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _read_once(self, device_id: int, address: int, count: int, inputs: bool) -> list[int]:
        client = await self._connected()
        read = client.read_input_registers if inputs else client.read_holding_registers
        call = read(address, count=count, device_id=device_id)
        answer = self._checked(await self._answer(call, device_id), device_id, address)
        if len(answer.registers) != count:
            self.close()
            raise RegisterMapMismatch(
                f"device {device_id} at {self.where} sent {len(answer.registers)} of {count} registers "
                f"from {address} on: check its firmware or gateway"
            )
        return list(answer.registers)

    async def _connected(self) -> AsyncModbusTcpClient:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        client = AsyncModbusTcpClient(
            self.host,
            port=self.port,
            timeout=self.timeout_s * _LIBRARY_TIMEOUT_FACTOR,
            retries=0,
            reconnect_delay=0,
        )
        try:
            connected = await asyncio.wait_for(client.connect(), self.timeout_s)
        except (TimeoutError, OSError, ModbusException):
            connected = False
        if not connected:
            client.close()
            raise MeterUnreachable(
                f"no connection to {self.where}: check that the device is on, host and port, and firewalls"
            )
        self._client = client
        self.generation += 1
        return client

    async def _answer(self, call: Awaitable[_T], device_id: int) -> _T:
        try:
            return await asyncio.wait_for(call, self.timeout_s)
        except TimeoutError:
            # A late answer must not be taken for the answer to the next request.
            self.close()
            raise MeterSilent(
                f"device {device_id} at {self.where} did not answer within {self.timeout_s:g} s: "
                "check unit id, bus wiring and other masters"
            ) from None
        except asyncio.CancelledError:
            self.close()
            raise
        except (ModbusException, OSError) as error:
            self.close()
            raise MeterSilent(f"device {device_id} at {self.where} broke the connection: {error}") from None

    def _checked(self, answer: ModbusPDU, device_id: int, address: int) -> ModbusPDU:
        if answer.isError():
            code = answer.exception_code
            text = _REFUSALS.get(code, "unknown exception")
            raise RequestRefused(
                f"device {device_id} at {self.where} refused register {address}: exception {code}, {text}", code
            )
        return answer


async def find_layout(link: ModbusLink, device_id: int) -> Layout:
    """Layout of the device's SunSpec chain, walked from the first base address that shows the marker.

    Raises RegisterMapMismatch when there is none or the chain is broken.
    """
    for base in BASE_ADDRESSES:
        try:
            words = await link.read(device_id, base, 2)
        except RequestRefused as refusal:
            if refusal.code in {1, 2, 3}:
                continue
            raise
        if tuple(words) == MARKER:
            return await _walk(link, device_id, base)
    raise RegisterMapMismatch(
        f"device {device_id} at {link.where} has no SunSpec marker at 40000, 0 or 50000: check the unit id"
    )


async def _walk(link: ModbusLink, device_id: int, base: int) -> Layout:
    spans: list[ModelSpan] = []
    address = base + len(MARKER)
    try:
        while len(spans) < MODELS_MAX:
            span = next_span(address, await link.read(device_id, address, 2))
            if span is None:
                return Layout(base=base, models=tuple(spans))
            spans.append(span)
            address = span.next_address
    except RegisterMapError as error:
        raise RegisterMapMismatch(f"device {device_id} at {link.where}: {error}") from None
    raise RegisterMapMismatch(f"device {device_id} at {link.where}: the model chain does not end")


class DeviceMap:
    """The models of one device id on a link: walked once, and again after every new connection."""

    def __init__(self, link: ModbusLink, device_id: int) -> None:
        """Map that is walked at the first use."""
        self.link = link
        self.device_id = device_id
        self._layout: Layout | None = None
        self._generation = -1

    async def layout(self) -> Layout:
        """Layout found on the present connection."""
        generation = await self.link.connect()
        if self._layout is None or self._generation != generation:
            self._layout = await find_layout(self.link, self.device_id)
            self._generation = generation
        return self._layout

    async def write(self, span: ModelSpan, offset: int, words: Sequence[int]) -> None:
        """Write words into the model `span` of the layout given last, from its register `offset` on."""
        await self.link.write(self.device_id, span.address + offset, words, generation=self._generation)

    async def words(self, span: ModelSpan) -> list[int]:
        """Words of one model, header first; raises RegisterMapMismatch when it is no longer there."""
        words = await self.link.read(self.device_id, span.address, span.words)
        if words[:2] != [span.id, span.length]:
            self._layout = None
            raise RegisterMapMismatch(
                f"device {self.device_id} at {self.link.where} has model {words[0]} (L {words[1]}) at register "
                f"{span.address}, model {span.id} (L {span.length}) was there: the map is walked again"
            )
        return words
