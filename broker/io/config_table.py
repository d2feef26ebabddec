"""What the tables of the broker's configuration have in common."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the configuration: its keys are known, its values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")
