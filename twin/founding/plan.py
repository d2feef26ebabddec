"""What a community is founded with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a process is reached."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One home: its meter's id, where its meter answers Modbus, the port of its page, sun and battery."""

    meter: str
    modbus: Address
    page_port: int
    has_pv: bool
    has_battery: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Influx:
    """Where telemetry goes, and the file in which its writers will find their token."""

    url: str
    token_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A community to found; `hosts` are the names in the MQTT server's certificate, no `influx` is no telemetry.

    `driven` is a clock that a coordinator announces. In containers pages and emulated meters listen beyond loopback:
    `pages_in_the_network`, `simulators_on`.
    """

    community: str
    mqtt: Address
    hosts: tuple[str, ...]
    seats: tuple[Seat, ...]
    slot_minutes: int = 5
    driven: bool = False
    influx: Influx | None = None
    pages_in_the_network: bool = False
    simulators_on: str = "127.0.0.1"


ORGANISATION = "hearthgrid"
BUCKET = "hearthgrid"
IMPORT_PRICE, EXPORT_PRICE = 0.32, 0.08  # currency per kWh, until somebody writes real ones


@dataclass(frozen=True, slots=True)
class Folders:
    """Where each process finds its own files and nobody else's."""

    root: Path

    @property
    def authority(self) -> Path:
        """The certificate authority, for the operator alone."""
        return self.root / "authority"

    @property
    def mosquitto(self) -> Path:
        """Certificates and access list of the MQTT server."""
        return self.root / "mosquitto"

    @property
    def broker(self) -> Path:
        """The community broker."""
        return self.root / "broker"

    @property
    def influxdb(self) -> Path:
        """First password and token of InfluxDB."""
        return self.root / "influxdb"

    @property
    def grafana(self) -> Path:
        """First password of Grafana."""
        return self.root / "grafana"

    def home(self, meter: str) -> Path:
        """The energy manager and transactive meter of a home."""
        return self.root / meter

    def simulator(self, meter: str) -> Path:
        """The emulated meter of a home."""
        return self.root / f"{meter}-simulator"
