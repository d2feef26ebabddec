"""Readings turned into energies of slots."""
