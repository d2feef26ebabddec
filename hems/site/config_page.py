"""`[page]`: the household's page, served by the energy manager."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from hems.site.config_fields import Port, Table

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,250}$")]


class PageTable(Table):
    """`[page]`: without the table there is no page. With `lan` others in the network may open it with a link.

    `names` are the names under which the network knows this machine; its addresses and `localhost` always work.
    `currency` is that of the tariff; a community says its own.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    lan: bool = False
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "EUR"
    names: tuple[HostName, ...] = Field(default=(), strict=False, max_length=20)

    @model_validator(mode="after")
    def _is_open_on_purpose(self) -> Self:
        if not self.lan and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(f"host {self.host} can be reached from the network: set lan = true, or leave host out")
        return self

    @property
    def listens_on(self) -> str:
        """The address to listen on: with `lan` all of them, unless one was named."""
        return "0.0.0.0" if self.lan and self.host == "127.0.0.1" else self.host
