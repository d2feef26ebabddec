"""The meter and the devices of a configuration as peers, with one connection per address and MQTT server."""

from pathlib import Path

from hems.io.map_files import SUNSPEC, register_map
from hems.io.map_meter import MapMeter
from hems.io.meter_port import Memory, SiteDevice, SiteMeter
from hems.io.modbus_device import ModbusDevice
from hems.io.modbus_link import ModbusLink
from hems.io.modbus_meter import ModbusMeter
from hems.io.mqtt_device import MqttProduction, MqttRelay
from hems.io.mqtt_link import MqttLink
from hems.io.mqtt_meter import MqttMeter
from hems.io.p1_meter import P1Meter
from hems.io.settled_meter import SettledMeter
from hems.io.template_files import TemplateError, template
from hems.metering.foreign.binding import BindError, Bound, bind
from hems.metering.foreign.programme import Programme
from hems.metering.foreign.template import Template
from hems.site.config import ConfigError, HomeConfig
from hems.site.config_devices import ApplianceTable, DeviceTable, PvTable
from hems.site.config_meter import ModbusMeterTable, MqttMeterTable, P1MeterTable
from hems.site.home import PEAK_UNKNOWN_KW
from wire.registers import DeviceKind

QUARTER_HOUR_S = 900
PV_PEAK_HEADROOM = 1.25
KINDS = {
    "pv": DeviceKind.PV,
    "battery": DeviceKind.BATTERY,
    "ev": DeviceKind.EV_CHARGER,
    "zone": DeviceKind.HEAT_PUMP,
    "lighting": DeviceKind.LIGHTING,
    "appliance": DeviceKind.RELAY,
}


class Peers:
    """Makes the peers of one home; nothing is connected before its first use."""

    def __init__(self, config: HomeConfig, base: Path, memory: Memory | None = None) -> None:
        self._config, self._base, self._memory = config, base, memory
        self._links: dict[tuple[str, int], ModbusLink] = {}
        self.mqtt = MqttLink(config.mqtt, base)

    def meter(self, *, settles: bool = False) -> SiteMeter:
        """The site meter; only one that `settles` keeps its counters in memory.

        Raises: ConfigError when template, map, topic or overrides do not fit.
        """
        table = self._config.meter
        try:
            match table:
                case ModbusMeterTable() if table.map == SUNSPEC:
                    return self._sunspec_meter(table)
                case ModbusMeterTable():
                    return self._followed(self._map_meter(table), table.map, settles=settles)
                case MqttMeterTable():
                    return self._mqtt_meter(table, self._memory if settles else None)
                case P1MeterTable():
                    return self._followed(P1Meter(table), "p1", settles=settles)
        except (TemplateError, BindError) as error:
            raise ConfigError(f"meter: {error}") from None
        raise AssertionError(f"no meter for {table!r}")

    def devices(self) -> dict[str, SiteDevice]:
        """The devices by id.

        Raises: ConfigError when template, topic or overrides of one do not fit.
        """
        return {device.id: self.device(device) for device in self._config.device}

    @property
    def _connection_w(self) -> float:
        return 1000.0 * max(self._config.home.import_limit_kw, self._config.home.export_limit_kw)

    def _link(self, host: str, port: int) -> ModbusLink:
        return self._links.setdefault((host, port), ModbusLink(host, port))

    def _followed(self, meter: SiteMeter, name: str, *, settles: bool) -> SiteMeter:
        if not settles or self._memory is None:
            return meter
        return SettledMeter(meter, name, connection_w=self._connection_w, memory=self._memory)

    def _sunspec_meter(self, table: ModbusMeterTable) -> SiteMeter:
        link = self._link(table.host, table.port)
        return ModbusMeter(table.host, table.port, table.device_id, power_sign=table.power_sign, link=link)

    def _map_meter(self, table: ModbusMeterTable) -> SiteMeter:
        link = self._link(table.host, table.port)
        return MapMeter(link, table.device_id, register_map(table.map), power_sign=table.power_sign)

    def _mqtt_meter(self, table: MqttMeterTable, memory: Memory | None) -> SiteMeter:
        return MqttMeter(
            self.mqtt,
            bound_meter(table, self._base),
            connection_w=self._connection_w,
            max_age_s=table.max_age_s,
            memory=memory,
        )

    def device(self, table: DeviceTable) -> SiteDevice:
        """One device. Raises ConfigError as `devices` does."""
        if isinstance(table, PvTable | ApplianceTable) and table.template is not None:
            try:
                return self._mqtt_device(table)
            except (TemplateError, BindError) as error:
                raise ConfigError(f"device {table.id}: {error}") from None
        meter = self._config.meter
        at = meter if isinstance(meter, ModbusMeterTable) else ModbusMeterTable()
        host, port = table.host or at.host, table.port or at.port
        assert table.device_id is not None
        return ModbusDevice(host, port, table.device_id, KINDS[table.kind], link=self._link(host, port))

    def _mqtt_device(self, table: PvTable | ApplianceTable) -> SiteDevice:
        bound = bound_device(table, self._base)
        if isinstance(table, PvTable):
            peak_w = 1000.0 * min(table.peak_kw * PV_PEAK_HEADROOM, PEAK_UNKNOWN_KW)
            return MqttProduction(self.mqtt, bound, peak_w=peak_w)
        duration_s = QUARTER_HOUR_S * len(table.quarter_hour_kw)
        programme = Programme(duration_s=duration_s, timezone=self._config.home.timezone)
        return MqttRelay(self.mqtt, bound, peak_w=self._connection_w, programme=programme, memory=self._memory)


def check_peers(config: HomeConfig, where: str, base: Path) -> None:
    """Makes sure that templates, maps and topics of a configuration fit; connects nothing.

    Raises: ConfigError with every finding; `where` names the file, whose relative paths start at `base`.
    """
    peers, found = Peers(config, base), list[str]()
    try:
        peers.meter()
    except ConfigError as error:
        found.append(f"{where}: {error}")
    for device in config.device:
        try:
            peers.device(device)
        except ConfigError as error:
            found.append(f"{where}: {error}")
    if found:
        raise ConfigError("\n".join(found))


def bound_meter(table: MqttMeterTable, base: Path) -> Bound:
    """The template of a meter bound to its topic. Raises TemplateError or BindError."""
    given: dict[str, dict[str, object]] = {quantity: value.given() for quantity, value in table.value.items()}
    return bind(_with_role(template(table.template, base), "meter"), table.topic, fill=table.fill, overrides=given)


def bound_device(table: PvTable | ApplianceTable, base: Path) -> Bound:
    """The template of a device bound to its topic. Raises TemplateError or BindError."""
    assert table.template is not None
    given: dict[str, dict[str, object]] = {quantity: value.given() for quantity, value in table.value.items()}
    role = "pv" if isinstance(table, PvTable) else "relay"
    return bind(_with_role(template(table.template, base), role), table.topic, fill=table.fill, overrides=given)


def _with_role(found: Template, role: str) -> Template:
    if role not in found.roles:
        raise BindError(f"template {found.name} is for {', '.join(found.roles)}, not for a {role}")
    return found
