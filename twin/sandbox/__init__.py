"""A market to try a meter in: the real broker on a fast clock, two partners that always trade, keys for two more."""
