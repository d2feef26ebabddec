"""`[page]` of the broker: where the operator's page is served."""

from pydantic import BaseModel, ConfigDict, Field


class PageSettings(BaseModel):
    """`[page]`: address of `community-broker page`; with `lan` it answers to the network, behind a one-time link."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(default=8090, ge=0, le=65_535)
    lan: bool = False
    names: tuple[str, ...] = ()
