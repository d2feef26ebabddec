"""The stand-alone simulator: configuration, profiles, state file, scheduled faults."""

from pathlib import Path

import pytest

from meter_firmware_sim.cli import main
from meter_firmware_sim.config import ConfigError, SimulatorConfig, checked_fault, load_config
from meter_firmware_sim.faults import FaultKind
from meter_firmware_sim.memory import MemoryMismatch
from meter_firmware_sim.profiles import DAY_S, PROFILES
from meter_firmware_sim.runner import Simulator
from meter_firmware_sim.state_file import StateFileError, load_memory
from wire.registers import DeviceCommand

T0 = 1_800_000_000
FULL = """
profile = "prosumer"
seed = 7
[meter]
serial = "H42"
slot_s = 300
accuracy_class = "C"
[server]
port = 0
state_file = "STATE"
[[device]]
id = 2
kind = "battery"
[[fault]]
kind = "offset"
parameter = 500
after_s = 10
for_s = 20
[[fault]]
kind = "timeout"
device = 2
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "meter.toml"
    path.write_text(text.replace("STATE", str(folder / "state.json")), "utf-8")
    return path


def test_whole_configuration_is_read(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL))
    assert (config.meter_config().serial, config.meter_config().accuracy_ppm) == ("H42", 5000)
    assert config.fault[0].scheduled().kind is FaultKind.OFFSET


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, '[meter]\nserail = "x"\nslot_s = 7\n[[fault]]\nkind = "stck"\n')
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert all(key in str(error.value) for key in ("meter.serail", "meter.slot_s", "fault.0.kind"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[meter\n", "is not TOML"),
        ('profile = "castle"\n', "choose kettle, home"),
        ("[meter]\nslot_s = 420\n", "does not divide an hour"),
        ('[[fault]]\nkind = "stuck"\ndevice = 5\n', "do not exist"),
        ('[[device]]\nid = 1\nkind = "relay"\n', "greater than or equal to 2"),
        ('[[fault]]\nkind = "exception"\nparameter = 99\n', "exception code 99"),
    ],
)
def test_mistake_names_its_cause(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text))


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="check the path"):
        load_config(tmp_path / "nothing.toml")


def test_fault_of_the_command_line_has_an_optional_parameter() -> None:
    assert checked_fault("drift=200").parameter == 200
    assert checked_fault("swapped").parameter is None
    with pytest.raises(ConfigError, match="known: stuck"):
        checked_fault("broken")


def test_scheduled_fault_begins_and_ends(tmp_path: Path) -> None:
    simulator = Simulator(load_config(write(tmp_path, FULL)), T0)
    offsets = []
    for second in (9, 10, 29, 30):
        simulator.step(T0 + second)
        offsets.append(simulator.meter.front.offset_w)
    assert offsets == [0, 500, 500, 0]
    assert FaultKind.TIMEOUT in simulator.home.banks[2].active


def test_registers_on_the_disk_are_never_behind_those_that_can_be_read(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL))
    simulator = Simulator(config, T0)
    for second in range(1, 400):
        simulator.step(T0 + second)
        # The power is cut here: what a client could have read must be on the disk.
        after = Simulator(config, T0 + second)
        assert after.meter.energy.import_wh == simulator.meter.energy.import_wh
        assert after.meter.energy.export_wh == simulator.meter.energy.export_wh


def test_tampering_is_on_the_disk_after_one_step(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL)).model_copy(update={"profile": "idle"})
    simulator = Simulator(config, T0)
    simulator.meter.set_tamper(True)
    simulator.step(T0 + 1)
    assert Simulator(config, T0 + 2).meter.tamper_count == 1


def test_restart_goes_on_with_the_registers_and_counts_the_boot(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL))
    first = Simulator(config, T0)
    first.step(T0 + 3000)
    first.save()
    second = Simulator(config, T0 + 4000)
    assert second.meter.energy == first.meter.energy
    assert second.meter.boot_count == 1


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 9}'])
def test_damaged_state_file_stops_the_start_and_is_left_alone(content: str, tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL))
    state = tmp_path / "state.json"
    state.write_text(content, "utf-8")
    with pytest.raises((StateFileError, MemoryMismatch)):
        Simulator(config, T0)
    assert state.read_text("utf-8") == content


def test_relative_state_file_lies_beside_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "meter.toml"
    path.write_text('[server]\nstate_file = "registers"\n', "utf-8")
    assert load_config(path).server.state_file == tmp_path / "registers"


def test_state_file_that_cannot_be_written_ends_the_command_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "meter.toml"
    path.write_text('[server]\nport = 0\nstate_file = "missing/registers"\n', "utf-8")
    assert main(["run", "--config", str(path)]) == 2
    told = capsys.readouterr().err
    assert "missing/registers cannot be written" in told
    assert "make its folder" in told


def test_state_file_is_replaced_whole(tmp_path: Path) -> None:
    simulator = Simulator(load_config(write(tmp_path, FULL)), T0)
    simulator.save()
    assert load_memory(tmp_path / "state.json") is not None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["meter.toml", "state.json"]


def test_clock_of_the_computer_set_back_does_not_stop_the_meter() -> None:
    simulator = Simulator(SimulatorConfig(), T0)
    simulator.step(T0 + 100)
    before = simulator.meter.energy.import_uj
    simulator.step(T0 + 50)
    simulator.step(T0 + 101)
    assert simulator.meter.energy.import_uj > before


def test_kettle_profile_boils_three_minutes_of_every_thirty() -> None:
    on = sum(PROFILES["kettle"](T0 + s, 1)[0] > 1000 for s in range(DAY_S // 48 * 2))
    assert on == 2 * 180


def test_photovoltaics_export_by_day_and_rest_by_night() -> None:
    powers = [sum(PROFILES["pv"](T0 - T0 % DAY_S + 3600 * hour, 1)) for hour in range(24)]
    assert powers[0] == powers[23] == 0
    assert max(powers[8:17]) < -500
    assert max(powers) == 0


@pytest.mark.parametrize("name", list(PROFILES))
def test_profile_is_the_same_for_the_same_seed(name: str) -> None:
    assert PROFILES[name](T0 + 12_345, 5) == PROFILES[name](T0 + 12_345, 5)


BATTERY = '[[device]]\nid = 2\nkind = "battery"\ncapacity_kwh = 2\n'
PANELS = 'profile = "idle"\n[[device]]\nid = 3\nkind = "pv"\npeak_kw = 4\n'
NOON = T0 - T0 % DAY_S + 45_000


def command(setpoint_w: int, at_s: float, for_s: int = 600) -> DeviceCommand:
    return DeviceCommand(
        setpoint_w=setpoint_w, valid_until_epoch_s=int(at_s) + for_s, reversion_w=0, reversion_s=for_s, token=1
    )


def test_a_battery_with_a_capacity_fills_by_what_it_is_told_and_stops_when_it_is_full(tmp_path: Path) -> None:
    simulator = Simulator(load_config(write(tmp_path, BATTERY)), T0)
    battery = simulator.home.devices[2]
    assert (battery.state().soc, battery.state().capacity_wh) == (0.5, 2000)
    assert battery.write_command(command(2000, T0))
    simulator.step(T0 + 360)  # 0.1 h at 2 kW, 95 % of it stored: 0.19 of 2 kWh
    assert battery.state().soc == pytest.approx(0.595)
    assert battery.state().power_w == 2000
    assert battery.write_command(command(5000, T0 + 360, 3600))
    simulator.step(T0 + 360 + 3000)
    simulator.step(T0 + 360 + 3001)
    assert battery.state().soc == 1.0
    assert battery.state().power_w == 0


def test_panels_give_what_the_sun_gives_until_they_are_told_less_and_the_meter_sees_it(tmp_path: Path) -> None:
    simulator = Simulator(load_config(write(tmp_path, PANELS)), NOON)
    panels = simulator.home.devices[3]
    assert panels.state().available_w is not None
    assert panels.state().available_w >= 2900
    assert panels.state().power_w == -panels.state().available_w
    assert panels.write_command(command(-500, NOON))
    simulator.step(NOON + 60)
    assert panels.state().power_w == -500
    exported_wh = simulator.meter.energy.export_wh
    simulator.step(NOON + 60 + 360)
    assert simulator.meter.energy.export_wh - exported_wh == pytest.approx(50, abs=1)


def test_a_key_of_another_kind_of_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="capacity_kwh is for a battery, not for a pv"):
        load_config(write(tmp_path, BATTERY.replace('"battery"', '"pv"')))
