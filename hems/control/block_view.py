"""The runs that a home has bought as blocks, and the plan that follows them."""

from dataclasses import dataclass, field, replace

from hems.bidding.blocks import device_of
from hems.planning.device import Appliance, Device
from hems.planning.problem import Problem
from wire.messages import BlockAward
from wire.slots import Slot, parse_utc

KEPT = 100


@dataclass(slots=True)
class BlockView:
    """The starts [s since 1970] of bought runs by device, in the order in which they were bought."""

    starts_s: dict[str, list[int]] = field(default_factory=dict)

    def learn(self, message: object) -> None:
        """Takes a verified message of the broker; only accepted blocks change anything."""
        if isinstance(message, BlockAward) and message.accepted_permille == 1000:
            known = self.starts_s.setdefault(device_of(message.block), [])
            start_s = parse_utc(message.first_slot)
            if start_s not in known:
                known.append(start_s)
                del known[:-KEPT]

    def followed(self, problem: Problem, slot: Slot) -> Problem:
        """The problem from a slot on in which bought runs begin when they were bought for."""
        return replace(problem, devices=tuple(self._followed(device, slot) for device in problem.devices))

    def _followed(self, device: Device, slot: Slot) -> Device:
        if not isinstance(device, Appliance) or device.profile_kw is None or device.running_since_slots:
            return device
        for start_s in self.starts_s.get(device.id, ()):
            place = (start_s - slot.start_s) // slot.duration_s
            end = place + len(device.profile_kw)
            if device.earliest_slot <= place and end <= device.latest_end_slot:
                return replace(device, earliest_slot=place, latest_end_slot=end)
        return device
