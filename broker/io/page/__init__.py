"""The operator's page: what the market did and does, read from the records beside the running broker."""
