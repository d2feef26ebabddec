"""Plans for several futures at once: one decision for the next slot, and what follows in each of them."""
