"""The broker's configuration as one TOML file: everything that is wrong with it is said at once."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from broker.io.config import BrokerConfig, between_findings
from broker.io.process_config import MqttSettings
from broker.io.stage_config import KINDS
from tls import TlsFileError, TlsFiles, client_tls


class ConfigError(Exception):
    """A configuration that cannot be used; `findings` hold one line each with file, key, what is wrong and remedy."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


def load(path: Path) -> BrokerConfig:
    """The configuration of a TOML file; relative paths in it start at the file's directory.

    Raises: ConfigError with every finding.
    """
    document = _read(path)
    regulation, source = document.get("regulation"), path
    if isinstance(regulation, dict) and "file" in regulation:
        source = path.parent / str(regulation["file"])
        if len(regulation) > 1:
            rest = ", ".join(sorted(regulation.keys() - {"file"}))
            raise ConfigError([f"{path}: regulation: has file and {rest}; keep the file or the keys, not both"])
        document["regulation"] = _read(source).get("regulation", {})
    try:
        config = BrokerConfig.model_validate(document, context={"directory": path.parent})
    except ValidationError as error:
        items = error.errors(include_url=False)
        raise ConfigError(
            [_finding(source if item["loc"][:1] == ("regulation",) else path, item) for item in items]
        ) from None
    files = _absolute(config.mqtt, path.parent)
    missing = [f"{path}: {finding}" for finding in (*config.market.findings(), *between_findings(config))]
    missing += [
        f"{path}: mqtt.{key}: {file} is no file; give an existing one"
        for key, file in files.items()
        if not file.is_file()
    ]
    missing += [] if missing else _unusable(files, path)
    if missing:
        raise ConfigError(missing)
    mqtt = config.mqtt.model_copy(update=files)
    return config.model_copy(update={"state_dir": path.parent / config.state_dir, "mqtt": mqtt})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(
            [f"{path}: {error.strerror}; give the path of a readable file (--config, regulation.file)"]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: is not TOML: {error}; correct that line"]) from None


def _unusable(files: dict[str, Path], path: Path) -> list[str]:
    """What is wrong with the certificates that are there."""
    ca, cert, key = (files.get(name) for name in ("ca_file", "cert_file", "key_file"))
    try:
        client_tls(TlsFiles(ca_file=ca, cert_file=cert, key_file=key))
    except TlsFileError as error:
        return [f"{path}: mqtt.{error.key}: {error}"]
    return []


def _absolute(mqtt: MqttSettings, directory: Path) -> dict[str, Path]:
    keys = ("password_file", "ca_file", "cert_file", "key_file")
    return {key: directory / value for key in keys if (value := getattr(mqtt, key)) is not None}


_REMEDIES = {
    "extra_forbidden": ("is no known key", "remove it or correct its spelling"),
    "missing": ("is missing", "add it"),
    "union_tag_not_found": ("has no kind", "add kind = {kinds}"),
    "union_tag_invalid": ("has an unknown kind", "use kind = {kinds}"),
}
_TARIFFS = ("constant", "time_of_use", "csv")


def _finding(path: Path, item: Any) -> str:
    tags = KINDS if item["loc"][:1] == ("market",) else _TARIFFS
    where = ""
    for i, part in enumerate(item["loc"]):
        is_tag = part in tags and (isinstance(item["loc"][i - 1], int) or item["loc"][i - 1] == "tariff")
        if not is_tag:
            where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    problem, remedy = _REMEDIES.get(item["type"], (item["msg"].removeprefix("Value error, "), "correct the value"))
    remedy = remedy.format(kinds=" or ".join(f'"{tag}"' for tag in tags)) if "{kinds}" in remedy else remedy
    if item["type"] == "value_error":
        return f"{path}: {where or '(top)'}: {problem}"
    return f"{path}: {where or '(top)'}: {problem}; {remedy}"
