"""The dashboard of the market: rounds, prices, volume, promises of the operator."""
