"""Witnesses: the newest checkpoint told to the other members, and theirs compared with it."""

from dataclasses import dataclass

from hems.control.market_auditor import MarketAuditor
from hems.control.meter.frames import Frame, Signer
from wire.codec import DecodeError, decode
from wire.messages import Checkpoint, Witness
from wire.signing import MAX_FRAME_BYTES, FrameError, open_frame, split
from wire.slots import format_utc


@dataclass(slots=True)
class Witnesses:
    """What one meter saw of the log, as others can compare it."""

    signer: Signer
    auditor: MarketAuditor | None
    _told: str | None = None

    def of(self, checkpoint: Checkpoint, now_s: int) -> Frame | None:
        """The newest checkpoint, once per slot: the first one of a slot is that after its clearing."""
        auditor = self.auditor
        if auditor is None or auditor.log is None or auditor.log.note is None or self._told == checkpoint.slot:
            return None
        self._told = checkpoint.slot
        return self.signer.sealed(
            Witness(
                community=self.signer.community,
                meter=self.signer.meter,
                key=self.signer.key.public_hex,
                note=auditor.log.note,
                seen_at=format_utc(now_s),
            )
        )

    def compare(self, data: bytes) -> None:
        """Compares what another member saw; a note that the log did not sign proves nothing, whoever sends it."""
        try:
            message = decode(Witness, split(data)[1]) if len(data) <= MAX_FRAME_BYTES else None
            if message is not None and self.auditor is not None:
                open_frame(data, bytes.fromhex(message.key), Witness.kind, self.signer.community)
                self.auditor.witnessed(message)
        except (FrameError, DecodeError):
            return
