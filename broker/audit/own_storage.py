"""What a member was told about its share of the storage, where the archive holds it: against its own wishes."""

from broker.audit.archive import Archive
from broker.audit.report import Report
from wire.messages import (
    Calendar,
    Settlement,
    StorageBid,
    StorageGrant,
    StorageRequest,
    StorageRules,
    StorageShare,
)
from wire.storage_audit import StorageAudit


def check_storage(archive: Archive, calendar: Calendar, report: Report) -> None:
    """Follows the account of each member in the archive; adds to the report."""
    rules = archive.of(StorageRules)
    grants, shares, bills = archive.of(StorageGrant), archive.of(StorageShare), archive.of(Settlement)
    for meter in sorted({grant.meter for grant in grants} | {share.meter for share in shares}):
        audit = StorageAudit(rules=rules[-1] if rules else None)
        wishes: list[StorageBid | StorageRequest] = [*archive.of(StorageBid), *archive.of(StorageRequest)]
        for wish in wishes:
            if wish.meter == meter:
                audit.sent(wish)
        for share in shares:
            report.violations += audit.share(share) if share.meter == meter else []
        for grant in sorted(grants, key=lambda grant: grant.slot):
            report.violations += audit.grant(grant, 60 * calendar.slot_minutes) if grant.meter == meter else []
        for bill in bills:
            report.violations += audit.settlement(bill) if bill.meter == meter else []
