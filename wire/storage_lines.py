"""How the lines of a settlement are called in which money is paid for a shared storage; no energy flows for them."""

SHARE = "share of the storage"
HANDED = "energy handed over at new shares"
