"""The home that is looked at: its configuration, where its files are, and how it reaches the market."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctor.machine.mqtt_session import MqttPlace
from hems.site.config import ConfigError, HomeConfig, MarketTable, parse_config, resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePlace:
    """A home at a moment [s since 1970]; `config` is None when it cannot be read, `problem` says why."""

    path: Path
    config: HomeConfig | None
    problem: str
    now_s: float

    @property
    def base(self) -> Path:
        """Where relative paths of the configuration start."""
        return self.path.resolve().parent

    @property
    def state_dir(self) -> Path:
        """The state directory; beside the configuration as long as that cannot be read."""
        return self.base if self.config is None else resolved(self.base, self.config.home.state_dir)

    def state(self, name: str) -> Path:
        """A file of the state directory."""
        return self.state_dir / name

    @property
    def market(self) -> MarketTable | None:
        """The market's table, None without."""
        return None if self.config is None else self.config.market

    @property
    def is_driven(self) -> bool:
        """Whether the home lives in announced time: then its records say nothing about now."""
        return self.config is not None and self.config.clock.mode == "driven"

    def table(self, name: str) -> Any:
        """A table that not every home has, None without."""
        return getattr(self.config, name, None)

    def server(self) -> MqttPlace | None:
        """The community's MQTT server as this home reaches it; None for a home without a market."""
        market = self.market
        if market is None:
            return None
        files = {
            key: resolved(self.base, path)
            for key in ("password_file", "ca_file", "cert_file", "key_file")
            if (path := getattr(market, key, None)) is not None
        }
        return MqttPlace(host=market.host, port=market.port, username=market.username, **files)


def home_at(path: Path, now_s: float) -> HomePlace:
    """The home of a configuration file, as far as it can be read."""
    config, problem = None, ""
    try:
        config = parse_config(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        problem = f"{path}: {error.strerror}; name the home's TOML file"
    except UnicodeDecodeError:
        problem = f"{path}: not UTF-8 text; name the home's TOML file"
    except ConfigError as error:
        problem = str(error)
    return HomePlace(path=path, config=config, problem=problem, now_s=now_s)
