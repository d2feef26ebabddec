"""Other energy managers on planning cases 001 to 003, each in an environment of its own: `scripts/bench peers`."""
