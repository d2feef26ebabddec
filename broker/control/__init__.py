"""The loops of the broker and the ports they need; owns time, does no I/O of its own."""
