"""What a cheating operator does: it holds all keys, so whatever follows from a trick is signed and consistent."""
