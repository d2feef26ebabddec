"""Checks of an installation, each with a remedy; their table and the redacted archive."""
