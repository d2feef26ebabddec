"""The contracts that a home has been told of, by (proposer, name)."""

from dataclasses import dataclass, field

from wire.messages import Contract, Side

KEPT = 500


@dataclass(slots=True)
class ContractView:
    """The newest state of each contract, the newest last."""

    known: dict[tuple[str, str], Contract] = field(default_factory=dict)

    def learn(self, message: object) -> None:
        """Takes a verified message of the broker."""
        if isinstance(message, Contract):
            key = (message.proposer, message.contract)
            self.known.pop(key, None)
            self.known[key] = message
            while len(self.known) > KEPT:
                del self.known[next(iter(self.known))]

    def to_answer(self) -> list[Contract]:
        """Proposals to this home that nobody has answered, oldest first."""
        return [c for c in self.known.values() if c.state == "proposed" and c.counterparty == c.meter]


def signed_wh(contract: Contract) -> tuple[int, ...]:
    """What a contract gives the addressed meter in each of its slots [Wh, + bought]."""
    is_buyer = (contract.side is Side.BUY) == (contract.meter == contract.proposer)
    return contract.energy_wh if is_buyer else tuple(-energy_wh for energy_wh in contract.energy_wh)
