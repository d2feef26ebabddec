"""The device driver against simulated devices, over loopback: leases, owners, loss of communication."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hems.dispatch.lease import Lease
from hems.io.modbus_device import ModbusDevice
from hems.io.modbus_link import (
    DeviceMap,
    MeterSilent,
    MeterUnreachable,
    ModbusLink,
    RegisterMapMismatch,
    RequestRefused,
)
from hems.io.modbus_meter import ModbusMeter
from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.faults import FaultKind
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from wire.registers import DeviceFlags, DeviceKind

T0 = 1_800_000_000
IDLE = (0.0, 0.0, 0.0)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def lease(power_w: int, *, until_s: int = 60, token: int = 1, reversion_w: int = 0) -> Lease:
    return Lease(
        power_w=power_w, valid_until_epoch_s=T0 + until_s, token=token, reversion_w=reversion_w, reversion_s=60
    )


@asynccontextmanager
async def home() -> AsyncIterator[tuple[HomeServer, ModbusLink]]:
    kinds = list(DeviceKind)
    server = HomeServer(Meter(MeterConfig(), T0), {2 + n: SimulatedDevice(k) for n, k in enumerate(kinds)})
    link = ModbusLink("127.0.0.1", await server.start(), timeout_s=0.5)
    try:
        yield server, link
    finally:
        link.close()
        await server.stop()


def device_on(link: ModbusLink, kind: DeviceKind) -> ModbusDevice:
    return ModbusDevice(link.host, link.port, 2 + list(DeviceKind).index(kind), kind, link=link)


@pytest.mark.parametrize("kind", list(DeviceKind))
def test_setpoint_reaches_every_kind_of_device_and_ends_with_the_lease(kind: DeviceKind) -> None:
    async def test() -> None:
        async with home() as (server, link):
            driver = device_on(link, kind)
            device = server.devices[2 + list(DeviceKind).index(kind)]
            power_w = device.nameplate.power_in_max_w
            await driver.set_power(lease(power_w, until_s=45))
            assert device.commanded_power_w(T0) == power_w
            server.meter.advance(T0 + 44, IDLE)
            assert (await driver.state()).flags is DeviceFlags.LEASE_ACTIVE
            server.meter.advance(T0 + 45, IDLE)
            state = await driver.state()
            assert (state.applied_w, state.flags, state.lease_ends) == (0, DeviceFlags.REVERTED, 1)

    run(test())


def test_charging_battery_is_positive_at_the_device_and_at_the_meter() -> None:
    async def test() -> None:
        async with home() as (server, link):
            driver = device_on(link, DeviceKind.BATTERY)
            meter = ModbusMeter(link.host, link.port, link=link)
            await driver.set_power(lease(2500))
            battery_w = server.devices[2].commanded_power_w(T0)
            server.devices[2].report(power_w=battery_w, soc=0.5)
            server.meter.advance(T0 + 30, (300 + battery_w, 0, 0))
            assert ((await driver.state()).power_w, (await meter.reading()).power_w) == (2500, 2800)

    run(test())


def test_older_controller_is_refused_and_the_newer_keeps_the_device() -> None:
    async def test() -> None:
        async with home() as (server, link):
            driver = device_on(link, DeviceKind.BATTERY)
            await driver.set_power(lease(1000, token=9))
            with pytest.raises(RequestRefused, match="older fencing token") as refusal:
                await driver.set_power(lease(-1000, token=8))
            assert refusal.value.code == 3
            assert server.devices[2].commanded_power_w(T0 + 1) == 1000
            assert (await driver.state()).refused_writes == 1

    run(test())


def test_power_outside_the_nameplate_is_refused_never_clamped() -> None:
    async def test() -> None:
        async with home() as (server, link):
            with pytest.raises(RequestRefused):
                await device_on(link, DeviceKind.HEAT_PUMP).set_power(lease(4001))
            assert server.devices[4].commanded_power_w(T0) == 0

    run(test())


def test_device_reverts_by_itself_when_the_server_and_controller_are_gone() -> None:
    async def test() -> None:
        async with home() as (server, link):
            await device_on(link, DeviceKind.BATTERY).set_power(lease(4000, reversion_w=-200))
            await server.stop()
            powers = [server.devices[2].commanded_power_w(T0 + s) for s in (1, 59, 60, 3600)]
            assert powers == [4000, 4000, -200, -200]

    run(test())


def test_silent_device_takes_no_setpoint() -> None:
    async def test() -> None:
        async with home() as (server, link):
            driver = device_on(link, DeviceKind.BATTERY)
            await driver.set_power(lease(1000))
            server.switch_fault(FaultKind.TIMEOUT, device_id=2)
            with pytest.raises(MeterSilent):
                await driver.set_power(lease(-1000))
            assert server.devices[2].commanded_power_w(T0 + 1) == 1000
            assert (await ModbusMeter(link.host, link.port, link=link).reading()).power_w == 0

    run(test())


def test_driver_of_another_kind_writes_nothing() -> None:
    async def test() -> None:
        async with home() as (server, link):
            wrong = ModbusDevice(link.host, link.port, 2, "relay", link=link)
            with pytest.raises(RegisterMapMismatch, match="is no relay"):
                await wrong.set_power(lease(100))
            assert server.devices[2].state().command is None

    run(test())


@pytest.mark.parametrize("reversion_s", [0, 61, -1])
def test_lease_longer_than_a_minute_or_without_end_cannot_be_built(reversion_s: int) -> None:
    with pytest.raises(ValueError, match="reversion_s"):
        Lease(power_w=0, valid_until_epoch_s=T0, token=1, reversion_w=0, reversion_s=reversion_s)


def test_setpoint_is_not_written_through_a_connection_that_was_not_walked() -> None:
    async def test() -> None:
        async with home() as (server, link):
            device_map = DeviceMap(link, 2)
            span = (await device_map.layout()).span(64860)
            assert span is not None
            link.close()
            with pytest.raises(MeterUnreachable, match="repeat it"):
                await device_map.write(span, 27, [0] * 11)
            assert server.devices[2].state().command is None
            await device_on(link, DeviceKind.BATTERY).set_power(lease(100))
            assert server.devices[2].commanded_power_w(T0) == 100

    run(test())
