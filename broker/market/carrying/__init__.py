"""The market with its place in the journal, and its state as bytes from which it goes on."""
