"""A home's configuration, or one that is made of the options that name a meter."""

import argparse
from pathlib import Path
from typing import Any

from hems.io.peers import check_peers
from hems.site.config import ConfigError, HomeConfig, config_from, parse_config

NUMBERS = {"sign": int, "channel": int, "constant": float}


class NoMeter(ValueError):
    """The options name no meter: the message says what to give."""


def configuration_of(args: argparse.Namespace) -> HomeConfig:
    """The configuration of `--config`, or of the options.

    Raises: ConfigError when it is wrong; NoMeter when the options name none.
    """
    if args.config is None:
        config = config_from({**_rest(), **meter_tables(args)}, "options")
        check_peers(config, "options", Path())
        return config
    try:
        config = parse_config(args.config.read_text(encoding="utf-8"), str(args.config))
    except OSError as error:
        raise NoMeter(f"{args.config}: {error.strerror}; name the home's TOML file") from None
    except UnicodeDecodeError:
        raise NoMeter(f"{args.config}: not UTF-8 text; name the home's TOML file") from None
    check_peers(config, str(args.config), args.config.resolve().parent)
    return config


def meter_tables(args: argparse.Namespace) -> dict[str, Any]:
    """The tables `[meter]` and `[mqtt]` that the options name. Raises NoMeter when they name none."""
    named = [name for name in ("template", "modbus", "p1") if getattr(args, name) is not None]
    if len(named) != 1:
        raise NoMeter(
            "name one meter: --config HOME.toml, --template NAME --topic TOPIC, --modbus HOST or --p1 DEVICE"
        )
    if args.modbus is not None:
        host, port = host_and_port(args.modbus, 502)
        return {"meter": {"host": host, "port": port, "map": args.map, "device_id": args.device_id}}
    if args.p1 is not None:
        if args.p1.startswith("/"):
            return {"meter": {"kind": "p1", "version": args.p1_version, "serial": args.p1}}
        host, port = host_and_port(args.p1, 23)
        return {"meter": {"kind": "p1", "version": args.p1_version, "host": host, "port": port}}
    meter: dict[str, Any] = {"kind": "mqtt", "template": args.template}
    meter |= {} if args.topic is None else {"topic": args.topic}
    meter |= {"fill": dict(_pair(text, "--fill PLACE=TEXT") for text in args.fill)} if args.fill else {}
    meter |= {"value": _overrides(args.set)} if args.set else {}
    return {"meter": meter, "mqtt": mqtt_table(args)}


def mqtt_table(args: argparse.Namespace) -> dict[str, Any]:
    """The table `[mqtt]` of the options."""
    table = {"host": args.host, "port": args.port, "username": args.username}
    files = {"password_file": args.password_file, "ca_file": args.ca_file}
    paths = {name: str(path.resolve()) for name, path in files.items() if path is not None}
    return {name: value for name, value in {**table, **paths}.items() if value is not None}


def host_and_port(text: str, default_port: int) -> tuple[str, int]:
    """The host and port of HOST[:PORT]. Raises NoMeter when the port is no number."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), default_port
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65_535):
        raise NoMeter(f"{text!r}: give HOST or HOST:PORT with a port from 1 to 65535")
    return host.strip("[]"), int(port)


def _overrides(given: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        where, value = _pair(text, "--set QUANTITY.KEY=VALUE")
        quantity, dot, key = where.partition(".")
        if not dot:
            raise NoMeter(f"{text!r}: give --set QUANTITY.KEY=VALUE, for example power_w.unit=kW")
        try:
            found.setdefault(quantity, {})[key] = NUMBERS.get(key, str)(value)
        except ValueError:
            raise NoMeter(f"{text!r}: {key} takes a number") from None
    return found


def _pair(text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise NoMeter(f"{text!r}: give {form}")
    return name, value


def _rest() -> dict[str, Any]:
    return {"home": {"meter": "test", "state_dir": "."}, "tariff": {"import_price_per_kwh": 0.0}}


__all__ = ["ConfigError", "NoMeter", "configuration_of", "host_and_port", "meter_tables", "mqtt_table"]
