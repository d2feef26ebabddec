"""Bilateral trade by consensus: agents that exchange proposals until both sides of every trade agree."""
