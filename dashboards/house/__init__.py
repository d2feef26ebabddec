"""The dashboard of one home."""
