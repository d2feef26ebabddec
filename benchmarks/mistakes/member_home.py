"""A member's folder for one mistake: configuration against the site that runs, passwords and key."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.mistakes.examples import Prepare
from benchmarks.mistakes.site import PASSWORD, SEED, Site

DOCTOR = ("doctor",)


def member_home(
    site: Site, *, words: Sequence[str] = DOCTOR, seed: bytes | None = SEED, more: str = "", **keys: object
) -> Prepare:
    """A command on the member's configuration with some keys of [market], [meter] and [home] changed."""
    market: dict[str, object] = {
        "community": "elm",
        "broker_key": site.broker_key,
        "host": "127.0.0.1",
        "port": site.open_port,
    }
    meter: dict[str, object] = {"port": site.meter_port}
    home: dict[str, object] = {"meter": "home-1", "state_dir": "state", "timezone": "UTC"}
    for key, value in keys.items():
        table, _, name = key.partition("_")
        {"market": market, "meter": meter, "home": home}[table][name] = value

    def prepare(folder: Path) -> list[str]:
        tables = {
            "home": home,
            "meter": meter,
            "tariff": {"import_price_per_kwh": 0.32, "export_price_per_kwh": 0.08},
        }
        text = "\n".join(_table(name, values) for name, values in {**tables, "market": market}.items())
        (folder / "home.toml").write_text(text + more)
        (folder / "password").write_text(PASSWORD + "\n")
        (folder / "wrong").write_text("guess\n")
        if seed is not None:
            (folder / "state").mkdir(mode=0o700)
            (folder / "state" / "meter.key").write_text(seed.hex() + "\n")
            (folder / "state" / "meter.key").chmod(0o600)
        return ["hems", *words, "--config", str(folder / "home.toml")]

    return prepare


def _table(name: str, values: dict[str, object]) -> str:
    lines = [
        f'{key} = "{value}"' if isinstance(value, str | Path) else f"{key} = {value}" for key, value in values.items()
    ]
    return "\n".join([f"[{name}]", *lines, ""])
