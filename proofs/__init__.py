"""Proofs: the promises of the project, tried in numbers on production code. `scripts/prove`."""
