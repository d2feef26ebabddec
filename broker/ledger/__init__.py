"""Double entry and the append-only log."""
