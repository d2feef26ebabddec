"""The members in the configuration."""

from typing import Literal

from pydantic import Field

from broker.clearing.outcome import Role
from broker.io.network_config import PreferenceSettings
from wire.fields import Hex32, Id

NAMEPLATE_W_MAX = 10_000_000


class MemberSettings(PreferenceSettings):
    """An enrolled meter: its public key, the nameplate power of its connection [W], what it prefers, its role.

    With a `gateway` its messages may come in that gateway's batches, and all for it goes there.
    `donates` and `receives_rank` (1 is served first) are for energy donation; without any of them in a community
    everybody gives and receives.
    """

    meter: Id
    public_key: Hex32
    nameplate_import_w: int = Field(ge=0, le=NAMEPLATE_W_MAX)
    nameplate_export_w: int = Field(ge=0, le=NAMEPLATE_W_MAX)
    gateway: Id | Literal[""] = ""
    donates: bool = False
    receives_rank: int | None = Field(default=None, ge=1, le=1_000)

    def role(self) -> Role:
        """What the member is to energy donation."""
        return Role(is_donor=self.donates, rank=self.receives_rank)
