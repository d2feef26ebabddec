"""Meter reports: the registers at both ends of a slot, kept until the broker has them."""

from dataclasses import dataclass

from hems.control.market_auditor import MarketAuditor
from hems.control.meter.frames import Frame, Signer
from hems.control.meter.outbox import Outbox
from wire.codec import encode
from wire.messages import MeterReport
from wire.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """Cumulative registers of the meter at one moment [Wh]."""

    at_s: int
    import_wh: int
    export_wh: int


@dataclass(frozen=True, slots=True)
class Reports:
    """Reports of one meter; each gets the next sequence of its slot."""

    signer: Signer
    outbox: Outbox
    auditor: MarketAuditor | None

    def report(self, slot: Slot, start: Registers, end: Registers, *, measured: bool) -> Frame:
        """The signed metered energy of a slot."""
        report = MeterReport(
            community=self.signer.community,
            meter=self.signer.meter,
            slot=slot.label,
            sequence=self.outbox.last_sequence(MeterReport.kind, slot.label) + 1,
            import_from_wh=start.import_wh,
            import_to_wh=end.import_wh,
            export_from_wh=start.export_wh,
            export_to_wh=end.export_wh,
            quality="measured" if measured else "estimated",
            replaces=None,
        )
        payload = encode(report)
        self.outbox.put(report.kind, slot.label, report.sequence, payload)
        if self.auditor is not None:
            self.auditor.reported(report)
        return self.signer.frame(report.kind, payload)
