"""The community market: admits signed orders, clears them, and settles against metered energy."""
