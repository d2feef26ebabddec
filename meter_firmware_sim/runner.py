"""The stand-alone simulator: a meter that follows a profile in real time behind a Modbus server."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

from doctor.alive import tell_alive
from meter_firmware_sim.config import DeviceTable, SimulatorConfig
from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.faults import ScheduledFault, due
from meter_firmware_sim.memory import boot, to_memory
from meter_firmware_sim.meter import Meter
from meter_firmware_sim.plant import Follows, Panels, Physics, Storage
from meter_firmware_sim.profiles import PROFILES, sunshine
from meter_firmware_sim.server import HomeServer
from meter_firmware_sim.state_file import load_memory, save_memory

TICK_S = 1.0


class Simulator:
    """One configured home: `step` lets time pass to an instant, `run` does so every second."""

    def __init__(self, config: SimulatorConfig, now_epoch_s: float) -> None:
        """Simulator that starts at this true time, on the registers of its state file if there is one."""
        self.config = config
        self.state_file: Path | None = config.server.state_file
        memory = None if self.state_file is None else load_memory(self.state_file)
        meter_config = config.meter_config()
        if memory is None:
            self.meter = Meter(meter_config, now_epoch_s)
        else:
            self.meter = boot(meter_config, memory, now_epoch_s)
        devices = {d.id: SimulatedDevice(d.kind, d.nameplate()) for d in config.device}
        self._plant = {d.id: physics(d, config.seed) for d in config.device}
        self.home = HomeServer(self.meter, devices, control=config.server.control)
        self.schedule: list[ScheduledFault] = [f.scheduled() for f in config.fault]
        self._start_s = now_epoch_s
        self._before_s = -1.0
        self._saved: tuple[int, int, int] | None = None
        self.step(now_epoch_s)

    def step(self, now_epoch_s: float) -> None:
        """Let the profile and the devices run to this true time, then switch the faults that are due.

        A clock that was set back pauses the meter until the old time is reached again.
        """
        now_s = max(now_epoch_s, self.meter.now_epoch_s)
        a, b, c = PROFILES[self.config.profile](now_s, self.config.seed)
        passed_s = now_s - self.meter.now_epoch_s
        for number, device in self.home.devices.items():
            a += self._plant[number].advance(device, now_s, passed_s)
        self.meter.advance(now_s, (a, b, c))
        elapsed_s = now_s - self._start_s
        for fault, on in due(self.schedule, self._before_s, elapsed_s):
            self.home.switch_fault(fault.kind, on, parameter=fault.parameter, device_id=fault.device_id)
        self._before_s = elapsed_s
        self._save()

    def save(self) -> None:
        """Write the memory to the state file, if one is configured."""
        if self.state_file is not None:
            save_memory(self.state_file, to_memory(self.meter))

    def _save(self) -> None:
        """Save before a client can read an energy that is not on the disk; events follow within a tick."""
        kept = (self.meter.energy.import_wh, self.meter.energy.export_wh, self.meter.events.count)
        if kept != self._saved:
            self.save()
            self._saved = kept


def physics(table: DeviceTable, seed: int) -> Physics:
    """What stands behind a device of the configuration."""
    if table.capacity_kwh is not None:
        return Storage(table.capacity_kwh * 1000)
    if table.peak_kw is not None:
        return Panels(table.peak_kw * 1000, lambda now_s: sunshine(now_s, seed))
    return Follows()


async def run(config: SimulatorConfig, on_listening: Callable[[int], None]) -> None:
    """Serve until cancelled; `on_listening` is told the port.

    Raises PortUnavailable, StateFileError, MemoryMismatch.
    """
    simulator = Simulator(config, time.time())
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    on_listening(await simulator.home.start(config.server.host, config.server.port))
    alive = asyncio.create_task(tell_alive())
    try:
        while True:
            await asyncio.sleep(TICK_S)
            simulator.step(time.time())
    finally:
        alive.cancel()
        await simulator.home.stop()
        simulator.save()
