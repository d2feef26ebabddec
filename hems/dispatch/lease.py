"""A command to a device, lent for a short time: what holds when nobody renews it is part of it."""

from dataclasses import dataclass

LEASE_S_MAX = 60
TOKEN_MAX = 0xFFFFFFFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Power for a device until `valid_until_epoch_s`, and what it falls back to.

    `power_w` and `reversion_w` [W] are positive into the device. `token` is the fencing token of the
    controller that gives the lease: a device refuses one older than the newest it has seen. The
    device ends the lease at `valid_until_epoch_s` on its own clock, or `reversion_s` seconds after it was
    written, whichever comes first: the second holds even when its clock is wrong.

    Raises ValueError when the lease could outlast a lost controller by more than 60 s.
    """

    power_w: int
    valid_until_epoch_s: int
    token: int
    reversion_w: int
    reversion_s: int = LEASE_S_MAX

    def __post_init__(self) -> None:
        """Refuse a lease that no device may be given."""
        if not 1 <= self.reversion_s <= LEASE_S_MAX:
            raise ValueError(f"reversion_s is {self.reversion_s}, allowed is 1..{LEASE_S_MAX}")
        if not 0 <= self.token <= TOKEN_MAX:
            raise ValueError(f"token is {self.token}, allowed is 0..{TOKEN_MAX}")

    def remaining_s(self, now_epoch_s: int) -> int:
        """Seconds for which the lease still holds, 0 when it has ended."""
        return max(0, self.valid_until_epoch_s - now_epoch_s)
