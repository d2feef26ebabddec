"""A device with our device map over Modbus TCP: its state, and power by lease."""

from hems.dispatch.lease import Lease
from hems.io.device_image import device_command, device_image
from hems.io.modbus_link import DeviceMap, ModbusLink, RegisterMapMismatch
from hems.metering.image import DeviceImage
from wire.registers import DeviceKind, DeviceState, decode_state, encode_command
from wire.registers.chain import ModelSpan
from wire.registers.device import DEVICE_MODELS, MODEL_OF_KIND

# What the device does when it hears nothing: it applies the reversion setpoint of the last lease.
ON_COMM_LOSS = "revert"


class ModbusDevice:
    """Device of one kind at a host, port and device id; power into the device is positive."""

    def __init__(
        self,
        host: str,
        port: int,
        device_id: int,
        kind: DeviceKind | str,
        *,
        timeout_s: float = 3.0,
        link: ModbusLink | None = None,
    ) -> None:
        """Device that is connected at the first use; give `link` to share a connection."""
        self.kind = DeviceKind(kind)
        self._link = ModbusLink(host, port, timeout_s=timeout_s) if link is None else link
        self._map = DeviceMap(self._link, device_id)

    async def state(self) -> DeviceState:
        """Present state. Raises MeterUnreachable, MeterSilent, RegisterMapMismatch or RequestRefused."""
        return decode_state(await self._map.words(await self._span()))

    async def image(self) -> DeviceImage:
        """Present state as control sees it. Raises as `state`."""
        return device_image(await self.state())

    async def set_power(self, lease: Lease) -> None:
        """Give the device this lease, reversion registers included, in one request.

        Raises RequestRefused with code 3 when a newer controller holds the device or the power is outside
        its nameplate; the device then keeps what it had.
        """
        span = await self._span()
        offset, _ = DEVICE_MODELS[self.kind].writable_span
        await self._map.write(span, offset, encode_command(device_command(lease)))

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        self._link.close()

    async def _span(self) -> ModelSpan:
        layout = await self._map.layout()
        span = layout.span(MODEL_OF_KIND[self.kind])
        if span is None:
            ids = ", ".join(str(model.id) for model in layout.models) or "none"
            raise RegisterMapMismatch(
                f"device {self._map.device_id} at {self._link.where} is no {self.kind}: "
                f"found models {ids}, expected {MODEL_OF_KIND[self.kind]}; check device id and kind"
            )
        return span
