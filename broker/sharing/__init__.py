"""Rules that divide metered energy and its value among members, as pure functions."""
