"""The market as a deterministic fold: events in, state and outgoing messages out."""
