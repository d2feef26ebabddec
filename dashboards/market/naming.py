"""Names of the dashboard that alerts lead to, and what its queries follow."""

from dashboards.asking import Asker

UID = "hearthgrid-market"
SLOT = "15m"
TRADING = "Trading"
LATE = "Late rounds"
VOID = "Void rounds"
LEDGER = "Sum of the ledger"
CHECKPOINT = "Age of the checkpoint"
LATENCY = "From gate to award"
REJECTED = "Rejections by code"
ask = Asker(("community", "stage", "mechanism"))
