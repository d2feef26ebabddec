"""Agreements beside the slot auction: forward contracts, flexibility, shares of a storage."""
