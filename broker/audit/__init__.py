"""Checking a market from what it published: pure, and usable by anyone who holds the signed messages."""
