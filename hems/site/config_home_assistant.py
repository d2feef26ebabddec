"""The `[home_assistant]` table of a home's configuration."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from hems.site.config_fields import FilePath, Port, Table


class HomeAssistantTable(Table):
    """`[home_assistant]`: the home appears in Home Assistant through the MQTT server that both use.

    `discovery = "component"` is for releases before 2024.11. `prefix` is Home Assistant's discovery prefix,
    `page_url` where its device page leads. `tls` trusts the authorities of the system, `ca_file` those of a file.
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: FilePath | None = None
    tls: bool = False
    ca_file: FilePath | None = None
    discovery: Literal["device", "component"] = "device"
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=100)] = "homeassistant"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    page_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None

    @field_validator("password_file")
    @classmethod
    def _has_a_user(cls, password_file: Path | None, info: ValidationInfo) -> Path | None:
        if password_file is not None and info.data.get("username") is None:
            raise ValueError("needs username beside it")
        return password_file
