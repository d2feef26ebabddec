"""Programs that know nothing of ours read and write the simulator: pysunspec2 and mbpoll."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest
import sunspec2.modbus.client as sunspec

from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from wire.registers import DeviceKind

T0 = 1_800_000_000
MBPOLL = shutil.which("mbpoll")
needs_mbpoll = pytest.mark.skipif(MBPOLL is None, reason="mbpoll is not installed")


def with_home(check: Callable[[HomeServer, int], None]) -> None:
    """Run a blocking check in a thread beside a home that used 2 kWh and gave 1 kWh."""

    async def test() -> None:
        meter = Meter(MeterConfig(serial="PEER1"), T0)
        meter.advance(T0 + 3600, (-1000, 0, 0))
        meter.advance(T0 + 7200, (1500, 500, 0))
        server = HomeServer(meter, {2: SimulatedDevice(DeviceKind.BATTERY)})
        port = await server.start()
        try:
            await asyncio.wait_for(asyncio.to_thread(check, server, port), 60)
        finally:
            await server.stop()

    asyncio.run(test())


def mbpoll(port: int, *arguments: str) -> list[str]:
    assert MBPOLL is not None
    command = [MBPOLL, "-0", "-1", "-B", "-m", "tcp", "-p", str(port), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return re.findall(r"^\[\d+\]:\s+(\S+)", result.stdout, re.MULTILINE)


def test_pysunspec2_scans_the_chain_and_reads_meter_values() -> None:
    def check(_: HomeServer, port: int) -> None:
        device = sunspec.SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5)
        device.scan()
        device.close()
        assert [m for m in device.models if isinstance(m, int)] == [1, 203, 213, 64850, 64851, 64852]
        common, integers, floats = device.common[0], device.models[203][0], device.models[213][0]
        assert (common.SN.value, common.Mn.value) == ("PEER1", "hearthgrid")
        assert (integers.W.cvalue, integers.TotWhImp.cvalue, integers.TotWhExp.cvalue) == (2000, 2000, 1000)
        assert (floats.W.cvalue, floats.TotWhImp.cvalue, floats.TotWhExp.cvalue) == (2000.0, 2000.0, 1000.0)
        assert integers.WphA.cvalue == 1500
        assert integers.PF.cvalue is None
        assert 220 < integers.PhVphA.cvalue < 240
        assert 49.9 < integers.Hz.cvalue < 50.1

    with_home(check)


def test_pysunspec2_scans_a_device() -> None:
    def check(_: HomeServer, port: int) -> None:
        device = sunspec.SunSpecModbusClientDeviceTCP(slave_id=2, ipaddr="127.0.0.1", ipport=port, timeout=5)
        device.scan()
        device.close()
        assert [m for m in device.models if isinstance(m, int)] == [1, 64860]

    with_home(check)


@needs_mbpoll
def test_mbpoll_sees_the_marker_and_the_common_model() -> None:
    def check(_: HomeServer, port: int) -> None:
        words = mbpoll(port, "-a", "1", "-r", "40000", "-c", "4", "-t", "4:hex", "127.0.0.1")
        assert words == ["0x5375", "0x6E53", "0x0001", "0x0042"]

    with_home(check)


@needs_mbpoll
def test_mbpoll_reads_the_energy_registers_of_203_and_power_of_213() -> None:
    def check(_: HomeServer, port: int) -> None:
        model_203, model_213 = 40070, 40177
        exported = mbpoll(port, "-a", "1", "-r", str(model_203 + 38), "-c", "1", "-t", "4:int", "127.0.0.1")
        imported = mbpoll(port, "-a", "1", "-r", str(model_203 + 46), "-c", "1", "-t", "4:int", "127.0.0.1")
        power = mbpoll(port, "-a", "1", "-r", str(model_213 + 28), "-c", "1", "-t", "4:float", "127.0.0.1")
        assert (exported, imported, power) == (["1000"], ["2000"], ["2000"])

    with_home(check)


@needs_mbpoll
def test_mbpoll_commands_a_battery_with_a_whole_lease_only() -> None:
    def check(server: HomeServer, port: int) -> None:
        until = T0 + 7200 + 60
        lease = [0, 3000, 0, 0, until >> 16, until & 0xFFFF, 0, 1, 0, 0, 60]
        address = str(40000 + 70 + 43)
        mbpoll(port, "-a", "2", "-r", address, "-t", "4", "127.0.0.1", "0", "1000")
        assert server.devices[2].state().command is None
        mbpoll(port, "-a", "2", "-r", address, "-t", "4", "127.0.0.1", *map(str, lease))
        assert server.devices[2].commanded_power_w(T0 + 7201) == 3000

    with_home(check)


@needs_mbpoll
def test_mbpoll_switches_a_fault_through_the_control_block() -> None:
    def check(server: HomeServer, port: int) -> None:
        mbpoll(port, "-a", "247", "-r", "0", "-t", "4", "127.0.0.1", "1", "8", "32768", "1")
        assert server.meter.front.swapped
        assert mbpoll(port, "-a", "247", "-r", "0", "-c", "4", "-t", "4", "127.0.0.1") == ["1", "1", "8", "0"]

    with_home(check)
