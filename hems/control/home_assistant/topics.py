"""Topics of a home for Home Assistant: `hearthgrid/METER/...`, and where discovery is told."""

from dataclasses import dataclass

ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """All topics of one home; `prefix` is Home Assistant's discovery prefix."""

    meter: str
    prefix: str = "homeassistant"

    @property
    def name(self) -> str:
        """The id of the home among Home Assistant's devices."""
        return f"hearthgrid_{self.meter}"

    @property
    def base(self) -> str:
        """Where all topics of the home begin."""
        return f"hearthgrid/{self.meter}"

    @property
    def status(self) -> str:
        """Whether the energy manager is connected: its last will says `offline`."""
        return f"{self.base}/status"

    @property
    def fresh(self) -> str:
        """Whether what is told was measured just now."""
        return f"{self.base}/fresh"

    @property
    def live(self) -> str:
        """Powers and prices of now (JSON), not retained."""
        return f"{self.base}/live"

    @property
    def energy(self) -> str:
        """Counters and money (JSON), retained."""
        return f"{self.base}/energy"

    @property
    def settings(self) -> str:
        """What is set and overridden (JSON), retained."""
        return f"{self.base}/settings"

    @property
    def refused(self) -> str:
        """The newest command that was refused and why (JSON), retained."""
        return f"{self.base}/refused"

    @property
    def commands(self) -> str:
        """The filter of all commands."""
        return f"{self.base}/set/+"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.prefix}/status"

    def command(self, component: str) -> str:
        """Where a component takes commands."""
        return f"{self.base}/set/{component}"

    def commanded(self, topic: str) -> str | None:
        """The component that a topic commands; None when it is no command."""
        start = f"{self.base}/set/"
        return topic.removeprefix(start) if topic.startswith(start) else None

    def why(self, device: str) -> str:
        """Why a device does what it does (JSON), not retained."""
        return f"{self.base}/why/{device}"

    def device_config(self) -> str:
        """Where the device form of discovery is told."""
        return f"{self.prefix}/device/{self.name}/config"

    def component_config(self, platform: str, component: str) -> str:
        """Where one component is told on its own."""
        return f"{self.prefix}/{platform}/{self.name}_{component}/config"
