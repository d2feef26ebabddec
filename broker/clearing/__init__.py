"""Auctions as pure functions on one book and one result type."""
