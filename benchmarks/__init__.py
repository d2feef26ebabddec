"""Measurements of speed and memory beside a floor that does the least possible; nothing here is asserted in tests."""
