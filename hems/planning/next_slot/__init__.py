"""Questions about the slot that comes next: its value curve, other decisions, and what to do when it runs."""
